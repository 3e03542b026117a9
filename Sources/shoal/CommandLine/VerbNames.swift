/// Verbs by the words that a person types.
extension Shoal {
  /// The words that may stand first, in the order of the table.
  static var firstWords: [String] { continuations(of: []) }

  /// Beginnings of names that are longer: `tracker user` of `tracker user add`, and `tracker` itself.
  static var verbGroups: [String] {
    var groups: [String] = []
    for words in verbs.map(\.words) {
      for count in 1..<max(1, words.count) {
        let group = words[..<count].joined(separator: " ")
        if !groups.contains(group) { groups.append(group) }
      }
    }
    return groups
  }

  /// The words that may stand behind these, in the order of the table.
  static func continuations(of words: [String]) -> [String] {
    var next: [String] = []
    for name in verbs.map(\.words)
    where name.count > words.count && name.starts(with: words) && !next.contains(name[words.count])
    {
      next.append(name[words.count])
    }
    return next
  }

  static func verb(named name: String) throws(CommandError) -> Verb {
    try verb(beginning: name.split(separator: " ").map(String.init)).verb
  }

  /// The verb whose name is the longest that the words begin with.
  ///
  /// - Parameter words: the first of a command line, none of them a flag.
  /// - Returns: the verb, and how many of the words its name takes.
  static func verb(
    beginning words: [String]
  ) throws(CommandError) -> (verb: Verb, length: Int) {
    var known = 0
    var found: (verb: Verb, length: Int)?
    while known < words.count, continuations(of: Array(words[..<known])).contains(words[known]) {
      known += 1
      let name = words[..<known].joined(separator: " ")
      if let verb = verbs.first(where: { $0.name == name }) { found = (verb, known) }
    }
    // A word behind a verb that takes none was meant for a longer name.
    if let found, found.length == words.count || found.verb.operands.most > 0 { return found }
    if let found, continuations(of: Array(words[..<found.length])).isEmpty { return found }
    throw unknown(words, known: known)
  }

  private static func unknown(_ words: [String], known: Int) -> CommandError {
    let choices = continuations(of: Array(words[..<known]))
    guard known < words.count else {
      let group = words.joined(separator: " ")
      return .usage(
        "'\(group)' wants one more word: \(choices.joined(separator: ", "))",
        remedy: "see 'shoal --help'")
    }
    let name = words[...known].joined(separator: " ")
    let near =
      EditDistance.nearest(to: words[known], among: choices).map {
        (words[..<known] + [$0]).joined(separator: " ")
      } ?? EditDistance.nearest(to: words.joined(separator: " "), among: verbs.map(\.name))
    return .usage(
      "unknown verb '\(name)'", remedy: near.map { "did you mean '\($0)'?" } ?? "see 'shoal --help'"
    )
  }
}
