import TorrentModel

/// The program: finds the verb, hands it its words, and turns what it throws into an exit code.
enum Shoal {
  static let version = "0.1.0"

  static func run(_ words: ArraySlice<String>) -> ExitCode {
    do {
      return try dispatch(words)
    } catch {
      // The flags may be what is wrong, so JSON mode is looked for in the bare words.
      let isJSON = words.prefix { $0 != "--" }.contains("--" + GlobalFlags.json.outline.name)
      Console(isJSON: isJSON, detail: .normal).report(error)
      return error.exitCode
    }
  }

  private static func dispatch(_ words: ArraySlice<String>) throws(CommandError) -> ExitCode {
    guard let place = positionOfVerb(words) else {
      let arguments = try CommandLineParser(flags: GlobalFlags.group.flags).parse(words)
      let console = try Console(arguments)
      if arguments.has(GlobalFlags.version) { return printVersion(console) }
      guard arguments.has(GlobalFlags.help) else {
        throw .usage("a verb is missing", remedy: "see 'shoal --help'")
      }
      HelpPage.showOverview(on: console)
      return .done
    }
    let (verb, length) = try Self.verb(
      beginning: Array(words[place...].prefix { !$0.hasPrefix("-") || $0 == "-" }))
    let arguments = try verb.parse(words[..<place] + words[(place + length)...])
    let console = try Console(arguments)
    if arguments.has(GlobalFlags.version) { return printVersion(console) }
    if arguments.has(GlobalFlags.help) {
      HelpPage(verb: verb).show(on: console)
      return .done
    }
    do {
      return try verb.perform(arguments, console)
    } catch {
      assert(verb.exitCodes.contains(error.exitCode), "an undocumented exit code: \(error.line)")
      throw error
    }
  }

  /// The first word that is no flag and no flag's value: global flags may stand before the verb.
  private static func positionOfVerb(_ words: ArraySlice<String>) -> Int? {
    var position = words.startIndex
    while position < words.endIndex, words[position].hasPrefix("-"), words[position] != "-" {
      let takesValue = words[position] == "--" + GlobalFlags.color.outline.name
      position += takesValue ? 2 : 1
    }
    return position < words.endIndex ? position : nil
  }

  private static func printVersion(_ console: Console) -> ExitCode {
    if console.isJSON {
      console.output.write(JSONValue.object([("version", .string(version))]).text + "\n")
    } else {
      console.output.write("shoal \(version)\n")
    }
    return .done
  }
}
