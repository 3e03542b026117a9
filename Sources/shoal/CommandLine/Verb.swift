/// One verb of the command line, declared once: parsing, suggestions, help, completion and the
/// manual come from here.
struct Verb: Sendable {
  struct Example: Sendable {
    let command: String
    let meaning: String

    init(_ command: String, _ meaning: String) {
      self.command = command
      self.meaning = meaning
    }
  }

  /// One word, or several where verbs form a group: `tracker user add`.
  let name: String
  let summary: String
  let operands: Operands
  let groups: [FlagGroup]
  /// Paragraphs of the help page.
  let details: [String]
  let examples: [Example]
  let exitCodes: [ExitCode]
  /// What `--json` prints, line by line.
  let events: [EventOutline]
  /// The keys of the one object that `--json` prints instead, for verbs that answer a question.
  let object: [EventOutline.Key]
  let perform: @Sendable (ParsedArguments, Console) throws(CommandError) -> ExitCode

  init(
    _ name: String, _ summary: String, operands: Operands, groups: [FlagGroup], details: [String],
    examples: [Example], exitCodes: [ExitCode], events: [EventOutline],
    object: [EventOutline.Key] = [],
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
    self.object = object
    self.perform = perform
  }

  var flags: [FlagOutline] { groups.flatMap(\.flags) }

  /// The words of the name.
  var words: [String] { name.split(separator: " ").map(String.init) }

  /// `shoal VERB OPERAND… [FLAG…]`
  var usage: String {
    ["shoal", name, operands.placeholder, "[FLAG…]"].filter { !$0.isEmpty }.joined(separator: " ")
  }
}

/// A word that stands behind the verb and is no flag.
struct Operand: Sendable {
  let placeholder: String
  let completion: Completion

  init(_ placeholder: String, _ completion: Completion = .nothing) {
    self.placeholder = placeholder
    self.completion = completion
  }

  static let torrentFile = Operand("FILE.torrent", .torrentFiles)
  /// A magnet link, a `.torrent` file or the URL of one.
  static let source = Operand("SOURCE", .torrentFiles)
  static let path = Operand("PATH", .files)
}

/// What stands behind the verb besides flags.
struct Operands: Sendable {
  let each: [Operand]
  /// How many there have to be.
  let least: Int
  /// Whether the last may be given again and again.
  let repeatsLast: Bool

  var most: Int { repeatsLast ? .max : each.count }

  static let none = Operands(each: [], least: 0, repeatsLast: false)

  /// These, each once.
  static func exactly(_ operands: Operand...) -> Operands {
    Operands(each: operands, least: operands.count, repeatsLast: false)
  }

  static func optional(_ operand: Operand) -> Operands {
    Operands(each: [operand], least: 0, repeatsLast: false)
  }

  /// Any number, none included.
  static func anyNumber(_ operand: Operand) -> Operands {
    Operands(each: [operand], least: 0, repeatsLast: true)
  }

  /// One or more.
  static func several(_ operand: Operand) -> Operands {
    Operands(each: [operand], least: 1, repeatsLast: true)
  }

  /// As a usage line has it; empty where there is none.
  var placeholder: String {
    let words = each.indices.map { index in
      index < least ? each[index].placeholder : "[\(each[index].placeholder)]"
    }
    return words.joined(separator: " ") + (repeatsLast ? "…" : "")
  }
}
