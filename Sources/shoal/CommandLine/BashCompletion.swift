/// The completion script for bash 4.0 and later; it needs no package beside it.
///
/// The script walks the words once and knows then the verb, how many operands stand behind it, and
/// whether a flag waits for its value. readline cuts words at `=` and `:` (COMP_WORDBREAKS), which
/// the walk undoes.
enum BashCompletion {
  static var script: String {
    """
    # Completion of shoal(1) for bash, as 'shoal completion bash' prints it.

    _shoal_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }

    # Folders, and the files that match a pattern.
    _shoal_files() {
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(
        compgen -d -- "$current"
        [[ -z $1 ]] || compgen -f -X "!$1" -- "$current" | while IFS= read -r name; do
          [[ -d $name ]] || printf '%s\\n' "$name"
        done
      )
    }

    _shoal() {
      local current=${COMP_WORDS[COMP_CWORD]} word index
      local names='|\((Shoal.verbGroups + Shoal.verbs.map(\.name)).joined(separator: "|"))|'
      local verb='' flag='' ended='' operands=0 values='\(values(of: GlobalFlags.group.flags))'
      for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ $word == = && -n $flag ]]; then
          continue
        elif [[ $word == [=:] ]]; then
          ((index++))
        elif [[ -n $flag ]]; then
          flag=''
        elif [[ -z $ended && $word == -- ]]; then
          ended=1
        elif [[ -z $ended && $word == -?* ]]; then
          [[ " $values " != *" $word "* ]] || flag=$word
        elif [[ -z $verb || ( $operands == 0 && $names == *"|$verb $word|"* ) ]]; then
          verb=${verb:+$verb }$word
          case $verb in
    \(valueCases)      esac
        else
          ((operands++))
        fi
      done
      [[ $current != = ]] || current=''
      COMPREPLY=()
      if [[ -n $flag ]]; then
        case $verb:$flag in
    \(flagCases)    esac
      elif [[ -z $ended && $current == -* ]]; then
        case $verb in
    \(flagNameCases)      *) _shoal_words '\(names(of: GlobalFlags.group.flags))' ;;
        esac
      else
        case $verb:$operands in
          :*) _shoal_words '\(verbNames)' ;;
    \(operandCases)    esac
      fi
    }

    complete -F _shoal shoal

    """
  }

  private static var verbNames: String { Shoal.firstWords.joined(separator: " ") }

  /// A name as a pattern that stands for itself.
  private static func pattern(_ name: String) -> String {
    name.contains(" ") ? ShellQuote.single(name) : name
  }

  private static func names(of flags: [FlagOutline]) -> String {
    flags.map { "--" + $0.name }.joined(separator: " ")
  }

  /// The spellings of the flags that take a value.
  private static func values(of flags: [FlagOutline]) -> String {
    flags.filter { $0.placeholder != nil }.flatMap(\.spellings).joined(separator: " ")
  }

  private static var valueCases: String {
    Shoal.verbs.reduce(into: "") { text, verb in
      text += "        \(pattern(verb.name))) values='\(values(of: verb.flags))' ;;\n"
    }
  }

  private static var flagNameCases: String {
    Shoal.verbs.reduce(into: "") { text, verb in
      text += "      \(pattern(verb.name))) _shoal_words '\(names(of: verb.flags))' ;;\n"
    }
  }

  /// What may stand behind a flag; nothing is offered for values that nobody can guess.
  private static var flagCases: String {
    func line(_ verb: String, _ flag: FlagOutline) -> String {
      guard let command = command(flag.completion) else { return "" }
      let patterns = flag.spellings.map { "\(verb):\($0)" }.joined(separator: " | ")
      return "      \(patterns)) \(command) ;;\n"
    }
    var text = ""
    for flag in GlobalFlags.group.flags { text += line("*", flag) }
    for verb in Shoal.verbs {
      for group in verb.groups.dropLast() {
        for flag in group.flags { text += line(pattern(verb.name), flag) }
      }
    }
    return text
  }

  private static var operandCases: String {
    var text = ""
    for group in Shoal.verbGroups {
      let words = Shoal.continuations(of: group.split(separator: " ").map(String.init))
      text += "      \(pattern(group)):0) _shoal_words '\(words.joined(separator: " "))' ;;\n"
    }
    for verb in Shoal.verbs {
      for (position, operand) in verb.operands.each.enumerated() {
        guard let command = command(operand.completion) else { continue }
        let repeats = verb.operands.repeatsLast && position == verb.operands.each.count - 1
        text += "      \(pattern(verb.name)):\(repeats ? "*" : "\(position)")) \(command) ;;\n"
      }
    }
    return text
  }

  private static func command(_ completion: Completion) -> String? {
    switch completion {
    case .nothing: nil
    case .files: "_shoal_files '*'"
    case .torrentFiles: "_shoal_files '*.torrent'"
    case .folders: "_shoal_files ''"
    case .words(let words): "_shoal_words '\(words.joined(separator: " "))'"
    case .verbs: "_shoal_words '\(verbNames)'"
    }
  }
}
