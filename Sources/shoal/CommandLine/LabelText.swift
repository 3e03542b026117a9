import SwarmLogic

/// The limits of the torrents of one label together.
struct LabelLimit: Hashable, Sendable {
  let label: String
  let limits: LimitSchedule.Limits
}

/// Labels and their limits as people write them: `films=200K/s,2M/s`.
enum LabelText {
  /// Characters of the longest label.
  static let longest = 64

  /// A name that can stand in flags, in headings of lists and beside a torrent's name.
  static func parse(_ text: String) -> String? {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || "-_.".unicodeScalars.contains(scalar)
    }
    return isPlain && (1...longest).contains(text.count) ? text : nil
  }

  static func parseLimit(_ text: String) -> LabelLimit? {
    guard let equals = text.firstIndex(of: "="), let label = parse(String(text[..<equals])) else {
      return nil
    }
    let rates = text[text.index(after: equals)...].split(
      separator: ",", omittingEmptySubsequences: false)
    guard rates.count == 2, let up = ValueKind.rate.read(String(rates[0])),
      let down = ValueKind.rate.read(String(rates[1]))
    else { return nil }
    return LabelLimit(
      label: label, limits: .init(up: up == 0 ? nil : up, down: down == 0 ? nil : down))
  }
}
