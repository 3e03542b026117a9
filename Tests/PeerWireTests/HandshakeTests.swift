import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@Suite("The handshake")
struct HandshakeTests {
  @Test("reads back as it was written", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let handshake = generator.handshake()
    #expect(handshake.bytes.count == Handshake.length)
    #expect(try Handshake(handshake.bytes) == handshake, "seed \(seed)")
  }

  @Test("stands on the wire as BEP 3 has it, with the bits of BEP 6 and BEP 10")
  func wireForm() throws {
    let infoHash = try #require(InfoHash(bytes: [UInt8](1...20)))
    let peerID = try #require(PeerID(bytes: Array("-SH0100-abcdefghijkl".utf8)))
    let bytes = Handshake(infoHash: infoHash, peerID: peerID).bytes
    #expect(Array(bytes[..<20]) == [19] + Array("BitTorrent protocol".utf8))
    #expect(Array(bytes[20..<28]) == [0, 0, 0, 0, 0, 0x10, 0, 0x04])
    #expect(Array(bytes[28..<Handshake.lengthThroughInfoHash]) == [UInt8](1...20))
    #expect(Array(bytes[48...]) == Array("-SH0100-abcdefghijkl".utf8))
  }

  @Test("tells of reserved bits by name")
  func reservedBits() {
    #expect(ReservedBits.ours.contains(.extensionProtocol))
    #expect(ReservedBits.ours.contains(.fastExtension))
    #expect(!ReservedBits(word: 0x04).contains(.extensionProtocol))
    #expect(!ReservedBits(word: 0x10_0000).contains(.fastExtension))
    #expect(ReservedBits(word: .max).contains(.ours))
  }

  @Test("is refused at any wrong length or greeting")
  func refused() {
    var generator = SeededGenerator(seed: 1)
    let bytes = generator.handshake().bytes
    for count in 0..<bytes.count {
      #expect(throws: PeerWireError.notBitTorrent) { try Handshake(Array(bytes[..<count])) }
    }
    #expect(throws: PeerWireError.notBitTorrent) { try Handshake(bytes + [0]) }
    for position in 0..<20 {
      var wrong = bytes
      wrong[position] ^= 1
      #expect(throws: PeerWireError.notBitTorrent) { try Handshake(wrong) }
    }
  }

  @Test("is implausible from its first wrong byte on, and never before")
  func plausibility() {
    var generator = SeededGenerator(seed: 2)
    let bytes = generator.handshake().bytes
    for count in 0...bytes.count { #expect(Handshake.isPlausible(bytes[..<count])) }
    for position in 0..<20 {
      var wrong = bytes
      wrong[position] ^= 0x20
      #expect(Handshake.isPlausible(wrong[..<position]))
      #expect(!Handshake.isPlausible(wrong[...position]))
    }
    #expect(!Handshake.isPlausible(Array("GET / HTTP/1.1\r\n".utf8)))
  }
}
