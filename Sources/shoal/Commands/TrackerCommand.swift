import Accounts
import DeterministicCore
import Storage
import TorrentModel
import TrackerWire

/// What `shoal tracker` was asked to do.
struct TrackerOptions: Hashable, Sendable {
  /// One port for HTTP (TCP) and UDP announces.
  var listen: Endpoint
  /// Whether any torrent may be announced, or those in `torrents` only.
  var isOpen: Bool
  /// Whether members alone may announce, and the torrents of the catalogue alone.
  var isPrivate: Bool
  /// Where members reach the tracker: scheme, host and port of each URL; empty to guess.
  var publicURLs: [String]
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
  static let defaultData = "tracker-data"

  private static let listenFlag = Flag(
    "listen", short: "l", .listen, "where to serve HTTP and UDP",
    fallback: "[::]:\(defaultPort), every address")
  private static let openFlag = Switch("open", "track every torrent that is announced")
  private static let privateSwitch = Switch(
    "private", "serve members alone; so it is once the data folder has accounts")
  private static let publicURLFlag = Flag(
    "public-url", .trackerURL,
    "where members reach the tracker, without a path, as their announce URLs have it",
    fallback: "HTTP and UDP at the address and port of --listen", isRepeatable: true)
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
      listenFlag.outline, openFlag.outline, privateSwitch.outline, publicURLFlag.outline,
      torrentsFlag.outline, dataFlag.outline,
      intervalFlag.outline, leastIntervalFlag.outline, mostPeersFlag.outline,
      saveFlag.outline, workersFlag.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    listen =
      try arguments.value(of: Self.listenFlag)
      ?? Endpoint(.v6(high: 0, low: 0), port: Self.defaultPort)
    isOpen = arguments.has(Self.openFlag)
    data = try arguments.value(of: Self.dataFlag) ?? Self.defaultData
    _ = try arguments.exclusive(Self.openFlag, Self.privateSwitch)
    isPrivate = arguments.has(Self.privateSwitch) || AccountStore.exist(in: data)
    guard !isPrivate || !isOpen else {
      throw .usage(
        "this data folder has members, and --open would serve everybody", on: data,
        remedy: "leave out --open, or name another folder with --data")
    }
    publicURLs = try arguments.values(of: Self.publicURLFlag).map(Self.base)
    if isPrivate, try arguments.value(of: Self.torrentsFlag) != nil {
      throw .usage(
        "a private tracker has a catalogue, and no folder of torrents",
        remedy: "leave out --torrents, and use 'shoal tracker torrent add'")
    }
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

  /// A URL as announce URLs begin.
  @Sendable private static func base(_ text: String) throws(CommandError) -> String {
    guard let url = TrackerURL(text), url.path.isEmpty || url.path == "/", url.query == nil else {
      throw .usage(
        "--public-url wants scheme, host and port, such as https://tracker.example or "
          + "udp://tracker.example:6969, not '\(text)'")
    }
    return url.redacted
  }
}

extension Verb {
  static let tracker = Verb(
    "tracker", "Runs a tracker, by HTTP and UDP.", operands: .none,
    groups: [TrackerOptions.flags],
    details: [
      "With accounts in its data folder, made by 'shoal tracker user add' and 'shoal tracker "
        + "torrent add', the tracker is private: members alone may announce, each with a key in the "
        + "announce URL, and what they move is credited to them.",
      "Announces are answered at http://HOST:PORT/announce and udp://HOST:PORT. Only torrents "
        + "whose .torrent file lies in the folder of --torrents are tracked, unless --open is "
        + "given; the folder is looked at again when it changes.",
      "The swarms are written to the data folder every --save-every and at the end, and read again "
        + "at the start: a kill or a power cut costs what came after the last time. The file before "
        + "is kept, and used where the last one is damaged.",
    ],
    examples: [
      .init("shoal tracker --torrents /srv/torrents", "for those torrents only"),
      .init("shoal tracker --private --public-url https://tracker.example", "for members only"),
      .init("shoal tracker --open --listen 192.0.2.1:6969", "for everyone, on one address"),
    ],
    exitCodes: [.done, .failure, .usage, .disk],
    events: [.serviceStarted, .serviceStopped, .error]
  ) { arguments, console throws(CommandError) in
    try runTracker(TrackerOptions(arguments), console: console)
  }
}
