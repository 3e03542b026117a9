import DeterministicCore
import Storage
import TorrentModel

/// What `shoal tracker` was asked to do.
struct TrackerOptions: Hashable, Sendable {
  /// One port for HTTP (TCP) and UDP announces.
  var listen: Endpoint
  /// Whether any torrent may be announced, or those in `torrents` only.
  var isOpen: Bool
  /// The folder whose .torrent files name the torrents that are tracked.
  var torrents: String
  /// The folder of the tracker's own state.
  var data: String
  /// How long a client waits between announces.
  var interval: TimeSpan
  /// How soon a client may announce again.
  var leastInterval: TimeSpan
  /// Peers in a reply at most.
  var mostPeers: Int
  /// How often the swarms are written to the data folder.
  var saveInterval: TimeSpan
  /// Threads that answer.
  var workers: Int

  static let defaultPort: UInt16 = 6969

  private static let listenFlag = Flag(
    "listen", short: "l", .listen, "where to serve HTTP and UDP",
    fallback: "[::]:\(defaultPort), every address")
  private static let openFlag = Switch("open", "track every torrent that is announced")
  private static let torrentsFlag = Flag(
    "torrents", .folder, "the folder of .torrent files that may be announced",
    fallback: "torrents in the data folder")
  private static let dataFlag = Flag(
    "data", short: "d", .folder, "the folder of the tracker's own state",
    fallback: "./tracker-data")
  private static let intervalFlag = Flag(
    "interval", .time, "how long clients wait between announces", fallback: "30m")
  private static let leastIntervalFlag = Flag(
    "min-interval", .time, "how soon they may announce again", fallback: "1m")
  private static let mostPeersFlag = Flag(
    "max-numwant", .number(1...1000), "peers in a reply at most", fallback: "200")

  private static let saveFlag = Flag(
    "save-every", .time, "how often the swarms are written to the data folder", fallback: "60s")
  private static let workersFlag = Flag(
    "workers", .number(1...64), "threads that answer", fallback: "one for each processor")

  static let flags = FlagGroup(
    title: "Tracker",
    [
      listenFlag.outline, openFlag.outline, torrentsFlag.outline, dataFlag.outline,
      intervalFlag.outline, leastIntervalFlag.outline, mostPeersFlag.outline,
      saveFlag.outline, workersFlag.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    listen =
      try arguments.value(of: Self.listenFlag)
      ?? Endpoint(.v6(high: 0, low: 0), port: Self.defaultPort)
    isOpen = arguments.has(Self.openFlag)
    data = try arguments.value(of: Self.dataFlag) ?? "tracker-data"
    torrents = try arguments.value(of: Self.torrentsFlag) ?? data + "/torrents"
    interval = try arguments.value(of: Self.intervalFlag) ?? .minutes(30)
    leastInterval = try arguments.value(of: Self.leastIntervalFlag) ?? min(.minutes(1), interval)
    guard interval >= .seconds(1), leastInterval <= interval else {
      throw .usage(
        "--min-interval wants to be no longer than --interval, and that a second or more")
    }
    mostPeers = try arguments.value(of: Self.mostPeersFlag) ?? 200
    saveInterval = try arguments.value(of: Self.saveFlag) ?? .seconds(60)
    guard saveInterval >= .seconds(1) else { throw .usage("--save-every wants a second or more") }
    workers = try arguments.value(of: Self.workersFlag) ?? min(WorkerThread.recommendedCount, 64)
  }
}

extension Verb {
  static let tracker = Verb(
    "tracker", "Runs a tracker, by HTTP and UDP.", operands: .none,
    groups: [TrackerOptions.flags],
    details: [
      "Announces are answered at http://HOST:PORT/announce and udp://HOST:PORT. Only torrents "
        + "whose .torrent file lies in the folder of --torrents are tracked, unless --open is "
        + "given; the folder is looked at again when it changes.",
      "The swarms are written to the data folder every --save-every and at the end, and read again "
        + "at the start: a kill or a power cut costs what came after the last time. The file before "
        + "is kept, and used where the last one is damaged.",
    ],
    examples: [
      .init("shoal tracker --torrents /srv/torrents", "for those torrents only"),
      .init("shoal tracker --open --listen 192.0.2.1:6969", "for everyone, on one address"),
    ],
    exitCodes: [.done, .failure, .usage, .disk],
    events: [.serviceStarted, .serviceStopped, .error]
  ) { arguments, console throws(CommandError) in
    try runTracker(TrackerOptions(arguments), console: console)
  }
}
