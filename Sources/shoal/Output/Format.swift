import DeterministicCore
import TorrentModel

/// Numbers as people read them. Everything rounds down, so that nothing looks finished before it
/// is.
enum Format {
  /// `16 MiB`: see `SizeText`.
  static func size(_ bytes: UInt64) -> String { SizeText.of(bytes) }

  /// Bytes a second.
  static func rate(_ bytesPerSecond: UInt64) -> String { size(bytesPerSecond) + "/s" }

  /// `0.4s` below ten seconds, then `42s`, `3m 05s`, `2h 07m`, `4d 03h`.
  static func duration(_ span: TimeSpan) -> String {
    let milliseconds = max(0, span.nanoseconds) / 1_000_000
    let seconds = milliseconds / 1000
    switch seconds {
    case ..<10: return "\(seconds).\(milliseconds % 1000 / 100)s"
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m \(twoDigits(seconds % 60))s"
    case ..<86_400: return "\(seconds / 3600)h \(twoDigits(seconds / 60 % 60))m"
    default: return "\(seconds / 86_400)d \(twoDigits(seconds / 3600 % 24))h"
    }
  }

  /// `45.3%`; `100%` for the whole only, and `0.0%` of nothing.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0.0%" }
    guard part < whole else { return "100%" }
    let (high, low) = part.multipliedFullWidth(by: 1000)
    let perMille = whole.dividingFullWidth((high, low)).quotient
    return "\(perMille / 10).\(perMille % 10)%"
  }

  /// A moment as `2024-02-29 12:00:00 UTC`, from seconds since 1970; `nil` outside the years 1 to
  /// 9999. The calendar is the proleptic Gregorian one, counted in eras of 400 years from a 1 March.
  static func date(_ seconds: Int64) -> String? {
    let days = Int64((Double(seconds) / 86_400).rounded(.down))
    guard (-719_162...2_932_896).contains(days) else { return nil }
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let second = seconds - days * 86_400
    let yearText = String(repeating: "0", count: 4 - "\(year)".count) + "\(year)"
    return "\(yearText)-\(twoDigits(month))-\(twoDigits(day)) "
      + "\(twoDigits(second / 3600)):\(twoDigits(second / 60 % 60)):\(twoDigits(second % 60)) UTC"
  }

  private static func twoDigits(_ number: Int64) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }

  /// `1 piece`, `3 pieces`.
  static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}
