extension Verb.Event {
  /// The events of the verbs that run torrents.
  static let session: [Verb.Event] = [
    Verb.Event(name: "started", keys: ["name", "infoHash", "listen"]),
    Verb.Event(
      name: "shared", keys: ["name", "infoHash", "size", "file", "magnet", "page"]),
    Verb.Event(name: "metadata", keys: ["name", "infoHash", "size", "pieces"]),
    Verb.Event(name: "progress", keys: TransferSnapshot.eventKeys),
    Verb.Event(name: "piece-failed", keys: ["infoHash", "piece"]),
    Verb.Event(name: "peer-banned", keys: ["infoHash", "peer", "reason"]),
    Verb.Event(name: "tracker", keys: ["infoHash", "url", "state", "message"]),
    Verb.Event(name: "complete", keys: TransferSummary.eventKeys),
    Verb.Event(name: "stopped", keys: ["infoHash"]),
    .error,
  ]
}
