/// The completion script for fish.
enum FishCompletion {
  static var script: String {
    var text = """
      # Completion of shoal(1) for fish, as 'shoal completion fish' prints it.

      complete -c shoal -e
      complete -c shoal -f

      """
    for flag in GlobalFlags.group.flags { text += line(flag, condition: nil) }
    for verb in Shoal.verbs {
      text += "\ncomplete -c shoal -n __fish_use_subcommand -a \(verb.name)"
      text += " -d \(ShellQuote.fish(verb.summary))\n"
      let condition = "__fish_seen_subcommand_from \(verb.name)"
      for completion in operands(of: verb) {
        text += "complete -c shoal -n \(ShellQuote.fish(condition)) \(candidates(completion))\n"
      }
      for group in verb.groups.dropLast() {
        for flag in group.flags { text += line(flag, condition: condition) }
      }
    }
    return text
  }

  /// fish does not count operands: whatever any of them may be is offered for each.
  private static func operands(of verb: Verb) -> [Completion] {
    let kinds = verb.operands.each.map(\.completion).filter { $0 != .nothing }
    return kinds.contains(.files) ? [.files] : kinds
  }

  private static func line(_ flag: FlagOutline, condition: String?) -> String {
    var text = "complete -c shoal"
    if let condition { text += " -n \(ShellQuote.fish(condition))" }
    if let short = flag.short { text += " -s \(short)" }
    text += " -l \(flag.name)"
    if flag.placeholder != nil { text += " -r \(candidates(flag.completion))" }
    return text + " -d \(ShellQuote.fish(flag.summary))\n"
  }

  private static func candidates(_ completion: Completion) -> String {
    switch completion {
    case .nothing: "-f"
    case .files: "-F"
    case .torrentFiles: "-f -k -a '(__fish_complete_suffix .torrent)'"
    case .folders: "-f -a '(__fish_complete_directories (commandline -ct))'"
    case .words(let words): "-f -a \(ShellQuote.fish(words.joined(separator: " ")))"
    case .verbs: "-f -a \(ShellQuote.fish(Shoal.verbs.map(\.name).joined(separator: " ")))"
    }
  }
}
