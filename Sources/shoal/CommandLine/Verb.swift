/// One verb of the command line, declared once: parsing, suggestions and help come from here.
struct Verb: Sendable {
  struct Example: Sendable {
    let command: String
    let meaning: String

    init(_ command: String, _ meaning: String) {
      self.command = command
      self.meaning = meaning
    }
  }

  /// What stands behind the verb besides flags.
  struct Operands: Sendable {
    let placeholder: String
    let least: Int
    let most: Int

    static let none = Operands(placeholder: "", least: 0, most: 0)

    static func one(_ placeholder: String) -> Operands {
      Operands(placeholder: placeholder, least: 1, most: 1)
    }

    static func several(_ placeholder: String) -> Operands {
      Operands(placeholder: placeholder, least: 1, most: .max)
    }
  }

  /// An event of `--json` mode and its keys, besides `event` and `time`.
  struct Event: Sendable {
    let name: String
    let keys: [String]
  }

  let name: String
  let summary: String
  let operands: Operands
  let groups: [FlagGroup]
  /// Paragraphs of the help page.
  let details: [String]
  let examples: [Example]
  let exitCodes: [ExitCode]
  let events: [Event]
  let perform: @Sendable (ParsedArguments, Console) throws(CommandError) -> ExitCode

  init(
    _ name: String, _ summary: String, operands: Operands, groups: [FlagGroup], details: [String],
    examples: [Example], exitCodes: [ExitCode], events: [Event],
    perform: @escaping @Sendable (ParsedArguments, Console) throws(CommandError) -> ExitCode
  ) {
    self.name = name
    self.summary = summary
    self.operands = operands
    self.groups = groups + [GlobalFlags.group]
    self.details = details
    self.examples = examples
    self.exitCodes = exitCodes
    self.events = events
    self.perform = perform
  }

  var flags: [FlagOutline] { groups.flatMap(\.flags) }

  var usage: String {
    var text = "shoal \(name)"
    if operands.most > 0 { text += " \(operands.placeholder)" }
    if operands.most > 1 { text += "…" }
    return text + " [FLAG…]"
  }
}
