import DeterministicCore
import Testing

@testable import ChordWire

@Suite("What nodes of a closed ring show and seal") struct ClosedRingWireTests {
  private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  static func certificate(_ random: inout SeededGenerator) -> NodeCertificate {
    NodeCertificate(
      id: Identifier(bytes: bytes(20, &random))!, key: PublicKey(bytes(32, &random))!,
      epoch: UInt32(truncatingIfNeeded: random.next()), notBefore: 5,
      notAfter: 5 + random.next() >> 1, roles: random.below(2) == 0 ? [] : .member,
      signature: Signature(bytes(64, &random))!)
  }

  @Test("comes back from its bytes, and from no others")
  func certificates() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<50 {
      let certificate = Self.certificate(&random)
      #expect(certificate.bytes.count == NodeCertificate.length)
      #expect(NodeCertificate(bytes: certificate.bytes) == certificate)
      #expect(NodeCertificate(bytes: certificate.bytes.dropLast()) == nil)
      #expect(NodeCertificate(bytes: certificate.bytes + [0]) == nil)
      #expect(NodeCertificate(bytes: [2] + certificate.bytes.dropFirst()) == nil)
      let greeting = try #require(
        Greeting(
          certificate: certificate, ephemeralKey: Self.bytes(32, &random), count: random.next(),
          signature: certificate.signature))
      #expect(Greeting(bytes: greeting.bytes) == greeting)
      #expect(Greeting(bytes: greeting.bytes + [0]) == nil)
      #expect(greeting.bytes.count <= ChordQuery.longestCertificate)
    }
    var backwards = Self.certificate(&random)
    backwards.notAfter = 4
    #expect(NodeCertificate(bytes: backwards.bytes) == nil)
  }

  @Test("is signed for one ring, one occasion and one kind of word")
  func signedBytes() throws {
    var random = SeededGenerator(seed: 2)
    let certificate = Self.certificate(&random)
    let key = Self.bytes(32, &random)
    let greeting = try #require(
      Greeting(
        certificate: certificate, ephemeralKey: key, count: 3, signature: certificate.signature))
    let rings = [Self.bytes(32, &random), Self.bytes(32, &random)]
    var seen: Set<[UInt8]> = []
    for ring in rings {
      seen.insert(certificate.signedBytes(by: ring))
      for token in [WriteToken(1), WriteToken(2)] {
        seen.insert(greeting.signedBytes(in: ring, token: token))
      }
      seen.insert(greeting.signedBytes(in: ring, answering: key))
    }
    #expect(seen.count == 8)
  }

  @Test("travels in datagrams that no bencoded message looks like")
  func sealedDatagrams() {
    let datagram = SealedDatagram(
      ring: RingTag(1), link: 2, number: 3, content: [UInt8](repeating: 4, count: 40))
    #expect(SealedDatagram(datagram: datagram.datagram) == datagram)
    #expect(datagram.datagram.starts(with: datagram.header))
    #expect((try? ChordMessage(datagram: datagram.datagram)) == nil)
    let least = SealedDatagram(
      ring: RingTag(1), link: 2, number: 3, content: [UInt8](repeating: 4, count: 16))
    #expect(SealedDatagram(datagram: least.datagram) == least)
    #expect(SealedDatagram(datagram: Array(least.datagram.dropLast())) == nil)
    let longest = SealedDatagram(
      ring: RingTag(1), link: 2, number: 3,
      content: [UInt8](repeating: 4, count: ChordMessage.longest + 16))
    #expect(longest.datagram.count == SealedDatagram.longest)
    #expect(SealedDatagram(datagram: longest.datagram) == longest)
    #expect(SealedDatagram(datagram: longest.datagram + [0]) == nil)
    #expect(SealedDatagram(datagram: []) == nil)
  }
}
