import DeterministicCore
import Hashing
import Testing
import TorrentModel

@testable import PeerWire

@Suite("An encrypted handshake")
struct EncryptionTests {
  private static let torrent = InfoHash(bytes: Array(repeating: 7, count: 20))!
  private static let others = (1...3).map { InfoHash(bytes: Array(repeating: $0, count: 20))! }
  private static let words = Array("the first words".utf8)

  /// RFC 6229, at an offset of 1024.
  @Test(
    arguments: [
      (Array(1...5), [0x30, 0xab, 0xbc, 0xc7, 0xc2, 0x0b, 0x01, 0x60]),
      (Array(1...32), [0x7f, 0xec, 0x5b, 0xfd, 0x9f, 0x9b, 0x89, 0xce]),
    ] as [([UInt8], [UInt8])])
  func rc4IsAsPublished(key: [UInt8], stream: [UInt8]) {
    var cipher = RC4(key: key)
    let beginning = cipher.applied(to: Array(repeating: 0, count: 8))
    #expect(beginning == stream)
  }

  /// What one end said and where it stands.
  private struct Conversation {
    var seed: UInt64
    var offered: EncryptionMethods
    var accepted: [EncryptionMethods]
    var words = EncryptionTests.words
    /// What follows at either end, behind the handshake.
    var rest = Array("messages".utf8)
    /// Changes a byte of what the end that connected says.
    var flips: (message: Int, offset: Int)?

    /// Plays both ends, each reading in parts as it likes; what they agreed on.
    func play() throws -> (
      initiator: StreamCiphers?, responder: EncryptionResponder.Outcome, left: [Int]
    ) {
      var generator = SeededGenerator(seed: seed)
      var initiator = EncryptionInitiator(
        to: torrent, offering: offered, saying: words, EncryptionChance(using: &generator))
      var responder = EncryptionResponder(
        accepting: accepted, EncryptionChance(using: &generator))
      var toResponder = initiator.opening
      var toInitiator: [UInt8] = []
      var said = 0
      func flip(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if let flips, flips.message == said { bytes[flips.offset] ^= 1 }
        said += 1
        return bytes
      }
      toResponder = flip(toResponder)
      var agreed: StreamCiphers??
      var outcome: EncryptionResponder.Outcome?
      while agreed == nil || outcome == nil {
        let before = (toResponder.count, toInitiator.count)
        if outcome == nil, !toResponder.isEmpty {
          let part = take(&toResponder, responder.wanted, &generator)
          switch try responder.take(part, for: { others + [torrent] }) {
          case .readOn: break
          case .send(let bytes): toInitiator += bytes
          case .done(let done):
            outcome = done
            toInitiator += done.answer + rest
          }
        }
        if agreed == nil, !toInitiator.isEmpty {
          let part = take(&toInitiator, initiator.wanted, &generator)
          switch try initiator.take(part) {
          case .readOn: break
          case .send(let bytes): toResponder += flip(bytes) + rest
          case .done(let ciphers): agreed = .some(ciphers)
          }
        }
        try #require(before != (toResponder.count, toInitiator.count), "both wait")
      }
      return (agreed!, outcome!, [toResponder.count, toInitiator.count])
    }

    private func take(
      _ bytes: inout [UInt8], _ wanted: Int, _ generator: inout SeededGenerator
    ) -> [UInt8] {
      let most = min(bytes.count, wanted)
      let count = generator.below(3) == 0 ? 1 + generator.below(most) : most
      defer { bytes.removeFirst(count) }
      return Array(bytes.prefix(count))
    }
  }

  @Test(arguments: 0..<60)
  func endsAtBothEndsWithNothingReadThatFollows(seed: UInt64) throws {
    let accepted: [EncryptionMethods] = seed % 2 == 0 ? [.rc4, .plaintext] : [.plaintext, .rc4]
    let (ours, theirs, left) = try Conversation(
      seed: seed, offered: [.rc4, .plaintext], accepted: accepted
    ).play()
    #expect(theirs.firstWords == Self.words)
    #expect(left == [8, 8])
    #expect((ours == nil) == (seed % 2 == 1) && (theirs.ciphers == nil) == (seed % 2 == 1))
    guard var ours, var theirs = theirs.ciphers else { return }
    for text in ["here", "and on"] {
      let bytes = Array(text.utf8)
      let there = theirs.incoming.applied(to: ours.outgoing.applied(to: bytes))
      let back = ours.incoming.applied(to: theirs.outgoing.applied(to: bytes))
      #expect(there == bytes && back == bytes)
    }
  }

  @Test func needsNoFirstWords() throws {
    let (_, theirs, left) = try Conversation(
      seed: 1, offered: .rc4, accepted: [.rc4], words: []
    ).play()
    #expect(theirs.firstWords.isEmpty && theirs.ciphers != nil && left == [8, 8])
  }

  @Test func needsAMethodThatBothHave() {
    #expect(throws: PeerWireError.badEncryption("no method that we accept")) {
      try Conversation(seed: 1, offered: .plaintext, accepted: [.rc4]).play()
    }
  }

  /// The key; and of the second message the end of the padding, the torrent and the check.
  @Test(
    "is over at the first byte that is wrong",
    arguments: [(0, 50), (1, 5), (1, 25), (1, 45)])
  func corruption(message: Int, offset: Int) {
    #expect {
      try Conversation(
        seed: 3, offered: [.rc4, .plaintext], accepted: [.rc4],
        rest: Array(repeating: 7, count: 1200), flips: (message, offset)
      ).play()
    } throws: { error in
      if case .badEncryption = error as? PeerWireError { true } else { false }
    }
  }

  /// Each end takes no more than a handshake may have, whatever it is told.
  @Test(arguments: 0..<40)
  func takesLittleOfAnybody(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var initiator = EncryptionInitiator(
      to: Self.torrent, offering: .rc4, saying: Self.words, EncryptionChance(using: &generator))
    var responder = EncryptionResponder(
      accepting: [.rc4], EncryptionChance(using: &generator))
    let zeros = seed == 0
    var taken = 0
    #expect(throws: PeerWireError.self) {
      while taken < 2000 {
        let bytes = zeros ? Array(repeating: 0, count: 96) : generator.bytes(initiator.wanted)
        taken += bytes.count
        if case .done = try initiator.take(bytes) { return }
      }
    }
    #expect(taken <= 96 + 512 + 8 + 6)
    taken = 0
    #expect(throws: PeerWireError.self) {
      while taken < 2000 {
        let bytes = zeros ? Array(repeating: 0, count: 96) : generator.bytes(responder.wanted)
        taken += bytes.count
        if case .done = try responder.take(bytes, for: { [Self.torrent] }) { return }
      }
    }
    #expect(taken <= 96 + 512 + 20 + 36)
  }
}
