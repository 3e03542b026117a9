/// Matches paths against a shell-like pattern: `*` is any text within a component, `**` any text at
/// all, `?` one character of a component. A pattern without a slash is matched against the last
/// component, so that `*.flac` finds files in every folder.
struct Glob: Hashable, Sendable {
  private let pattern: [Character]
  private let matchesNameOnly: Bool

  init(_ text: String) {
    pattern = Array(text)
    matchesNameOnly = !text.contains("/")
  }

  func matches(_ path: String) -> Bool {
    let text = matchesNameOnly ? path.split(separator: "/").last.map(String.init) ?? path : path
    return Self.matches(Array(text), pattern)
  }

  /// Where a star stands in the pattern, and how far into the text it reaches.
  private struct Star {
    var place: Int
    var position: Int
  }

  /// Goes through the text once and, where a star took too little, back to the last that can take
  /// more: a plain one up to the next slash, else the last double one.
  private static func matches(_ text: [Character], _ pattern: [Character]) -> Bool {
    var position = 0
    var place = 0
    var plain: Star?
    var double: Star?
    while position < text.count {
      if place < pattern.count, pattern[place] == "*" {
        if place + 1 < pattern.count, pattern[place + 1] == "*" {
          place += 2
          double = Star(place: place, position: position)
          plain = nil
        } else {
          place += 1
          plain = Star(place: place, position: position)
        }
      } else if place < pattern.count,
        pattern[place] == text[position] || (pattern[place] == "?" && text[position] != "/")
      {
        position += 1
        place += 1
      } else if let star = plain, text[star.position] != "/" {
        plain = Star(place: star.place, position: star.position + 1)
        (place, position) = (star.place, star.position + 1)
      } else if let star = double {
        double = Star(place: star.place, position: star.position + 1)
        plain = nil
        (place, position) = (star.place, star.position + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}
