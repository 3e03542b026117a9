import DeterministicCore
import Session
import TorrentModel

extension RingName {
  /// A torrent of a closed ring is no other ring's business.
  func expectMayHear(of source: TorrentSource) throws(CommandError) {
    guard let own = source.ring?.name, !own.isOpen, own != self else { return }
    throw .usage(
      "the torrent is of a closed ring, and no other hears of it", on: source.name,
      remedy: "name its own ring with --ring \(own)")
  }
}

/// Flags about a ring that knows peers without a tracker.
enum RingFlags {
  static let ring = Flag(
    "ring", .ring, "the ring whose nodes know the peers: open:WORD, or its name as links spell it")
  static let bootstrap = Flag(
    "bootstrap", .peer, "a node of the ring to begin with", isRepeatable: true)

  static let group = FlagGroup(title: "Ring", [ring.outline, bootstrap.outline])

  /// The ring that is named, if one is.
  static func reference(_ arguments: ParsedArguments) throws(CommandError) -> RingReference? {
    let nodes = try arguments.values(of: bootstrap)
    guard let name = try arguments.value(of: ring) else {
      guard nodes.isEmpty else { throw .usage("--bootstrap wants a --ring whose nodes it names") }
      return nil
    }
    return RingReference(name, nodes: nodes)
  }

  /// The ring of a verb that is about nothing else.
  static func required(
    _ arguments: ParsedArguments, by verb: String
  ) throws(CommandError) -> RingReference {
    guard let reference = try reference(arguments) else {
      throw .usage("'\(verb)' wants --ring RING", remedy: "such as --ring open:harbour")
    }
    return reference
  }
}
