import DeterministicCore
import Hashing
import PeerWire
import Testing
import TorrentModel

@Suite("Peer messages")
struct PeerMessageTests {
  @Test("read back as they were written", arguments: 0..<100 as Range<UInt64>)
  func roundTrip(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for message in generator.messagesOfEveryKind() {
      let events = decode([message.bytes[...]])
      #expect(events == .success([.message(message)]), "seed \(seed)")
    }
  }

  private static let zeros = [UInt8](repeating: 0, count: 32)
  private static let range = HashRange(
    root: Bytes32((0..<32).map { UInt8($0) })!, layer: 1, first: 0x0102_0304, count: 2,
    proofLayers: 5)
  private static let rangeBytes =
    (0..<32).map { UInt8($0) } + [0, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0, 2, 0, 0, 0, 5]

  @Test(
    "stand on the wire as the specifications have them",
    arguments: [
      (PeerMessage.keepAlive, [0, 0, 0, 0]),
      (.choke, [0, 0, 0, 1, 0]),
      (.unchoke, [0, 0, 0, 1, 1]),
      (.interested, [0, 0, 0, 1, 2]),
      (.notInterested, [0, 0, 0, 1, 3]),
      (.have(0x0102_0304), [0, 0, 0, 5, 4, 1, 2, 3, 4]),
      (.bitfield([0xf0, 0x80]), [0, 0, 0, 3, 5, 0xf0, 0x80]),
      (
        .request(Block(piece: 1, offset: 0x4000, length: 0x4000)),
        [0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x40, 0]
      ),
      (
        .cancel(Block(piece: 1, offset: 2, length: 3)),
        [0, 0, 0, 13, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]
      ),
      (.port(0x1ae1), [0, 0, 0, 3, 9, 0x1a, 0xe1]),
      (.suggest(7), [0, 0, 0, 5, 13, 0, 0, 0, 7]),
      (.haveAll, [0, 0, 0, 1, 14]),
      (.haveNone, [0, 0, 0, 1, 15]),
      (
        .reject(Block(piece: 1, offset: 2, length: 3)),
        [0, 0, 0, 13, 16, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]
      ),
      (.allowedFast(9), [0, 0, 0, 5, 17, 0, 0, 0, 9]),
      (.extended(id: 3, payload: [0x64, 0x65]), [0, 0, 0, 4, 20, 3, 0x64, 0x65]),
      (.hashRequest(range), [0, 0, 0, 49, 21] + rangeBytes),
      (.hashes(range, [.zero, .zero]), [0, 0, 0, 113, 22] + rangeBytes + zeros + zeros),
      (.hashReject(range), [0, 0, 0, 49, 23] + rangeBytes),
    ] as [(PeerMessage, [UInt8])])
  func wireForm(message: PeerMessage, bytes: [UInt8]) {
    #expect(message.bytes == bytes)
  }

  @Test("have a block's header say its length, piece and offset")
  func blockHeader() {
    var bytes: [UInt8] = []
    BlockHeader.encode(Block(piece: 0x0a0b_0c0d, offset: 0x4000, length: 0x4000), into: &bytes)
    #expect(bytes == [0, 0, 0x40, 9, 7, 0x0a, 0x0b, 0x0c, 0x0d, 0, 0, 0x40, 0])
    #expect(bytes.count == BlockHeader.length)
  }

  @Test("of kinds we do not know are named and passed over", arguments: [10, 11, 18, 24, 99, 255])
  func unknownKinds(id: UInt8) {
    let stream = frame(length: 4, id: id, [1, 2, 3]) + PeerMessage.have(5).bytes
    #expect(
      decode([stream[...]]) == .success([.message(.unknown(id: id)), .message(.have(5))]))
  }
}
