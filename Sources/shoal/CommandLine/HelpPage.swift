import TorrentModel

/// A verb's page, for people and for programs, made from its declaration.
struct HelpPage {
  let verb: Verb

  var text: String {
    var text = "Usage: \(verb.usage)\n\n\(verb.summary)\n"
    for paragraph in verb.details { text += "\n" + Self.wrap(paragraph, indent: 0) }
    for group in verb.groups where !group.flags.isEmpty {
      text += "\n\(group.title):\n"
      for flag in group.flags { text += Self.lines(of: flag) }
    }
    if !verb.examples.isEmpty {
      text += "\nExamples:\n"
      for example in verb.examples {
        text += "  \(example.command)\n      \(example.meaning)\n"
      }
    }
    let events = verb.events.map(\.name).joined(separator: ", ")
    text += "\nEvents of --json, whose keys 'shoal \(verb.name) --help --json' tells:\n"
    text += Self.wrap(events, indent: 2)
    text += "\nExit codes:\n"
    for code in verb.exitCodes { text += "  \(code.rawValue)  \(code.meaning)\n" }
    return text
  }

  var json: JSONValue {
    .object([
      ("verb", .string(verb.name)),
      ("summary", .string(verb.summary)),
      ("usage", .string(verb.usage)),
      ("flags", .array(verb.flags.map(Self.json))),
      ("operands", .string(verb.operands.placeholder)),
      ("events", .array(verb.events.map(\.json))),
      (
        "object",
        .object([
          ("keys", EventOutline.names(of: verb.object)),
          ("meanings", EventOutline.meanings(of: verb.object)),
        ])
      ),
      (
        "examples",
        .array(
          verb.examples.map {
            .object([("command", .string($0.command)), ("meaning", .string($0.meaning))])
          })
      ),
      (
        "exitCodes",
        .array(
          verb.exitCodes.map {
            .object([
              ("code", .integer(Int64($0.rawValue))), ("kind", .string($0.word)),
              ("meaning", .string($0.meaning)),
            ])
          })
      ),
    ])
  }

  /// The page of the program itself.
  static var overview: String {
    var text = "Usage: shoal VERB [ARGUMENT…] [FLAG…]\n\nDistributes files by swarm.\n\nVerbs:\n"
    let width = Shoal.verbs.map(\.name.count).max() ?? 0
    for verb in Shoal.verbs {
      text += "  \(TextColumns.pad(verb.name, to: width + 2))\(verb.summary)\n"
    }
    text += "\n\(GlobalFlags.group.title):\n"
    for flag in GlobalFlags.group.flags { text += lines(of: flag) }
    text += "\n" + wrap(quantities, indent: 0)
    return text + "'shoal VERB --help' tells more about a verb.\n"
  }

  /// How sizes, rates and times are written.
  static let quantities =
    "Sizes take K, M, G or KiB, MiB, GiB, all powers of 1024; rates the same with /s; times 90s, "
    + "15m, 2h, 1d."

  func show(on console: Console) {
    console.output.write(console.isJSON ? json.text + "\n" : text)
  }

  static func showOverview(on console: Console) {
    console.output.write(console.isJSON ? overviewJSON.text + "\n" : overview)
  }

  /// What `json` prints, and in which order.
  static let keys: [EventOutline.Key] = [
    .init("verb", "its name"), .init("summary", "what it does"), .init("usage", "its usage line"),
    .init("flags", "each with flag, short, value, summary, default and repeatable"),
    .init("operands", "what stands behind it besides flags"),
    .init("events", "each with event, meaning, keys and meanings"),
    .init("object", "keys and meanings of the one object that it prints instead of events"),
    .init("examples", "each with command and meaning"),
    .init("exitCodes", "each with code, kind and meaning"),
  ]

  static var overviewJSON: JSONValue {
    .object([
      ("version", .string(Shoal.version)),
      (
        "verbs",
        .array(
          Shoal.verbs.map {
            .object([("verb", .string($0.name)), ("summary", .string($0.summary))])
          })
      ),
      ("flags", .array(GlobalFlags.group.flags.map(json))),
    ])
  }

  private static func json(_ flag: FlagOutline) -> JSONValue {
    .object([
      ("flag", .string("--" + flag.name)),
      ("short", .optional(flag.short.map { "-\($0)" })),
      ("value", .optional(flag.placeholder)),
      ("summary", .string(flag.summary)),
      ("default", .optional(flag.fallback)),
      ("repeatable", .bool(flag.isRepeatable)),
    ])
  }

  private static let summaryColumn = 28
  private static let width = 92

  private static func lines(of flag: FlagOutline) -> String {
    var head = flag.short.map { "  -\($0), " } ?? "      "
    head += "--" + flag.name
    if let placeholder = flag.placeholder { head += " " + placeholder }
    let body = wrap(flag.explanation, indent: summaryColumn)
    guard TextColumns.count(head) + 2 <= summaryColumn else { return head + "\n" + body }
    return TextColumns.pad(head, to: summaryColumn) + body.dropFirst(summaryColumn)
  }

  /// Lines of whole words, indented, each ended by a line feed.
  private static func wrap(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = margin
    for word in text.split(separator: " ") {
      if TextColumns.count(line) + 1 + TextColumns.count(word) > width, line != margin {
        lines.append(line)
        line = margin
      }
      line += line == margin ? String(word) : " \(word)"
    }
    lines.append(line)
    return lines.joined(separator: "\n") + "\n"
  }
}
