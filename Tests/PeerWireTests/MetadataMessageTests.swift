import DeterministicCore
import PeerWire
import Testing

@Suite("Metadata messages")
struct MetadataMessageTests {
  @Test("read back as they were written", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let size = 1 + generator.below(100_000)
    for part in 0..<MetadataMessage.partCount(of: size) {
      let length = min(MetadataMessage.partLength, size - part * MetadataMessage.partLength)
      for message in [
        MetadataMessage.request(part: part), .reject(part: part),
        .data(part: part, totalSize: size, bytes: generator.bytes(length)),
      ] {
        #expect(try MetadataMessage(payload: message.payload) == message, "seed \(seed)")
      }
    }
  }

  @Test("stand on the wire as BEP 9 has them")
  func wireForm() {
    #expect(MetadataMessage.request(part: 0).payload == Array("d8:msg_typei0e5:piecei0ee".utf8))
    #expect(MetadataMessage.reject(part: 7).payload == Array("d8:msg_typei2e5:piecei7ee".utf8))
    #expect(
      MetadataMessage.data(part: 0, totalSize: 3, bytes: [1, 2, 3]).payload
        == Array("d8:msg_typei1e5:piecei0e10:total_sizei3ee".utf8) + [1, 2, 3])
  }

  @Test(
    "count parts up to the last byte",
    arguments: [(1, 1), (16383, 1), (16384, 1), (16385, 2), (32768, 2), (32769, 3)])
  func partCount(size: Int, parts: Int) {
    #expect(MetadataMessage.partCount(of: size) == parts)
  }

  @Test("of a later kind are to be ignored", arguments: [3, 99, -1, Int64.max])
  func laterKinds(kind: Int64) throws {
    #expect(try MetadataMessage(payload: Array("d8:msg_typei\(kind)ee".utf8)) == .unknown)
  }

  static let hostile: [Hostile] = [
    Hostile(""), Hostile("i1e"), Hostile("de"), Hostile("d8:msg_type1:0e"),
    Hostile("d8:msg_typei0ee"), Hostile("d8:msg_typei0e5:piecei-1ee"),
    Hostile("d8:msg_typei0e5:piecei2048ee"),
    Hostile("d8:msg_typei2e5:piecei9223372036854775807ee"),
    // Data without a size, with a size of nothing, below nothing, of 2 GiB.
    Hostile("d8:msg_typei1e5:piecei0eex"),
    data(part: 0, size: "0", count: 0), data(part: 0, size: "-1", count: 1),
    data(part: 0, size: "2147483648", count: 16384),
    data(part: 0, size: "9223372036854775807", count: 16384),
    // Parts that are short, long, empty, or beyond the end.
    data(part: 0, size: "16384", count: 16383), data(part: 0, size: "16384", count: 16385),
    data(part: 0, size: "20000", count: 20000), data(part: 1, size: "20000", count: 16384),
    data(part: 0, size: "100", count: 0), data(part: 1, size: "16384", count: 0),
    data(part: 5, size: "16384", count: 0), data(part: 2, size: "20000", count: 1),
    // A dictionary that does not end, and one that goes deeper for ever.
    Hostile("d8:msg_typei0e5:piecei0e"),
    Hostile(
      "lists without end", Array("d8:msg_type".utf8) + [UInt8](repeating: 0x6c, count: 60_000)),
  ]

  private static func data(part: Int, size: String, count: Int) -> Hostile {
    let head = "d8:msg_typei1e5:piecei\(part)e10:total_sizei\(size)ee"
    return Hostile(
      "\(head) and \(count) bytes", Array(head.utf8) + Array(repeating: 0, count: count))
  }

  @Test("that do not add up are errors", arguments: hostile)
  func malformed(hostile: Hostile) {
    #expect { try MetadataMessage(payload: hostile.bytes) } throws: { error in
      if case .badExtensionMessage = error as? PeerWireError { true } else { false }
    }
  }

  @Test("never trap on mutated bytes", arguments: 0..<8 as Range<UInt64>)
  func mutated(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var understood = 0
    for _ in 0..<1000 {
      var payload =
        MetadataMessage.data(part: 0, totalSize: 9, bytes: generator.bytes(9)).payload
      payload[generator.below(payload.count)] = generator.byte()
      if (try? MetadataMessage(payload: payload)) != nil { understood += 1 }
    }
    #expect(0 < understood && understood < 1000, "seed \(seed)")
  }
}
