/// Takes a verb's words apart by GNU habits: flags and operands in any order, `--flag VALUE`,
/// `--flag=VALUE`, `-f VALUE`, `-fVALUE`, joined short switches, and `--` before operands that
/// begin with a dash. A lone `-` is an operand.
struct CommandLineParser {
  let flags: [FlagOutline]

  func parse(_ words: some Sequence<String>) throws(CommandError) -> ParsedArguments {
    var parsed = ParsedArguments()
    var words = words.makeIterator()
    var flagsEnded = false
    while let word = words.next() {
      if flagsEnded || word == "-" || !word.hasPrefix("-") {
        parsed.operands.append(word)
      } else if word == "--" {
        flagsEnded = true
      } else if word.hasPrefix("--") {
        parsed.occurrences.append(try long(word, rest: &words))
      } else {
        parsed.occurrences += try cluster(word, rest: &words)
      }
    }
    return parsed
  }

  /// `--flag`, `--flag=VALUE` or `--flag VALUE`.
  private func long(
    _ word: String, rest words: inout some IteratorProtocol<String>
  ) throws(CommandError) -> ParsedArguments.Occurrence {
    let body = word.dropFirst(2)
    let name = String(body.prefix { $0 != "=" })
    guard let flag = flags.first(where: { $0.name == name }) else { throw unknown(name) }
    let attached = body.count > name.count ? String(body.dropFirst(name.count + 1)) : nil
    guard let placeholder = flag.placeholder else {
      guard attached == nil else { throw .usage("--\(name) takes no value") }
      return .init(name: name, value: nil)
    }
    guard let value = attached ?? words.next() else {
      throw .usage("--\(name) wants a value", remedy: "write --\(name) \(placeholder)")
    }
    return .init(name: name, value: value)
  }

  /// Short flags joined behind one dash; the first that takes a value takes the rest of the word.
  private func cluster(
    _ word: String, rest words: inout some IteratorProtocol<String>
  ) throws(CommandError) -> [ParsedArguments.Occurrence] {
    var occurrences: [ParsedArguments.Occurrence] = []
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let flag = flags.first(where: { $0.short == letter }) else {
        // `-output` is a long flag that lost a dash.
        let whole = String(word.dropFirst().prefix { $0 != "=" })
        guard whole.count > 1, flags.contains(where: { $0.name == whole }) else {
          throw .usage("unknown flag '-\(letter)'", remedy: "see 'shoal --help'")
        }
        throw .usage("unknown flag '\(word)'", remedy: "did you mean '--\(whole)'?")
      }
      guard let placeholder = flag.placeholder else {
        occurrences.append(.init(name: flag.name, value: nil))
        continue
      }
      guard let value = letters.isEmpty ? words.next() : String(letters) else {
        throw .usage("-\(letter) wants a value", remedy: "write -\(letter) \(placeholder)")
      }
      occurrences.append(.init(name: flag.name, value: value))
      break
    }
    return occurrences
  }

  private func unknown(_ name: String) -> CommandError {
    let near = EditDistance.nearest(to: name, among: flags.map(\.name))
    return .usage(
      "unknown flag '--\(name)'",
      remedy: near.map { "did you mean '--\($0)'?" } ?? "see 'shoal --help'")
  }
}

extension Verb {
  /// - Throws: a usage error that names the verb's help page.
  func parse(_ words: some Sequence<String>) throws(CommandError) -> ParsedArguments {
    let parsed = try CommandLineParser(flags: flags).parse(words)
    guard !parsed.has(GlobalFlags.help), !parsed.has(GlobalFlags.version) else { return parsed }
    guard parsed.operands.count >= operands.least else {
      throw .usage(
        "'\(name)' wants \(operands.placeholder)", remedy: "see 'shoal \(name) --help'")
    }
    guard parsed.operands.count <= operands.most else {
      throw .usage(
        "'\(name)' does not know what to do with '\(parsed.operands[operands.most])'",
        remedy: "see 'shoal \(name) --help'")
    }
    if let empty = parsed.operands.firstIndex(of: "") {
      throw .usage(
        "the operand number \(empty + 1) is empty", remedy: "see 'shoal \(name) --help'")
    }
    return parsed
  }
}
