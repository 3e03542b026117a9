import TorrentModel

extension Verb {
  private static let peer = Flag(
    "peer", .peer, "a peer to name in the link", isRepeatable: true)

  static let magnet = Verb(
    "magnet", "Prints the magnet link of a torrent.", operands: .exactly(.source),
    groups: [
      FlagGroup(title: "Link", [SourceFlags.tracker.outline, peer.outline]), RingFlags.group,
    ],
    details: [
      "SOURCE is a .torrent file, '-' for one on standard input, a magnet link (printed in its "
        + "plain form), or the http(s) URL of a .torrent file. --json prints one object."
    ],
    examples: [
      .init("shoal magnet film.torrent", "the link, and nothing else"),
      .init(
        "shoal magnet film.torrent --peer 192.0.2.7:6881", "a link that also names a peer to ask"),
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .disk, .incomplete],
    events: [.error],
    object: [.magnet, .infoHash, .name]
  ) { arguments, console throws(CommandError) in
    var link = try TorrentDescription(Source(parsing: arguments.operands[0])).magnet
    for url in try arguments.values(of: SourceFlags.tracker) where !link.trackers.contains(url) {
      link.trackers.append(url)
    }
    for hint in try arguments.values(of: peer) where !link.peers.contains(hint) {
      link.peers.append(hint)
    }
    if let ring = try RingFlags.reference(arguments) { link.ring = ring }
    if console.isJSON {
      let object = JSONValue.object([
        ("magnet", .string(link.text)), ("infoHash", .string(link.infoHash.description)),
        ("name", .optional(link.displayName)),
      ])
      console.output.write(object.text + "\n")
    } else {
      console.result(link.text)
    }
    return .done
  }
}
