import Testing
import TorrentModel
import TrackerWire

@Suite struct TrackerURLs {
  @Test(
    arguments: [
      ("http://t.example/announce", .http, "t.example", 80, "/announce", nil),
      ("HTTPS://T.Example:8443/a/b?key=1", .https, "t.example", 8443, "/a/b", "key=1"),
      ("udp://t.example:6969", .udp, "t.example", 6969, "", nil),
      ("udp://10.0.0.1:6969/announce", .udp, "10.0.0.1", 6969, "/announce", nil),
      ("http://[2001:DB8::0:1]:6969/announce", .http, "2001:db8::1", 6969, "/announce", nil),
      ("http://[::1]/announce", .http, "::1", 80, "/announce", nil),
      ("http://t.example?x", .http, "t.example", 80, "", "x"),
      ("http://t.example:/announce", .http, "t.example", 80, "/announce", nil),
      ("http://under_score.example./a%20b", .http, "under_score.example.", 80, "/a%20b", nil),
    ] as [(String, TrackerURL.Scheme, String, UInt16, String, String?)])
  func `a tracker's URL is taken apart`(
    text: String, scheme: TrackerURL.Scheme, host: String, port: UInt16, path: String,
    query: String?
  ) throws {
    let url = try #require(TrackerURL(text))
    #expect(url.scheme == scheme)
    #expect(url.host == host)
    #expect(url.port == port)
    #expect(url.path == path)
    #expect(url.query == query)
    #expect(TrackerURL(url.description) == url)
  }

  @Test(arguments: [
    "", "t.example/announce", "ftp://t.example/", "wss://t.example/", "file:///etc/passwd",
    "http://", "http:///announce", "http://user:pass@t.example/announce", "udp://t.example",
    "udp://t.example:0/announce", "http://t.example:65536/", "http://t.example:8x/",
    "http://t.example:-1/", "http://t.example/a b", "http://t.example/a\r\nX: y",
    "http://t.example/#x", "http://[::1/announce", "http://[::g]/announce",
    "http://::1/announce", "http://-a.example/", "http://a..example/", "http://./",
    "http://t.exa%6dple/", "http://\(String(repeating: "a", count: 64)).example/",
    "http://t.example/\(String(repeating: "a", count: 2048))",
  ]) func `what is no tracker's URL is refused`(text: String) {
    #expect(TrackerURL(text) == nil)
  }

  @Test(
    arguments: [
      ("http://t.example/announce", "http://t.example/scrape"),
      ("http://t.example/x/announce", "http://t.example/x/scrape"),
      ("http://t.example/announce.php?x=y", "http://t.example/scrape.php?x=y"),
      ("http://t.example/a", nil),
      ("http://t.example/announce?x=2/4", "http://t.example/scrape?x=2/4"),
      ("http://t.example/x%064announce", nil), ("http://t.example", nil),
      ("udp://t.example:1/x", "udp://t.example:1/x"),
    ] as [(String, String?)])
  func `the scrape URL follows from the announce URL or does not exist`(
    text: String, expected: String?
  ) throws {
    #expect(try #require(TrackerURL(text)).scrape?.description == expected)
  }

  @Test(arguments: [
    ("http://t.example", "http://t.example/?a=1"),
    ("http://t.example:81/announce", "http://t.example:81/announce?a=1"),
    ("https://t.example/announce?key=x", "https://t.example/announce?key=x&a=1"),
    ("http://[::1]:6969/announce?", "http://[::1]:6969/announce?a=1"),
  ]) func `parameters are appended to those there are`(text: String, expected: String) throws {
    #expect(try #require(TrackerURL(text)).appending(query: "a=1") == expected)
  }

  @Test func `keys in path and query stay out of logs and travel in datagrams`() throws {
    let url = try #require(TrackerURL("udp://t.example:6969/secret/announce?x=1"))
    #expect(url.redacted == "udp://t.example:6969")
    #expect(String(decoding: url.urlData, as: UTF8.self) == "/secret/announce?x=1")
    #expect(url.address == nil)
    #expect(TrackerURL("udp://10.1.2.3:1")?.address == Address(text: "10.1.2.3"))
  }

  @Test(
    arguments: [
      ("http://10.0.0.1/announce", .usualAnnounce), ("udp://10.0.0.1:1/announce", .usualAnnounce),
      ("https://10.0.0.1/aB3-_/announce", .usualAnnounce), ("http://10.0.0.1/announce?", .other),
      ("http://10.0.0.1/announce?method=torrent-add", .other), ("http://10.0.0.1/", .other),
      ("http://10.0.0.1", .other), ("udp://10.0.0.1:1", .other),
      ("http://10.0.0.1/announce.php", .other), ("http://10.0.0.1//announce", .other),
      ("http://10.0.0.1/a/b/announce", .other), ("http://10.0.0.1/../announce", .other),
      ("http://10.0.0.1/%2e%2e/announce", .other), ("http://10.0.0.1/rpc/announce/", .other),
      ("http://10.0.0.1/a;b/announce", .other),
    ] as [(String, RequestOrigin.Purpose)])
  func `only the usual paths of trackers count as announces`(
    text: String, purpose: RequestOrigin.Purpose
  ) throws {
    #expect(try #require(TrackerURL(text)).purpose == purpose)
  }

  @Test func hostsMayHaveNamesInOtherScripts() throws {
    let url = try #require(TrackerURL("http://Bücher.example/announce"))
    #expect(url.host == "xn--bcher-kva.example")
    #expect(TrackerURL("udp://例え.テスト:80")?.description == "udp://xn--r8jz45g.xn--zckzah:80")
    // What is not ASCII elsewhere is no URL.
    #expect(TrackerURL("http://bücher.example/annouñce") == nil)
    #expect(TrackerURL("http://\u{202e}.example/announce") == nil)
  }
}
