import Testing
import TorrentModel

@Suite struct SafeTextTests {
  @Test(arguments: [
    ("plain name.txt", "plain name.txt"), ("größe 漢字 😀", "größe 漢字 😀"),
    ("\u{1b}[31mred", "\\x1B[31mred"), ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\0\u{7f}", "\\x00\\x7F"),
    ("\u{9b}31m", "\\u{009B}31m"), ("\u{202e}gpj.exe", "\\u{202E}gpj.exe"),
    ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"), ("\u{200b}\u{feff}", "\\u{200B}\\u{FEFF}"),
    ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"), ("\u{e0041}", "\\u{E0041}"),
    ("👩\u{200d}👩", "👩\u{200d}👩"),
  ])
  func namesCannotSteerTheTerminal(text: String, shown: String) {
    #expect(SafeText.visible(text) == shown)
    #expect(SafeText.visible(bytes: Array(text.utf8)) == shown)
  }

  @Test(
    arguments: [
      ([0x66, 0xfc, 0x72], "f\\xFCr"), ([0xff], "\\xFF"), ([0xc3], "\\xC3"),
      ([0xe2, 0x82, 0x41], "\\xE2\\x82A"), ([0x61, 0xed, 0xa0, 0x80, 0x62], "a\\xED\\xA0\\x80b"),
      ([0xc0, 0x80], "\\xC0\\x80"), ([], ""),
    ] as [([UInt8], String)])
  func bytesThatAreNoTextAreShown(bytes: [UInt8], shown: String) {
    #expect(SafeText.visible(bytes: bytes) == shown)
  }
}
