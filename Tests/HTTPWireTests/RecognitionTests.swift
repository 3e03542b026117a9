import HTTPWire
import Testing

@Suite struct RecognitionTests {
  @Test(
    arguments: [
      ("", nil), ("G", nil), ("GET", nil), ("GET ", nil), ("GET /", true), ("OPTIONS *", true),
      ("CONNECT host:1", true), ("PROPFIND /x", true), ("get /", false), (" /", false),
      ("GET\t/", false), ("GET x", false), ("GEt", false), ("ABCDEFGHIJKLMNOPQ", false),
      ("\u{13}BitTorrent", false), ("\u{1}", false),
    ] as [(String, Bool?)])
  func `HTTP is known by a word in capitals and a target`(prefix: String, isMeant: Bool?) {
    #expect(HTTPRequestParser.isMeant(by: Array(prefix.utf8)) == isMeant)
  }
}
