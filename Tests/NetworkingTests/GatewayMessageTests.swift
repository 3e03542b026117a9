import DeterministicCore
import Testing
import TorrentModel

@testable import Networking

@Suite("What a gateway is asked")
struct GatewayMessageTests {
  private static let nonce = (1...12).map { UInt8($0) }
  private static let wish = GatewayMessage.Wish(.tcp, port: 6881, outside: 7000, lifetime: 3600)

  /// RFC 6887, sections 7.1 and 11.1.
  @Test func isAMapRequestOfPCP() {
    let bytes = GatewayMessage.pcp(Self.wish, from: .v4(0x0a00_0005), nonce: Self.nonce)
    #expect(bytes.count == 60)
    #expect(bytes.prefix(8) == [2, 1, 0, 0, 0, 0, 0x0e, 0x10])
    #expect(bytes[8..<24] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 5])
    #expect(Array(bytes[24..<36]) == Self.nonce)
    #expect(bytes[36..<44] == [6, 0, 0, 0, 0x1a, 0xe1, 0x1b, 0x58])
  }

  /// RFC 6886, section 3.3.
  @Test func isARequestOfNATPMP() {
    #expect(
      GatewayMessage.natPMP(Self.wish) == [
        0, 2, 0, 0, 0x1a, 0xe1, 0x1b, 0x58, 0, 0, 0x0e, 0x10,
      ])
  }

  private static let pcpAnswer: [UInt8] =
    [2, 0x81, 0, 0, 0, 0, 0, 120, 0, 0, 0, 1] + Array(repeating: 0, count: 12) + nonce
    + [6, 0, 0, 0, 0x1a, 0xe1, 0x1b, 0x59] + Array(repeating: 0, count: 10)
    + [255, 255, 203, 0, 113, 5]

  @Test func answersAreRead() {
    let mapped = GatewayMessage.Answer.mapped(.tcp, port: 6881, outside: 7001, lifetime: 120)
    #expect(GatewayMessage.read(Self.pcpAnswer, nonce: Self.nonce) == mapped)
    #expect(
      GatewayMessage.read(
        [0, 130, 0, 0, 0, 0, 0, 1, 0x1a, 0xe1, 0x1b, 0x59, 0, 0, 0, 120], nonce: Self.nonce)
        == mapped)
    #expect(
      GatewayMessage.read([0, 0x81, 0, 1, 0, 0, 0, 1], nonce: Self.nonce) == .wantsOlderVersion)
    #expect(
      GatewayMessage.read([0, 130, 0, 2, 0, 0, 0, 1], nonce: Self.nonce)
        == .refused("it is not allowed"))
    var refused = Self.pcpAnswer
    refused[3] = 8
    #expect(
      GatewayMessage.read(refused, nonce: Self.nonce) == .refused("it has no room left"))
  }

  @Test func whatIsNoAnswerToUsIsNone() {
    var other = Self.pcpAnswer
    other[24] ^= 1
    #expect(GatewayMessage.read(other, nonce: Self.nonce) == nil)
    #expect(GatewayMessage.read([], nonce: Self.nonce) == nil)
    #expect(
      GatewayMessage.read(
        GatewayMessage.pcp(Self.wish, from: .v4(1), nonce: Self.nonce), nonce: Self.nonce) == nil)
    for length in 0..<Self.pcpAnswer.count {
      #expect(GatewayMessage.read(Array(Self.pcpAnswer.prefix(length)), nonce: Self.nonce) == nil)
    }
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<10_000 {
      var bytes = generator.bytes(generator.below(70))
      if !bytes.isEmpty { bytes[0] = [0, 2][generator.below(2)] }
      _ = GatewayMessage.read(bytes, nonce: Self.nonce)
    }
  }

  @Test func theGatewayIsThatOfTheDefaultRoute() {
    let route = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    #expect(DefaultGateway.address(inRoute: route) == .v4(0xc0a8_0001))
    for line in [
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n", "", "eth0",
      "eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n",
      "eth0\t00000000\t00000000\t0001\t0\t0\t100\t00000000\t0\t0\t0\n",
    ] { #expect(DefaultGateway.address(inRoute: line) == nil) }
  }
}
