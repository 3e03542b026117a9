/// shoal(1): everything the table of verbs knows, in the macros of man(7).
enum ManualPage {
  static var text: String {
    var page = Page()
    page.line(".TH SHOAL 1 \"\" \"shoal \(Shoal.version)\" \"User Commands\"")
    // Names of flags are not to be cut, and the right margin of a table of them stays ragged.
    page.line(".nh")
    page.line(".ad l")
    page.section("NAME")
    page.prose("shoal - distributes files by swarm")
    page.section("SYNOPSIS")
    page.line("\\fBshoal\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR...] [\\fIFLAG\\fR...]")
    page.section("DESCRIPTION")
    page.prose(
      "Shares files and folders with many machines at once: whoever downloads helps to serve. It "
        + "speaks BitTorrent, so every client can join. The first word says what to do; flags and "
        + "arguments stand in any order, and -- ends the flags.")
    page.prose(HelpPage.quantities)
    page.section("VERBS")
    for verb in Shoal.verbs { page.describe(verb) }
    page.section("FLAGS OF EVERY VERB")
    for flag in GlobalFlags.group.flags { page.describe(flag) }
    page.section("EVENTS")
    page.prose(
      "With --json, standard output carries one JSON object a line and nothing else. These are the "
        + "events; a verb's help page lists its own.")
    for event in events { page.describe(event) }
    page.section("EXIT STATUS")
    for code in ExitCode.allCases { page.item("\\fB\(code.rawValue)\\fR", code.meaning) }
    page.section("ENVIRONMENT")
    page.item("\\fBNO_COLOR\\fR", "Not empty: nothing is coloured, unless --color says always.")
    page.item(
      "\\fBTERM\\fR", "Unset or dumb: no line is redrawn in place.")
    page.item(
      "\\fBSOURCE_DATE_EPOCH\\fR",
      "The date that create and share write, in seconds since 1970, so that the same tree gives "
        + "the same bytes.")
    return page.text
  }

  /// Every event of every verb, once.
  private static var events: [EventOutline] {
    var events: [EventOutline] = []
    for event in Shoal.verbs.flatMap(\.events) {
      let isKnown = events.contains {
        $0.name == event.name && $0.keys.map(\.name) == event.keys.map(\.name)
      }
      if !isKnown { events.append(event) }
    }
    return events
  }
}

/// roff that comes together line by line.
private struct Page {
  private(set) var text = ""
  /// Right behind a section's title, where a paragraph needs no request.
  private var isAtStart = false

  mutating func line(_ roff: String) { text += roff + "\n" }

  mutating func section(_ title: String) {
    line(".SH \(title)")
    isAtStart = true
  }

  /// A paragraph of plain text.
  mutating func prose(_ plain: String) {
    if !isAtStart { line(".PP") }
    isAtStart = false
    line(Self.escape(plain))
  }

  /// - Parameter head: roff.
  mutating func item(_ head: String, _ plain: String) {
    line(".TP")
    line(head)
    line(Self.escape(plain))
  }

  mutating func describe(_ verb: Verb) {
    isAtStart = false
    line(".SS \(Self.escape(verb.usage))")
    line(Self.escape(verb.summary))
    for paragraph in verb.details { prose(paragraph) }
    for group in verb.groups.dropLast() where !group.flags.isEmpty {
      prose(group.title + ":")
      for flag in group.flags { describe(flag) }
    }
    for example in verb.examples {
      prose(example.meaning.prefix(1).uppercased() + example.meaning.dropFirst() + ":")
      line(".RS 4")
      line(".EX")
      line(Self.escape(example.command))
      line(".EE")
      line(".RE")
    }
    prose("Exit status: " + verb.exitCodes.map { "\($0.rawValue)" }.joined(separator: ", ") + ".")
  }

  mutating func describe(_ flag: FlagOutline) {
    let names = flag.spellings.reversed().map { "\\fB\(Self.escape($0))\\fR" }
    var head = names.joined(separator: ", ")
    if let placeholder = flag.placeholder { head += " \\fI\(Self.escape(placeholder))\\fR" }
    item(head, flag.explanation)
  }

  mutating func describe(_ event: EventOutline) {
    item("\\fB\(Self.escape(event.name))\\fR", event.meaning + ".")
    guard !event.keys.isEmpty else { return }
    line(".RS")
    for key in event.keys { item("\\fI\(Self.escape(key.name))\\fR", key.meaning) }
    line(".RE")
  }

  /// Text that stands for itself: no escape, no request at the start of a line, hyphens that can be
  /// copied into a shell, and no byte beyond ASCII, which not every formatter takes.
  private static func escape(_ plain: some StringProtocol) -> String {
    var roff = ""
    for scalar in plain.unicodeScalars {
      switch scalar {
      case "\\": roff += "\\e"
      case "-": roff += "\\-"
      case "'": roff += "\\(aq"
      case "`": roff += "\\(ga"
      case "^": roff += "\\(ha"
      case "~": roff += "\\(ti"
      case "\"": roff += "\\(dq"
      case "…": roff += "..."
      case _ where !scalar.isASCII:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        roff += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
      default: roff.unicodeScalars.append(scalar)
      }
    }
    return roff.hasPrefix(".") ? "\\&" + roff : roff
  }
}
