/// What the parser and the help page know of a flag.
struct FlagOutline: Sendable {
  /// The long form, without its dashes.
  let name: String
  /// The short form, without its dash.
  let short: Character?
  /// What stands for the value in help; `nil` for a switch, which takes none.
  let placeholder: String?
  /// What a shell offers for the value.
  let completion: Completion
  let summary: String
  /// What holds when the flag is not given, for the help page.
  let fallback: String?
  let isRepeatable: Bool

  /// What it does, whether it may be given again, and what holds without it.
  var explanation: String {
    var text = summary
    if isRepeatable { text += " (repeatable)" }
    if let fallback { text += " [default: \(fallback)]" }
    return text
  }
}

/// A flag with a value: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`.
struct Flag<Value: Sendable>: Sendable {
  let outline: FlagOutline
  let kind: ValueKind<Value>

  init(
    _ name: String, short: Character? = nil, _ kind: ValueKind<Value>, _ summary: String,
    fallback: String? = nil, isRepeatable: Bool = false
  ) {
    outline = FlagOutline(
      name: name, short: short, placeholder: kind.placeholder, completion: kind.completion,
      summary: summary, fallback: fallback, isRepeatable: isRepeatable)
    self.kind = kind
  }
}

/// A flag without a value.
struct Switch: Sendable {
  let outline: FlagOutline

  init(_ name: String, short: Character? = nil, _ summary: String) {
    outline = FlagOutline(
      name: name, short: short, placeholder: nil, completion: .nothing, summary: summary,
      fallback: nil, isRepeatable: false)
  }
}

/// The flags that every verb understands.
enum GlobalFlags {
  static let json = Switch("json", "one JSON object a line on standard output, nothing else there")
  static let quiet = Switch("quiet", short: "q", "results and errors only")
  static let verbose = Switch("verbose", short: "v", "say more about what happens")
  static let color = Flag(
    "color", .choice(of: ColorChoice.self), "when to colour; NO_COLOR is respected",
    fallback: "auto")
  static let help = Switch("help", short: "h", "this page; with --json, for programs")
  static let version = Switch("version", short: "V", "the version")

  static let group = FlagGroup(
    title: "Every verb",
    [
      json.outline, quiet.outline, verbose.outline, color.outline, help.outline, version.outline,
    ])
}

enum ColorChoice: String, CaseIterable, Sendable {
  case auto, always, never
}

/// Flags that stand together on a help page.
struct FlagGroup: Sendable {
  let title: String
  let flags: [FlagOutline]

  init(title: String, _ flags: [FlagOutline]) {
    self.title = title
    self.flags = flags
  }
}
