import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@Suite("Peer exchange messages")
struct ExchangeMessageTests {
  private static let four = Endpoint(.v4(0x0102_0304), port: 0x1ae1)
  private static let six = Endpoint(.v6(high: 0x2001_0db8_0000_0000, low: 1), port: 0x1ae2)

  @Test("stand on the wire as BEP 11 has them")
  func wireForm() {
    let message = ExchangeMessage(
      added: [.init(Self.six, .isSeed), .init(Self.four, .isReachable)], dropped: [Self.four])
    var expected = Array("d5:added6:".utf8) + [1, 2, 3, 4, 0x1a, 0xe1]
    expected += Array("7:added.f1:".utf8) + [0x10]
    expected += Array("6:added618:".utf8) + Self.six.compact
    expected += Array("8:added6.f1:".utf8) + [0x02]
    expected += Array("7:dropped6:".utf8) + [1, 2, 3, 4, 0x1a, 0xe1] + Array("8:dropped60:e".utf8)
    #expect(message.payload == expected)
  }

  @Test("read back as they were written", arguments: 0..<100 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func endpoint() -> Endpoint {
      let address: Address =
        generator.below(2) == 0
        ? .v4(generator.word()) : .v6(high: 0x2001 << 48 | UInt64(generator.word()), low: 1)
      return Endpoint(address, port: UInt16(generator.below(65536)))
    }
    let added = (0..<generator.below(60)).map { _ in
      ExchangeMessage.Peer(endpoint(), .init(rawValue: generator.byte()))
    }
    let message = ExchangeMessage(
      added: added, dropped: (0..<generator.below(60)).map { _ in endpoint() })
    #expect(try ExchangeMessage(payload: message.payload) == message, "seed \(seed)")
  }

  @Test("without flags, or with too few, have none set")
  func missingFlags() throws {
    let two = Self.four.compact + Self.four.compact
    let none = try ExchangeMessage(payload: Array("d5:added12:".utf8) + two + Array("e".utf8))
    #expect(none.added.map(\.flags) == [[], []])
    let one = try ExchangeMessage(
      payload: Array("d5:added12:".utf8) + two + Array("7:added.f1:".utf8) + [2]
        + Array("e".utf8))
    #expect(one.added.map(\.flags) == [.isSeed, []])
  }

  @Test("are read up to a number of peers")
  func tooMany() throws {
    let count = ExchangeMessage.mostRead + 50
    let message = ExchangeMessage(
      added: Array(repeating: .init(Self.four), count: count),
      dropped: Array(repeating: Self.six, count: count))
    let read = try ExchangeMessage(payload: message.payload)
    #expect(read.added.count == ExchangeMessage.mostRead)
    #expect(read.dropped.count == ExchangeMessage.mostRead)
  }

  @Test(
    "that are no dictionary, or hold part of an address, are an error",
    arguments: [
      Hostile(""), Hostile("le"), Hostile("i1e"), Hostile("d5:added5:12345e"),
      Hostile("d6:added66:123456e"), Hostile("d7:dropped1:1e"), Hostile("d8:dropped617:"),
    ])
  func malformed(hostile: Hostile) {
    #expect { try ExchangeMessage(payload: hostile.bytes) } throws: { error in
      if case .badExtensionMessage = error as? PeerWireError { true } else { false }
    }
  }
}
