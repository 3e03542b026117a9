import SwarmLogic

/// Hours of the week with their limits, as people write them: `08:00-18:00=200K/s,2M/s`, and in front
/// the days where it is not every one, `mon-fri 22:00-06:00=0,0`.
enum HoursText {
  private static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  static func parse(_ text: String) -> LimitSchedule.Hours? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let words = text[..<equals].split(separator: " ", omittingEmptySubsequences: false)
    let rates = text[text.index(after: equals)...].split(
      separator: ",", omittingEmptySubsequences: false)
    guard (1...2).contains(words.count), rates.count == 2,
      let week = words.count == 1 ? days.map({ _ in true }) : week(words[0]),
      let (start, end) = span(words[words.count - 1]),
      let up = ValueKind.rate.read(String(rates[0])),
      let down = ValueKind.rate.read(String(rates[1]))
    else { return nil }
    return LimitSchedule.Hours(
      days: week, start: start, end: end,
      limits: .init(up: up == 0 ? nil : up, down: down == 0 ? nil : down))
  }

  /// Days and ranges of them with commas between: `mon-fri`, `sat,sun`, `fri-mon`.
  private static func week(_ text: Substring) -> [Bool]? {
    var week = days.map { _ in false }
    for part in text.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
        days.firstIndex(of: String($0))
      }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1]
      else { return nil }
      for offset in 0...(last - first + 7) % 7 { week[(first + offset) % 7] = true }
    }
    return week
  }

  private static func span(_ text: Substring) -> (start: Int, end: Int)? {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minute)
    guard ends.count == 2, let start = ends[0], let end = ends[1] else { return nil }
    return (start, end)
  }

  /// `HH:MM` in minutes since midnight.
  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy(isDigit) }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour <= 24
    else { return nil }
    return hour * 60 + minute
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
