import ChordLogic
import ChordWire
import DeterministicCore
import TorrentModel

extension Verb {
  private static let validFlag = Flag(
    "valid", .time, "how long the certificate is good for", fallback: "365d")
  private static let epochFlag = Flag(
    "epoch", .number(0...Int(UInt32.max)),
    "raise it to take certificates back: those of an earlier epoch end", fallback: "0")
  private static let clientFlag = Switch(
    "client", "may share and fetch, and keep nothing for others")
  private static let outputFlag = Flag(
    "output", short: "o", .path, "the file to write", fallback: "standard output")

  /// Clocks differ: a certificate begins a little before it is made.
  private static let clockDifference: UInt64 = 600

  static let ringAdmit = Verb(
    "ring admit", "Signs the certificate by which a node enters a closed ring.",
    operands: .exactly(Operand("NAME"), Operand("KEY")),
    groups: [
      FlagGroup(
        title: "Certificate",
        [validFlag.outline, epochFlag.outline, clientFlag.outline, outputFlag.outline]),
      FlagGroup(title: "Operator", [OperatorKey.flag.outline]),
    ],
    details: [
      "NAME is that of 'shoal ring create', KEY what 'shoal ring key' prints on the node's machine. "
        + "The certificate is no secret: it opens the ring to who holds that key alone. It belongs "
        + "into shoal/certificates/RING in that machine's $XDG_STATE_HOME (~/.local/state), or is "
        + "named with --certificate.",
      "A node learns of a later --epoch from the first node that shows one, and from then on "
        + "certificates of earlier epochs are not good any more: admit all who stay with the new "
        + "number, and leave out who is to go.",
    ],
    examples: [
      .init("shoal ring admit harbour 9f2c…51 -o node.certificate", "good for a year"),
      .init("shoal ring admit harbour 9f2c…51 --valid 30d --client", "may share and fetch"),
    ],
    exitCodes: [.done, .failure, .usage, .disk],
    events: [.error],
    object: [
      .init("ring", "name of the ring"), .init("certificate", "hexadecimal"),
      .init("id", "where its node stands"), .init("notBefore", "seconds since 1970"),
      .init("notAfter", "seconds since 1970"), .init("epoch", "number of its epoch"),
      .init("isMember", "whether it may keep records for others"),
      .init("file", "where it was written; null for nowhere"),
    ]
  ) { arguments, console throws(CommandError) in
    let path = try OperatorKey.path(arguments)
    guard let key = try SigningKey(at: path, flag: OperatorKey.flag.outline.name) else {
      throw .usage(
        "there is no key of this ring", on: path,
        remedy: "make one with 'shoal ring create \(arguments.operands[0])', or name it with --key")
    }
    let valid = try arguments.value(of: validFlag) ?? .seconds(365 * 86400)
    guard valid > .zero else { throw .usage("--valid wants a time above zero") }
    let now = UInt64(WallClock.now())
    let certificate = try issue(
      of: arguments.operands[1], by: key, epoch: UInt32(arguments.value(of: epochFlag) ?? 0),
      isMember: !arguments.has(clientFlag), notBefore: now - clockDifference,
      notAfter: now + UInt64(valid.seconds))
    let text = Hexadecimal.encode(certificate.bytes)
    let file = try arguments.value(of: outputFlag)
    if let file { try FileContents.write(Array((text + "\n").utf8), to: file) }
    show(certificate, text, Hexadecimal.encode(key.publicKey), file, on: console)
    return .done
  }

  private static func issue(
    of text: String, by key: SigningKey, epoch: UInt32, isMember: Bool, notBefore: UInt64,
    notAfter: UInt64
  ) throws(CommandError) -> NodeCertificate {
    guard let bytes = Hexadecimal.decode(text), let nodeKey = PublicKey(bytes),
      let blank = Signature([UInt8](repeating: 0, count: Signature.length))
    else {
      throw .usage(
        "a node's key is 64 hexadecimal digits", on: text,
        remedy: "have it printed by 'shoal ring key' on its machine")
    }
    let certificate = NodeCertificate(
      id: NodeCertificate.place(of: nodeKey, seed: key.seed), key: nodeKey, epoch: epoch,
      notBefore: notBefore, notAfter: notAfter, roles: isMember ? .member : [], signature: blank)
    guard let signed = certificate.signed(with: key.seed) else {
      throw CommandError(.failure, "libcrypto signs nothing")
    }
    return signed
  }

  private static func show(
    _ certificate: NodeCertificate, _ text: String, _ ring: String, _ file: String?,
    on console: Console
  ) {
    if console.isJSON {
      let object = JSONValue.object([
        ("ring", .string(ring)), ("certificate", .string(text)),
        ("id", .string(RingNarrator.text(certificate.id))),
        ("notBefore", .unsigned(certificate.notBefore)),
        ("notAfter", .unsigned(certificate.notAfter)),
        ("epoch", .unsigned(UInt64(certificate.epoch))),
        ("isMember", .bool(certificate.roles.contains(.member))), ("file", .optional(file)),
      ])
      console.output.write(object.text + "\n")
    } else if let file {
      console.result("certificate \(SafeText.visible(file))")
      console.note("for 'shoal ring serve --ring \(ring) --certificate FILE'")
    } else {
      console.result(text)
    }
  }
}
