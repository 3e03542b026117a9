/// The completion script for zsh: a function for `fpath`, which can be sourced as well.
enum ZshCompletion {
  static var script: String {
    """
    #compdef shoal
    # Completion of shoal(1) for zsh, as 'shoal completion zsh' prints it.

    _shoal() {
      local context state state_descr line curcontext=$curcontext
      typeset -A opt_args
      local -a verbs=(
    \(descriptions)  )
      local -a names=(
    \(names)  )
      _arguments -C -S -s \\
    \(specifications(of: GlobalFlags.group.flags))    '1:verb:->verb' \\
        '*::argument:->argument' && return
      case $state in
        verb) _describe -t verbs verb verbs ;;
        argument)
          local verb=$words[1]
          while (( CURRENT > 2 )) && (( $names[(Ie)$verb $words[2]] )); do
            verb="$verb $words[2]"
            shift words
            (( CURRENT-- ))
          done
          case $verb in
    \(cases)      esac
          ;;
      esac
    }

    if [[ $funcstack[1] == _shoal ]]; then _shoal "$@"; else compdef _shoal shoal; fi

    """
  }

  private static var descriptions: String {
    Shoal.firstWords.reduce(into: "") { text, word in
      let summary = Shoal.verbs.first { $0.words.first == word }?.summary ?? ""
      text += "    \(ShellQuote.single("\(word):\(summary)"))\n"
    }
  }

  /// Names of several words, and the beginnings of such.
  private static var names: String {
    (Shoal.verbGroups + Shoal.verbs.map(\.name)).filter { $0.contains(" ") }
      .reduce(into: "") { text, name in text += "    \(ShellQuote.single(name))\n" }
  }

  private static var cases: String {
    var text = ""
    let groups = Shoal.verbGroups
    for group in groups where !Shoal.verbs.contains(where: { $0.name == group }) {
      text += "        \(pattern(group)))\n          _arguments -S -s \\\n"
      text += "        \(continuation(of: group))\n            && return\n          ;;\n"
    }
    for verb in Shoal.verbs {
      text += "        \(pattern(verb.name)))\n          _arguments -S -s \\\n"
      var lines = specifications(of: verb.flags)
      if groups.contains(verb.name) { lines += continuation(of: verb.name) + "\n" }
      for (position, operand) in verb.operands.each.enumerated() {
        let repeats = verb.operands.repeatsLast && position == verb.operands.each.count - 1
        let place = repeats ? "*" : "\(position + 1)"
        let specification = "\(place):\(escape(operand.placeholder)):\(action(operand.completion))"
        lines += "    \(ShellQuote.single(specification)) \\\n"
      }
      for line in lines.split(separator: "\n") { text += "        \(line)\n" }
      text += "            && return\n          ;;\n"
    }
    return text
  }

  private static func pattern(_ name: String) -> String {
    name.contains(" ") ? ShellQuote.single(name) : name
  }

  /// The argument of `_arguments` for the word that a longer name goes on with.
  private static func continuation(of group: String) -> String {
    let words = Shoal.continuations(of: group.split(separator: " ").map(String.init))
    return "    \(ShellQuote.single("1:verb:(\(words.joined(separator: " ")))")) \\"
  }

  /// One argument of `_arguments` for each flag, on a line of its own.
  private static func specifications(of flags: [FlagOutline]) -> String {
    flags.reduce(into: "") { text, flag in
      let value = flag.placeholder.map { ":\(escape($0)):\(action(flag.completion))" } ?? ""
      let rest = "[\(escape(flag.summary))]" + value
      let long = "--" + flag.name + (flag.placeholder == nil ? "" : "=")
      let exclusions = flag.isRepeatable ? "*" : "(\(flag.spellings.joined(separator: " ")))"
      let specification =
        if let short = flag.short {
          "\(ShellQuote.single(exclusions)){-\(short)\(flag.placeholder == nil ? "" : "+"),\(long)}"
            + ShellQuote.single(rest)
        } else {
          ShellQuote.single(exclusions + long + rest)
        }
      text += "    \(specification) \\\n"
    }
  }

  /// `:`, `[` and `]` part the fields of a specification.
  private static func escape(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      if "[]:\\".contains(character) { result += "\\" }
      result.append(character)
    }
  }

  private static func action(_ completion: Completion) -> String {
    switch completion {
    case .nothing: " "
    case .files: "_files"
    case .torrentFiles: "_files -g \"*.torrent(-.)\""
    case .folders: "_files -/"
    case .words(let words): "(\(words.joined(separator: " ")))"
    case .verbs: "(\(Shoal.firstWords.joined(separator: " ")))"
    }
  }
}
