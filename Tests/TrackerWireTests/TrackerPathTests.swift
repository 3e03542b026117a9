import Testing
import TrackerWire

@Suite struct TrackerPathTests {
  @Test(arguments: [
    ("/announce", TrackerPath.Service.announce, nil), ("/scrape", .scrape, nil),
    ("/abc/announce", .announce, "abc"), ("/abc/scrape?x=/announce", .scrape, "abc"),
    ("/announce?a/b", .announce, nil), ("/announce/announce", .announce, "announce"),
  ])
  func aPathNamesServiceAndKey(text: String, service: TrackerPath.Service, key: String?) throws {
    let padded = Array("xx\(text)".utf8)
    let path = try #require(TrackerPath(padded[2...]))
    #expect(path.service == service)
    #expect(path.key.map { String(decoding: $0, as: UTF8.self) } == key)
  }

  @Test(arguments: [
    "", "/", "announce", "//announce", "/a/b/announce", "/announce/", "/announces", "?/announce",
    "/Announce",
  ])
  func otherPathsAreNone(text: String) {
    #expect(TrackerPath(Array(text.utf8)[...]) == nil)
  }
}
