import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import Session
import TorrentModel

extension Verb {
  static let ringLookup = Verb(
    "ring lookup", "Finds the node of a ring that owns a key.",
    operands: .exactly(Operand("KEY", .torrentFiles)), groups: [RingFlags.group, RingWallet.group],
    details: [
      "KEY is 40 hexadecimal digits, such as an info-hash, or a magnet link or .torrent file, whose "
        + "info-hash it is. --json prints one object."
    ],
    examples: [
      .init(
        "shoal ring lookup film.torrent --ring open:harbour --bootstrap 192.0.2.1:6881",
        "who keeps its peers")
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .disk, .noPeers, .incomplete],
    events: [.error],
    object: [
      .init("ring", "name of the ring"), .init("key", "the key, hexadecimal"),
      .init("owner", "identifier of the node that owns it"),
      .init("endpoint", "its address and port"),
      .init("hops", "nodes asked one after the other"), .init("timeouts", "nodes that were gone"),
      .init("milliseconds", "time it took"),
      .init("copies", "nodes behind the owner, which keep copies: id and endpoint of each"),
    ]
  ) { arguments, console throws(CommandError) in
    let ring = try RingFlags.required(arguments, by: "ring lookup")
    let key = try ringKey(arguments.operands[0], in: ring.name)
    let errand = try RingErrand(ring, showing: RingWallet(arguments))
    let found = Found()
    try errand.run {
      let start = Reactor.clock
      errand.service.lookUp(key) { outcome in
        found.outcome = outcome
        found.time = Reactor.clock - start
        errand.end(.success(()))
      }
    }
    guard let outcome = found.outcome, let owner = outcome.owner else {
      throw CommandError(
        .noPeers, "no node says that it owns the key", on: arguments.operands[0],
        remedy: "the ring may be mending: try again in half a minute")
    }
    show(outcome, owner, of: key, in: ring.name, time: found.time, on: console)
    return .done
  }

  private static func show(
    _ outcome: LookupOutcome, _ owner: Contact, of key: Identifier, in ring: RingName,
    time: TimeSpan, on console: Console
  ) {
    if console.isJSON {
      let copies = outcome.successors.map { contact in
        JSONValue.object([
          ("id", .string(RingNarrator.text(contact.id))),
          ("endpoint", .string("\(contact.endpoint)")),
        ])
      }
      let object = JSONValue.object([
        ("ring", .string(ring.description)), ("key", .string(RingNarrator.text(key))),
        ("owner", .string(RingNarrator.text(owner.id))), ("endpoint", .string("\(owner.endpoint)")),
        ("hops", .integer(Int64(outcome.hops))), ("timeouts", .integer(Int64(outcome.timeouts))),
        ("milliseconds", .decimal(time.seconds * 1000)), ("copies", .array(copies)),
      ])
      console.output.write(object.text + "\n")
    } else {
      console.result("owner    \(RingNarrator.text(owner.id))  \(owner.endpoint)")
      for contact in outcome.successors {
        console.result("copy     \(RingNarrator.text(contact.id))  \(contact.endpoint)")
      }
      console.note(
        "\(Format.count(outcome.hops, "hop")), \(Format.count(outcome.timeouts, "timeout"))")
    }
  }

  /// A completion's place for what it was given.
  private final class Found {
    var outcome: LookupOutcome?
    var time = TimeSpan.zero
  }

  private static func ringKey(
    _ text: String, in ring: RingName
  ) throws(CommandError) -> Identifier {
    if let bytes = Hexadecimal.decode(text), let key = Identifier(bytes: bytes) { return key }
    let source = try Source(parsing: text).read().torrent
    try ring.expectMayHear(of: source)
    return Identifier(source.infoHash.digest)
  }
}
