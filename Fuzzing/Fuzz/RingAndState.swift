import Bencoding
import ChordWire
import DeterministicCore
import Hashing
import Storage
import TorrentModel

extension FuzzTarget {
  /// What nodes of a ring say to each other, and what a download leaves to its next run.
  static var ringAndState: [FuzzTarget] {
    var generator = SeededGenerator(seed: 1)
    return [
      .decoder(
        "chord-message", seeds: generator.messagesOfEveryKind().compactMap(\.datagram),
        chordMessage),
      .decoder("resume-data", seeds: [resumeDocument], resumeData),
    ]
  }

  /// What was read can be said again and means the same; a refusal does not amplify.
  private static func chordMessage(_ datagram: [UInt8]) {
    // What nodes of a closed ring say has one spelling.
    if let sealed = SealedDatagram(datagram: datagram) {
      require(sealed.datagram == datagram, "a sealed datagram is read otherwise")
    }
    if let greeting = Greeting(bytes: datagram) {
      require(greeting.bytes == datagram, "a greeting is read otherwise")
    }
    do {
      let message = try ChordMessage(datagram: datagram)
      // What is read with its unknown keys left out may still be longer than a datagram: integers
      // and lists have one spelling, but the version of this program is added.
      guard let datagram = message.datagram else { return }
      var again = try? ChordMessage(datagram: datagram)
      // Text that was repaired may be cut once more.
      if case .failure(let failure) = message.body, case .failure(var second)? = again?.body {
        second.text = failure.text
        again?.body = .failure(second)
      }
      require(again == message, "\(message) is read otherwise")
    } catch {
      require((error.reply?.count ?? 0) <= max(3 * datagram.count, 90), "a reply that amplifies")
    }
  }

  /// The checksum is put right, so that what lies behind it is reached too.
  private static func resumeData(_ document: [UInt8]) {
    let bytes = document + SHA1.hash(document).bytes
    guard let state = try? ResumeData(decoding: bytes, of: resumed.infoHash, folder: folder) else {
      return
    }
    require(state.have.count == resumed.geometry.pieceCount, "a bitfield of another torrent")
    require(state.marks.count == resumed.layout.files.count, "marks of other files")
    let trusted = state.trustedPieces(state.marks)
    require(trusted.setCount <= state.have.setCount, "pieces trusted that were never claimed")
    let absent = [FileMark](repeating: .absent, count: state.marks.count)
    _ = state.trustedPieces(absent)
    guard
      let again = try? ResumeData(
        decoding: state.encoded(folder: folder), of: resumed.infoHash, folder: folder)
    else { fatalError("a state of our own is refused") }
    require(again.have == state.have && again.marks == state.marks, "read back otherwise")
    require(
      again.downloaded == state.downloaded && again.uploaded == state.uploaded
        && again.peers == state.peers, "counters or peers read back otherwise")
  }

  // MARK: Seeds

  private static let folder = "/downloads"

  private static let resumed: TorrentInfo = {
    let files = ["a", "b"].map { name in
      BencodeValue.dictionary([
        ("length", .integer(20_000)), ("path", .list([.string("folder"), .string(name)])),
      ])
    }
    let metadata = BencodeEncoder.encode(
      .dictionary([
        ("files", .list(files)), ("name", .string("name")), ("piece length", .integer(16384)),
        ("pieces", .string([UInt8](repeating: 7, count: 20 * 3))),
      ]))
    guard let info = try? TorrentInfo(metadata: metadata, expecting: InfoHash(SHA1.hash(metadata)))
    else { fatalError("the seed is no torrent") }
    return info
  }()

  private static var resumeDocument: [UInt8] {
    var have = Bitfield(count: resumed.geometry.pieceCount)
    have.insert(PieceIndex(1))
    var state = ResumeData(info: resumed, have: have)
    state.marks = [
      FileMark(length: 20_000, inode: 5, modified: 1_700_000_000_000_000_000), .absent,
    ]
    state.downloaded = 40_000
    state.peers = [
      Endpoint(.v4(0x5db8_d822), port: 6881),
      Endpoint(.v6(high: 0x2001_0db8 << 32, low: 1), port: 6881),
    ]
    return state.encoded(folder: folder).dropLast(SHA1.hash([]).bytes.count)
  }
}
