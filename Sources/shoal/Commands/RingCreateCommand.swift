import TorrentModel

/// The keys of closed rings that a person operates, by the names that person gave them.
enum OperatorKey {
  static let flag = Flag(
    "key", .path, "the file of the operator's key",
    fallback: "shoal/operators/NAME.key in $XDG_STATE_HOME")

  /// Where the key of a ring is kept.
  static func path(_ arguments: ParsedArguments) throws(CommandError) -> String {
    let name = arguments.operands[0]
    let isPlain = name.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || byte == 45 || byte == 95
    }
    guard isPlain, (1...64).contains(name.utf8.count) else {
      throw .usage(
        "a ring you operate is called by letters, digits, '-' and '_'", on: name,
        remedy: "choose another name: it is known to you alone")
    }
    return try SigningKey.file(
      arguments.value(of: flag), StateFolder.operatorKey(of: name), flag: flag.outline.name)
  }
}

extension Verb {
  static let ringCreate = Verb(
    "ring create", "Makes a closed ring, which only nodes that you admit can enter.",
    operands: .exactly(Operand("NAME")),
    groups: [FlagGroup(title: "Operator", [OperatorKey.flag.outline])],
    details: [
      "NAME is what you call it. The ring's own name, which links and --ring spell, is the public "
        + "half of the operator's key that this makes; whoever has the private half admits nodes. "
        + "Keep a copy of the file in a safe place: without it nobody is admitted any more.",
      "The operator's machine need not run. Nodes, and whoever shares or fetches, show certificates "
        + "made by 'shoal ring admit', and all that they say to each other is encrypted.",
    ],
    examples: [.init("shoal ring create harbour", "prints the ring's name")],
    exitCodes: [.done, .failure, .usage, .disk],
    events: [.error],
    object: [
      .init("ring", "name of the ring, 64 hexadecimal digits"),
      .init("file", "where the operator's key is kept"),
    ]
  ) { arguments, console throws(CommandError) in
    let path = try OperatorKey.path(arguments)
    guard try SigningKey(at: path, flag: OperatorKey.flag.outline.name) == nil else {
      throw .usage(
        "there is such a ring already, and its key is not replaced", on: path,
        remedy: "choose another name")
    }
    let key = try SigningKey(makingAt: path)
    let ring = Hexadecimal.encode(key.publicKey)
    if console.isJSON {
      let object = JSONValue.object([("ring", .string(ring)), ("file", .string(path))])
      console.output.write(object.text + "\n")
    } else {
      console.result("ring     \(ring)")
      console.note("key      \(path)")
      console.note("admit a node with: shoal ring admit \(arguments.operands[0]) KEY")
    }
    return .done
  }
}
