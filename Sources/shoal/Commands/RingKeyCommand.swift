import TorrentModel

extension Verb {
  static let ringKey = Verb(
    "ring key", "Shows this machine's key, which the operator of a closed ring admits.",
    operands: .none,
    groups: [FlagGroup(title: "Key", [RingWallet.nodeKeyFlag.outline])],
    details: [
      "The key is made when it is first asked for. What is shown is its public half: it may be sent "
        + "to anybody. The file stays here."
    ],
    examples: [.init("shoal ring key", "64 hexadecimal digits for 'shoal ring admit'")],
    exitCodes: [.done, .failure, .usage, .disk],
    events: [.error],
    object: [
      .init("key", "the public key, hexadecimal"), .init("file", "where the private one is kept"),
    ]
  ) { arguments, console throws(CommandError) in
    let flag = RingWallet.nodeKeyFlag.outline.name
    let path = try SigningKey.file(
      arguments.value(of: RingWallet.nodeKeyFlag), StateFolder.nodeKey, flag: flag)
    let key = try SigningKey.made(at: path, flag: flag)
    let text = Hexadecimal.encode(key.publicKey)
    if console.isJSON {
      let object = JSONValue.object([("key", .string(text)), ("file", .string(path))])
      console.output.write(object.text + "\n")
    } else {
      console.result(text)
    }
    return .done
  }
}
