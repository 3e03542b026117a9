import TorrentModel

extension Verb {
  static let completion = Verb(
    "completion", "Prints a shell's completion script.",
    operands: .exactly(Operand("bash|zsh|fish", .words(Shell.allCases.map(\.rawValue)))),
    groups: [],
    details: [
      "The script knows every verb, flag and kind of value, and offers .torrent files where one "
        + "belongs. 'make install' puts it where each shell looks; the examples do so for one user.",
      "--json prints one object.",
    ],
    examples: [
      .init("source <(shoal completion bash)", "in ~/.bashrc"),
      .init(
        "shoal completion zsh > \"${fpath[1]}/_shoal\"", "in a folder of fpath, before compinit"),
      .init("shoal completion fish > ~/.config/fish/completions/shoal.fish", "once"),
    ],
    exitCodes: [.done, .usage],
    events: [.error],
    object: [.init("shell", "bash, zsh or fish"), .init("script", "the script as a whole")]
  ) { arguments, console throws(CommandError) in
    let name = arguments.operands[0]
    guard let shell = Shell(rawValue: name) else {
      let names = Shell.allCases.map(\.rawValue)
      throw .usage(
        "there is no completion for '\(name)'",
        remedy: EditDistance.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
          ?? "give bash, zsh or fish")
    }
    if console.isJSON {
      let object = JSONValue.object([
        ("shell", .string(shell.rawValue)), ("script", .string(shell.script)),
      ])
      console.output.write(object.text + "\n")
    } else {
      console.output.write(shell.script)
    }
    return .done
  }
}
