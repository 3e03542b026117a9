/// Finds what a mistyped word most likely meant.
enum EditDistance {
  /// The least number of insertions, deletions, replacements and swaps of neighbours that turn one
  /// word into the other (optimal string alignment).
  static func between(_ first: String, _ second: String) -> Int {
    let first = Array(first.utf8)
    let second = Array(second.utf8)
    var beforePrevious: [Int] = []
    var previous = Array(0...second.count)
    for row in 0..<first.count {
      var current = [row + 1]
      current.reserveCapacity(second.count + 1)
      for column in 0..<second.count {
        let same = first[row] == second[column]
        var best = min(previous[column + 1], current[column]) + 1
        best = min(best, previous[column] + (same ? 0 : 1))
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          best = min(best, beforePrevious[column - 1] + 1)
        }
        current.append(best)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[second.count]
  }

  /// The candidate that begins with `word`, or the nearest to it within a third of its letters
  /// (two at least); the earlier of equals.
  static func nearest(to word: String, among candidates: [String]) -> String? {
    if word.utf8.count >= 2, let longer = candidates.first(where: { $0.hasPrefix(word) }) {
      return longer
    }
    let word = String(word.prefix(64))
    let allowed = max(2, word.utf8.count / 3)
    let ranked = candidates.map { (distance: between(word, $0), candidate: $0) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }),
      best.distance <= allowed, best.distance < word.utf8.count
    else { return nil }
    return best.candidate
  }
}
