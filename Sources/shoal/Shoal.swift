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
      console.output.write(console.isJSON ? HelpPage.overviewJSON.text + "\n" : HelpPage.overview)
      return .done
    }
    let name = words[place]
    let rest = Array(words[..<place] + words[(place + 1)...])
    if name == "help" {
      // `shoal help get` asks for what `shoal get --help` does.
      return try dispatch(rest[...] + ["--help"])
    }
    guard let verb = verbs.first(where: { $0.name == name }) else {
      let near = EditDistance.nearest(to: name, among: verbs.map(\.name))
      throw .usage(
        "unknown verb '\(name)'",
        remedy: near.map { "did you mean '\($0)'?" } ?? "see 'shoal --help'")
    }
    let arguments = try verb.parse(rest)
    let console = try Console(arguments)
    if arguments.has(GlobalFlags.version) { return printVersion(console) }
    if arguments.has(GlobalFlags.help) {
      let page = HelpPage(verb: verb)
      console.output.write(console.isJSON ? page.json.text + "\n" : page.text)
      return .done
    }
    return try verb.perform(arguments, console)
  }

  /// The first word that is no flag and no flag's value: global flags may stand before the verb.
  private static func positionOfVerb(_ words: ArraySlice<String>) -> Int? {
    var position = words.startIndex
    while position < words.endIndex, words[position].hasPrefix("-") {
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
