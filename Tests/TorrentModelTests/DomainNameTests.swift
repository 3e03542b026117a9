import Testing
import TorrentModel

@Suite struct DomainNameTests {
  @Test(arguments: [
    ("tracker.example", "tracker.example"), ("Bücher.example", "xn--bcher-kva.example"),
    // Composed or not it is one name.
    ("bu\u{308}cher.example", "xn--bcher-kva.example"), ("straße.example", "xn--strae-oqa.example"),
    ("例え.テスト", "xn--r8jz45g.xn--zckzah"), ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
    ("mañana.example.", "xn--maana-pta.example."),
  ]) func namesInOtherScriptsHaveOneInASCII(name: String, ascii: String) {
    #expect(DomainName.ascii(name) == ascii)
  }

  @Test(arguments: [
    "ü\u{0}", "a\u{202e}b", "\u{fffd}", String(repeating: "ü", count: 70), "ü ü",
    String(repeating: "ü.", count: 600),
  ]) func whatStandsForNoHostIsRefused(name: String) {
    #expect(DomainName.ascii(name) == nil)
  }

  @Test(arguments: [
    ("http://bücher.example:8080/ä?ö", "http://xn--bcher-kva.example:8080/ä?ö"),
    ("https://name:pass@bücher.example", "https://name:pass@xn--bcher-kva.example"),
    ("http://plain.example/ä", "http://plain.example/ä"), ("no url ü", "no url ü"),
  ]) func ofAURLTheHostIsConvertedAlone(url: String, converted: String) {
    #expect(DomainName.asciiHost(in: url) == converted)
  }

  @Test func peersMayHaveSuchNames() {
    #expect(MagnetLink.PeerHint(parsing: "bücher.example:6881")?.host == "xn--bcher-kva.example")
  }
}
