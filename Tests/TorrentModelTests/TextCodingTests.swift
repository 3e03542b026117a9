import DeterministicCore
import Hashing
import Testing
import TorrentModel

@Suite struct TextCodingTests {
  @Test(arguments: 0..<50 as Range<UInt64>) func codingsRoundTrip(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let hexadecimal = Hexadecimal.encode(bytes)
    #expect(Hexadecimal.decode(hexadecimal) == bytes)
    #expect(Hexadecimal.decode(hexadecimal.uppercased()) == bytes)
    let percent = PercentEncoding.encode(bytes)
    #expect(PercentEncoding.decode(percent.utf8) == bytes)
    #expect(PercentEncoding.decode(percent.utf8, plusIsSpace: true) == bytes)
    #expect(percent.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
  }

  @Test(arguments: ["0", "000", "0g", "g0", "0x00", " 00", "é0", "００"])
  func brokenHexadecimalIsRefused(text: String) {
    #expect(Hexadecimal.decode(text) == nil)
  }

  /// The vectors of RFC 4648, section 10, without their padding.
  @Test(arguments: [
    ("", ""), ("MY", "f"), ("MZXQ", "fo"), ("MZXW6", "foo"), ("MZXW6YQ", "foob"),
    ("MZXW6YTB", "fooba"), ("mzxw6ytboi", "foobar"),
  ])
  func base32IsRead(text: String, plain: String) {
    #expect(Base32.decode(text) == Array(plain.utf8))
  }

  @Test(arguments: ["M", "MZX", "MZXW6Y", "MZ", "M1", "M8", "MY======", "M Y", "A"])
  func brokenBase32IsRefused(text: String) {
    #expect(Base32.decode(text) == nil)
  }

  @Test(arguments: ["%", "%4", "%4g", "%g4", "a%", "%%41", "% 41"])
  func brokenEscapesAreRefused(text: String) {
    #expect(PercentEncoding.decode(text.utf8) == nil)
  }

  @Test func unreservedCharactersStayAndAllOthersAreEscaped() {
    #expect(PercentEncoding.encode("AZaz09-._~".utf8) == "AZaz09-._~")
    #expect(PercentEncoding.encode("a b&c=/é".utf8) == "a%20b%26c%3D%2F%C3%A9")
    #expect(PercentEncoding.decode("a+b".utf8) == Array("a+b".utf8))
    #expect(PercentEncoding.decode("a+b%2B".utf8, plusIsSpace: true) == Array("a b+".utf8))
  }

  @Test func peerIdentitiesAreOursAndPrintable() throws {
    var random = SeededGenerator(seed: 1)
    let first = PeerID.random(using: &random)
    #expect(first != PeerID.random(using: &random))
    #expect(first.description.hasPrefix(PeerID.prefix))
    #expect(first.digest.bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f })
    let hostile = try #require(PeerID(bytes: Array("-XX0001-\u{1b}[31m\n".utf8) + Array(0..<6)))
    #expect(hostile.description.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7f })
  }
}
