import DeterministicCore
import Foundation
import Testing
import TorrentModel

@testable import shoal

@Suite struct OutputTests {
  @Test func jsonIsReadBackByAnotherReader() throws {
    let text = "quote \" back \\ \u{0}\u{1b}\n\t\u{9b}\u{202e}\u{2028}\u{e0041} 😀 é"
    let value = JSONValue.object([
      ("text", .string(text)), ("most", .unsigned(.max)), ("least", .integer(.min)),
      ("half", .decimal(0.5)), ("none", .null), ("yes", .bool(true)), ("list", .strings(["a"])),
      ("nothing", .decimal(.infinity)),
    ])
    let line = value.text
    #expect(line.unicodeScalars.allSatisfy { !SafeText.isHidden($0) })
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["text"] as? String == text)
    #expect(object["most"] as? UInt64 == .max)
    #expect(object["least"] as? Int64 == .min)
    #expect(object["half"] as? Double == 0.5)
    #expect(object["none"] is NSNull)
    #expect(object["nothing"] is NSNull)
    #expect(object["yes"] as? Bool == true)
    #expect(object["list"] as? [String] == ["a"])
    #expect(line.hasPrefix(#"{"text":"#))
  }

  private static let sizes: [(bytes: UInt64, text: String)] = [
    (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1535, "1.4 KiB"), (10_239, "9.9 KiB"),
    (10_240, "10 KiB"), (1_048_575, "1023 KiB"), (1 << 30, "1.0 GiB"), (.max, "15 EiB"),
  ]

  @Test(arguments: sizes) func sizesRoundDown(bytes: UInt64, text: String) {
    #expect(Format.size(bytes) == text)
  }

  @Test(arguments: [
    (0, "0.0s"), (450, "0.4s"), (9_999, "9.9s"), (10_000, "10s"), (59_999, "59s"),
    (60_000, "1m 00s"), (3_599_000, "59m 59s"), (3_600_000, "1h 00m"), (90_061_000, "1d 01h"),
    (-5, "0.0s"),
  ])
  func durationsHaveTwoUnits(milliseconds: Int, text: String) {
    #expect(Format.duration(.milliseconds(milliseconds)) == text)
  }

  private static let percents: [(part: UInt64, whole: UInt64, text: String)] = [
    (0, 0, "0.0%"), (0, 1, "0.0%"), (1, 3, "33.3%"), (999_999, 1_000_000, "99.9%"), (1, 1, "100%"),
    (2, 1, "100%"), (.max - 1, .max, "99.9%"),
  ]

  @Test(arguments: percents) func onlyTheWholeIsAHundredPercent(
    part: UInt64, whole: UInt64, text: String
  ) {
    #expect(Format.percent(part, of: whole) == text)
  }

  private static let dates: [(seconds: Int64, text: String?)] = [
    (0, "1970-01-01 00:00:00 UTC"), (-1, "1969-12-31 23:59:59 UTC"),
    (951_782_400, "2000-02-29 00:00:00 UTC"), (1_709_210_096, "2024-02-29 12:34:56 UTC"),
    (253_402_300_799, "9999-12-31 23:59:59 UTC"), (253_402_300_800, nil),
    (-62_135_596_800, "0001-01-01 00:00:00 UTC"), (-62_135_596_801, nil), (.max, nil), (.min, nil),
  ]

  @Test(arguments: dates) func datesAreOfTheGregorianCalendar(seconds: Int64, text: String?) {
    #expect(Format.date(seconds) == text)
  }

  @Test func textIsFittedByColumns() {
    #expect(TextColumns.fit("abcdef", in: 6) == "abcdef")
    #expect(TextColumns.fit("abcdefg", in: 6) == "abcde…")
    #expect(TextColumns.fit("漢字漢字", in: 6) == "漢字…")
    #expect(TextColumns.count("e\u{301}漢") == 3)
    #expect(TextColumns.fit("abc", in: 0) == "")
    #expect(TextColumns.pad("ab", to: 4) == "ab  ")
    #expect(TextColumns.padLeft("ab", to: 4) == "  ab")
  }
}
