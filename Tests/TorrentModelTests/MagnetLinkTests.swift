import DeterministicCore
import Hashing
import Testing
import TorrentModel

@Suite struct MagnetLinkTests {
  private static let hex = "0123456789abcdef0123456789abcdef01234567"

  @Test(arguments: [
    "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567",
    "MAGNET:?xt=urn:btih:0123456789ABCDEF0123456789ABCDEF01234567",
    "magnet:?dn=x&xt=urn:btih:0123456789abcdef0123456789abcdef01234567",
    "magnet:?xt.1=urn:btih:0123456789abcdef0123456789abcdef01234567",
    "magnet:?xt=URN:BTIH:0123456789abcdef0123456789abcdef01234567",
    "magnet:?xt=urn%3Abtih%3A0123456789abcdef0123456789abcdef01234567",
    "magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH",
    "magnet:?xt=urn:btih:aerukz4jvpg66ajdivtytk6n54asgrlh",
    "magnet:?xt=urn:btmh:1220ff&xt=urn:btih:0123456789abcdef0123456789abcdef01234567",
    "magnet:?xt=urn:btih:junk&xt=urn:btih:0123456789abcdef0123456789abcdef01234567",
    "magnet:?&&x&=&xt=urn:btih:0123456789abcdef0123456789abcdef01234567&",
  ])
  func theInfoHashIsReadFromEitherSpelling(link: String) throws {
    #expect(try MagnetLink(parsing: link).infoHash.description == Self.hex)
  }

  @Test func base32ThatLooksLikeHexadecimalIsBase32() {
    #expect(
      InfoHash(text: String(repeating: "A", count: 32)).map(\.digest.bytes)
        == Array(repeating: 0, count: 20))
  }

  @Test(arguments: [
    ("", MagnetError.notMagnet),
    ("magnet:", .notMagnet),
    ("http://x/?xt=urn:btih:0123456789abcdef0123456789abcdef01234567", .notMagnet),
    ("magnet:?", .noInfoHash),
    ("magnet:?dn=x&tr=y", .noInfoHash),
    ("magnet:?xt=urn:sha1:ABC", .noInfoHash),
    ("magnet:?xt=urn:btih:", .badInfoHash("")),
    ("magnet:?xt=urn:btih:abc", .badInfoHash("abc")),
    (
      "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef0123456g",
      .badInfoHash("0123456789abcdef0123456789abcdef0123456g")
    ),
    ("magnet:?xt=urn:btih:%4", .badEscape("xt")),
    ("magnet:?dn=%zz", .badEscape("dn")),
  ])
  func brokenLinksAreRefusedByReason(link: String, error: MagnetError) {
    #expect(throws: error) { try MagnetLink(parsing: link) }
  }

  @Test func aLinkOfManyMegabytesIsRefusedUnread() {
    let link = "magnet:?xt=urn:btih:\(Self.hex)&dn=" + String(repeating: "x", count: 2 << 20)
    #expect(throws: MagnetError.tooLong) { try MagnetLink(parsing: link) }
  }

  @Test func twentyThousandTrackersAreCutToTheMost() throws {
    let trackers = (0..<20_000).map { "&tr=http%3A%2F%2F\($0).example" }.joined()
    let link = try MagnetLink(parsing: "magnet:?xt=urn:btih:\(Self.hex)\(trackers)")
    #expect(link.trackers.count == MagnetLink.mostHints)
    #expect(link.trackers.first == "http://0.example")
  }

  @Test func everyPartIsReadUnescaped() throws {
    let link = try MagnetLink(
      parsing: "magnet:?xt=urn:btih:\(Self.hex)&dn=a+b%26c&dn=other&tr=udp%3A%2F%2Ft%3A1&tr=&tr.2=x"
        + "&tr=x&ws=http%3A%2F%2Fw%2F&x.pe=1.2.3.4:5&x.pe=%5B::1%5D:6&x.pe=host.example:7")
    #expect(link.displayName == "a b&c")
    #expect(link.trackers == ["udp://t:1", "x"])
    #expect(link.webSeeds == ["http://w/"])
    #expect(link.peers.map(\.description) == ["1.2.3.4:5", "[::1]:6", "host.example:7"])
    #expect(link.peers.map { $0.endpoint != nil } == [true, true, false])
  }

  @Test(arguments: [
    "1.2.3.4", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:+80", "1.2.3.4:-1", ":80", "a:b:80",
    "[::1:80", "[]:80", "[host]:80", "a&tr=x:80", "a b:80", "a/b:80", "a%20b:80", "é é:80",
    "::1:80",
  ])
  func hintsThatNameNoPeerAreDropped(hint: String) throws {
    #expect(MagnetLink.PeerHint(parsing: hint) == nil)
    let link = "magnet:?xt=urn:btih:\(Self.hex)&x.pe=\(PercentEncoding.encode(hint.utf8))"
    #expect(try MagnetLink(parsing: link).peers.isEmpty)
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func aLinkIsReadBackFromItsText(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func text() -> String {
      let alphabet = Array("abcXYZ019 %&=+?#/:;é漢\u{1b}\u{202e}~._-")
      return String((0...random.below(20)).map { _ in alphabet[random.below(alphabet.count)] })
    }
    var bytes: [UInt8] = []
    while bytes.count < 20 { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
    var link = MagnetLink(infoHash: try #require(InfoHash(bytes: bytes)))
    link.displayName = random.below(4) == 0 ? nil : text()
    link.trackers = (0..<random.below(4)).map { "\($0)" + text() }
    link.webSeeds = (0..<random.below(4)).map { "\($0)" + text() }
    link.peers = (0..<random.below(4)).map { _ in
      let port = UInt16(random.below(65535) + 1)
      switch random.below(3) {
      case 0: return .init(host: "host\(random.below(9)).example", port: port)
      case 1: return .init(Endpoint(.v4(UInt32(truncatingIfNeeded: random.next())), port: port))
      default:
        return .init(Endpoint(.v6(high: random.next(), low: random.next()), port: port))
      }
    }
    #expect(try MagnetLink(parsing: link.text) == link)
  }

  @Test("that name files are read as BEP 53 has them")
  func selectedFiles() throws {
    let base = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"
    let link = try MagnetLink(parsing: base + "&so=0,2,4-8,x,9-7,-1,3-")
    #expect(link.selectedFiles == [0...0, 2...2, 4...8])
    #expect(link.text == base + "&so=0,2,4-8")
    #expect(try MagnetLink(parsing: base).selectedFiles == [])
  }
}
