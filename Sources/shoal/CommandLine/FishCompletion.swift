/// The completion script for fish.
enum FishCompletion {
  static var script: String {
    let names = (Shoal.verbGroups + Shoal.verbs.map(\.name)).map(ShellQuote.fish)
    var text = """
      # Completion of shoal(1) for fish, as 'shoal completion fish' prints it.

      # The verb that the words so far name.
      function __shoal_verb
          set -l verb
          for word in (commandline -opc)[2..-1]
              set -l longer (string join ' ' -- $verb $word)
              if contains -- $longer \(names.joined(separator: " "))
                  set verb $longer
              else if set -q verb[1]; and not string match -q -- '-*' $word
                  break
              end
          end
          string join ' ' -- $verb
      end

      function __shoal_is
          test "$(__shoal_verb)" = "$argv"
      end

      complete -c shoal -e
      complete -c shoal -f

      """
    for flag in GlobalFlags.group.flags { text += line(flag, condition: nil) }
    for group in [""] + Shoal.verbGroups { text += "\n" + words(behind: group) }
    for verb in Shoal.verbs {
      text += "\n"
      let condition = "__shoal_is \(verb.name)"
      for completion in operands(of: verb) {
        text += "complete -c shoal -n \(ShellQuote.fish(condition)) \(candidates(completion))\n"
      }
      for group in verb.groups.dropLast() {
        for flag in group.flags { text += line(flag, condition: condition) }
      }
    }
    return text
  }

  /// The words that a name may go on with; every name begins behind nothing.
  private static func words(behind group: String) -> String {
    let known = group.split(separator: " ").map(String.init)
    return Shoal.continuations(of: known).reduce(into: "") { text, word in
      let summary = Shoal.verbs.first { $0.words.starts(with: known + [word]) }?.summary ?? ""
      text += "complete -c shoal -n \(ShellQuote.fish("__shoal_is \(group)")) -a \(word)"
      text += " -d \(ShellQuote.fish(summary))\n"
    }
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
    case .verbs: "-f -a \(ShellQuote.fish(Shoal.firstWords.joined(separator: " ")))"
    }
  }
}
