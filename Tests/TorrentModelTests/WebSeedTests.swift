import Testing
import TorrentModel

@Suite("A web seed")
struct WebSeedTests {
  private static let folder = try! FileLayout(
    name: "tide pool", isSingleFile: false, files: [(["a"], 1), (["deep", "küste #1"], 2)])
  private static let single = try! FileLayout(
    name: "odd ü.bin", isSingleFile: true, files: [(["odd ü.bin"], 1)])

  @Test(
    "serves a file below its folder, or is the file itself",
    arguments: [
      ("http://host/", 1, "http://host/tide%20pool/deep/k%C3%BCste%20%231"),
      ("https://host/mirror", 0, "https://host/mirror/tide%20pool/a"),
    ])
  func filesOfFolders(base: String, file: Int, url: String) throws {
    let seed = try #require(WebSeed(base))
    #expect(seed.url(ofFile: file, in: Self.folder) == url)
  }

  @Test func servesASingleFileAtItsURL() throws {
    let seed = try #require(WebSeed("http://host/renamed.bin"))
    #expect(seed.url(ofFile: 0, in: Self.single) == "http://host/renamed.bin")
    let inFolder = try #require(WebSeed("http://host/files/"))
    #expect(inFolder.url(ofFile: 0, in: Self.single) == "http://host/files/odd%20%C3%BC.bin")
  }

  @Test func asksAProgramForPieces() throws {
    let hash = try #require(InfoHash(bytes: Array(repeating: 0x20, count: 20)))
    let escaped = String(repeating: "%20", count: 20)
    let plain = try #require(WebSeed("http://host/seed.php", kind: .pieces))
    #expect(
      plain.url(ofPiece: 7, from: 0, through: 99, infoHash: hash)
        == "http://host/seed.php?info_hash=\(escaped)&piece=7&ranges=0-99")
    let keyed = try #require(WebSeed("http://host/seed.php?k=1", kind: .pieces))
    #expect(
      keyed.url(ofPiece: 7, from: 5, through: 9, infoHash: hash)
        == "http://host/seed.php?k=1&info_hash=\(escaped)&piece=7&ranges=5-9")
  }

  @Test("is of http or https", arguments: ["ftp://host/", "file:///etc/passwd", "host/", ""])
  func otherSchemes(url: String) {
    #expect(WebSeed(url) == nil)
  }

  @Test("is shown without what may be a member's key")
  func redacted() {
    #expect(WebSeed("https://me:word@host:81/key/x?y")?.redacted == "https://host:81")
  }
}
