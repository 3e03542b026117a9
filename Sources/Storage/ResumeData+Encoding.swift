import Bencoding
import Hashing
public import TorrentModel

/// Why bytes are not the state of a download.
public enum ResumeDataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Cut, torn or rotten: the checksum behind the dictionary is not that of its bytes.
  case badChecksum
  /// Whole, and not ours to read: another format, another torrent, another folder.
  case foreign(String)

  public var description: String {
    switch self {
    case .badChecksum: "it is damaged (its checksum is wrong)"
    case .foreign(let what): "it belongs to \(what)"
    }
  }
}

// A file of state is one bencoded dictionary and behind it the SHA-1 of its bytes. The keys:
//
//     "format" 1, "folder" and "info hash" whose state it is, "info" the info dictionary's bytes,
//     "nodes" those that stand for the pieces in hash trees (BEP 52), where they are known,
//     "pieces" the verified ones as in a BITFIELD message (BEP 3), "files" 24 bytes for each file:
//     length, inode, time of change in nanoseconds, all big-endian, "downloaded", "uploaded",
//     "peers" and "peers6" in compact form (BEP 23, BEP 7)
extension ResumeData {
  private static let format: Int64 = 1
  private static let checksumLength = 20
  private static let markLength = 24

  /// Bytes: the longest info dictionary, and as much again for the rest.
  static let longestEncoding = 2 * BencodeDecoder.Limits.metainfo.length

  /// - Parameter folder: the download folder that the state is about.
  public func encoded(folder: String) -> [UInt8] {
    let document = BencodeEncoder.encode(
      .dictionary([
        ("format", .integer(Self.format)),
        ("folder", .string(folder)),
        ("info hash", .string(info.infoHash.bytes)),
        ("info", .string(Array(info.bytes))),
        ("nodes", .string((info.trees?.nodes ?? []).flatMap(\.bytes))),
        ("pieces", .string(have.wire)),
        ("files", .string(marks.flatMap(Self.bytes))),
        ("downloaded", .integer(Int64(clamping: downloaded))),
        ("uploaded", .integer(Int64(clamping: uploaded))),
        ("peers", .string(peers.filter(\.address.isV4).flatMap(\.compact))),
        ("peers6", .string(peers.filter { !$0.address.isV4 }.flatMap(\.compact))),
      ]))
    return document + SHA1.hash(document).bytes
  }

  /// Whether bytes are what `encoded` made, whole.
  static func isWhole(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > checksumLength else { return false }
    return SHA1.hash(bytes.dropLast(checksumLength)) == Bytes20(bytes.suffix(checksumLength))
  }

  /// Reads the state of one torrent in one folder.
  ///
  /// - Throws: what is wrong with it; nothing of it can be used then.
  public init(
    decoding bytes: [UInt8], of infoHash: InfoHash, folder: String
  ) throws(ResumeDataError) {
    guard Self.isWhole(bytes) else { throw .badChecksum }
    // From here on the bytes are what some program wrote on purpose.
    let limits = BencodeDecoder.Limits(depth: 2, values: 64, length: Self.longestEncoding)
    let document = Array(bytes.dropLast(Self.checksumLength))
    guard let state = try? BencodeDecoder(limits: limits).decode(document),
      state["format"]?.integer == Self.format
    else { throw .foreign("another version") }
    guard state["folder"]?.text == folder else { throw .foreign("another folder") }
    var info: TorrentInfo
    do throws(MetainfoError) {
      guard let metadata = state["info"]?.string else { throw .missing("info") }
      info = try TorrentInfo(metadata: Array(metadata), expecting: infoHash)
      if let nodes = Self.nodes(state["nodes"]) { try info.take(nodes: nodes) }
    } catch {
      throw .foreign(error == .hashMismatch ? "another torrent" : "another version")
    }
    guard info.canVerify,
      let pieces = state["pieces"]?.string,
      let have = Bitfield(wire: pieces, count: info.geometry.pieceCount),
      let files = state["files"]?.string,
      files.count == info.layout.files.count * Self.markLength,
      let downloaded = state["downloaded"]?.integer, let uploaded = state["uploaded"]?.integer,
      let peers = state["peers"]?.string, let peers6 = state["peers6"]?.string
    else { throw .foreign("another version") }
    self.init(info: info, have: have)
    marks = Self.parts(of: files, length: Self.markLength).compactMap(Self.mark)
    self.downloaded = UInt64(clamping: downloaded)
    self.uploaded = UInt64(clamping: uploaded)
    let compact = Self.parts(of: peers, length: 6) + Self.parts(of: peers6, length: 18)
    self.peers = compact.compactMap { Endpoint(compact: $0) }
  }

  private static func nodes(_ value: BencodeValue?) -> [Bytes32]? {
    guard let bytes = value?.string, !bytes.isEmpty, bytes.count.isMultiple(of: 32) else {
      return nil
    }
    return bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 32).map { Bytes32(bytes.bytes, at: $0) }
    }
  }

  private static func parts(of bytes: ArraySlice<UInt8>, length: Int) -> [ArraySlice<UInt8>] {
    stride(from: bytes.startIndex, through: bytes.endIndex - length, by: length).map {
      bytes[$0..<$0 + length]
    }
  }

  private static func bytes(of mark: FileMark) -> [UInt8] {
    [mark.length, mark.inode, UInt64(bitPattern: mark.modified)].flatMap { number in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }
  }

  private static func mark(_ bytes: ArraySlice<UInt8>) -> FileMark? {
    let numbers = parts(of: bytes, length: 8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
    guard numbers.count == 3 else { return nil }
    return FileMark(
      length: numbers[0], inode: numbers[1], modified: Int64(bitPattern: numbers[2]))
  }
}
