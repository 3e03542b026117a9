extension Shoal {
  /// Every verb, in the order of the overview.
  ///
  /// A new verb is one file in `Commands/` that declares it, `extension Verb { static let name }`,
  /// and its name here. The declaration is all that the parser, the suggestions, the help pages,
  /// the shell completions and the manual page know of it.
  static let verbs: [Verb] = [
    .share,
    .get,
    .seed,
    .create,
    .show,
    .magnet,
    .verify,
    .edit,
    .tracker,
    .simulate,
    .completion,
    .help,
  ]

  static func verb(named name: String) throws(CommandError) -> Verb {
    if let verb = verbs.first(where: { $0.name == name }) { return verb }
    let near = EditDistance.nearest(to: name, among: verbs.map(\.name))
    throw .usage(
      "unknown verb '\(name)'",
      remedy: near.map { "did you mean '\($0)'?" } ?? "see 'shoal --help'")
  }
}
