/// A shell that `shoal completion` writes a script for, from the table of verbs.
enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish

  var script: String {
    switch self {
    case .bash: BashCompletion.script
    case .zsh: ZshCompletion.script
    case .fish: FishCompletion.script
    }
  }
}

extension FlagOutline {
  /// `--name` and, where there is one, `-n`.
  var spellings: [String] { ["--" + name] + (short.map { ["-\($0)"] } ?? []) }
}

/// How shells take a text that is to stand for itself.
enum ShellQuote {
  /// In single quotes, as bash and zsh read them.
  static func single(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
      + "'"
  }

  /// In single quotes, as fish reads them.
  static func fish(_ text: String) -> String {
    var quoted = "'"
    for character in text {
      if character == "'" || character == "\\" { quoted += "\\" }
      quoted.append(character)
    }
    return quoted + "'"
  }
}
