extension Verb {
  private static let man = Switch("man", "the manual page, in roff, of all verbs together")

  static let help = Verb(
    "help", "Prints the page of a verb, or the list of verbs.",
    operands: .anyNumber(Operand("VERB", .verbs)),
    groups: [FlagGroup(title: "Page", [man.outline])],
    details: [
      "'shoal help get' and 'shoal get --help' are the same. With --json the page is one object, "
        + "made for programs, that lists the flags, the events and the exit codes."
    ],
    examples: [
      .init("shoal help get", "how to download"),
      .init("shoal help get --json", "the same for programs, with the events and their keys"),
      .init("shoal help --man | man -l -", "everything, as a manual page"),
    ],
    exitCodes: [.done, .usage],
    events: [.error],
    object: HelpPage.keys
  ) { arguments, console throws(CommandError) in
    if try arguments.exclusive(man, GlobalFlags.json)?.outline.name == man.outline.name {
      console.output.write(ManualPage.text)
      return .done
    }
    guard !arguments.operands.isEmpty else {
      HelpPage.showOverview(on: console)
      return .done
    }
    let name = arguments.operands.joined(separator: " ")
    HelpPage(verb: try Shoal.verb(named: name)).show(on: console)
    return .done
  }
}
