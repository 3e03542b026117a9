import Accounts
import DeterministicCore
import Networking
import Storage
import TorrentModel
import TrackerLogic
import TrackerWire

/// What `shoal tracker` was asked to do.
struct TrackerOptions: Hashable, Sendable {
  /// Whom to run as, where started as root.
  var user: String?
  /// One port for HTTP (TCP) and UDP announces.
  var listen: Endpoint
  /// Whether any torrent may be announced, or those in `torrents` only.
  var isOpen: Bool
  /// Whether members alone may announce, and the torrents of the catalogue alone.
  var isPrivate: Bool
  /// Where the accounts are; of a private tracker.
  var accounts: AccountsPlace
  /// Where the swarms are kept together with those of other trackers; `nil` for in memory alone.
  var store: RedisAddress?
  /// Where members reach the tracker: scheme, host and port of each URL; empty to guess.
  var publicURLs: [String]
  /// The folder whose .torrent files name the torrents that are tracked.
  var torrents: String
  /// The folder of the tracker's own state.
  var data: String
  /// How long a client waits between announces.
  var interval: TimeSpan
  /// The same while a swarm is young.
  var youngInterval: TimeSpan
  /// How soon a client may announce again.
  var leastInterval: TimeSpan
  /// Peers in a reply at most.
  var mostPeers: Int
  /// How often the swarms are written to the data folder.
  var saveInterval: TimeSpan
  /// Networks whose peers are named to each other first.
  var sites: SiteMap
  /// Threads that answer.
  var workers: Int
  /// Proxies whose word counts for where a HTTP announce comes from.
  var trustedProxies: [Address]
  var pages: TrackerPageOptions

  static let defaultPort: UInt16 = 6969
  static let defaultData = "tracker-data"

  private static let listenFlag = Flag(
    "listen", short: "l", .listen, "where to serve HTTP and UDP",
    fallback: "[::]:\(defaultPort), every address")
  private static let userFlag = Flag(
    "user", .text("NAME", expected: "the name of a user"),
    "give root's rights up and run as this user; ports below 1024 can be bound all the same")
  private static let openFlag = Switch("open", "track every torrent that is announced")
  private static let privateSwitch = Switch(
    "private", "serve members alone; so it is once the data folder has accounts")
  private static let publicURLFlag = Flag(
    "public-url", .trackerURL,
    "where members reach the tracker, without a path, as their announce URLs have it",
    fallback: "HTTP and UDP at the address and port of --listen", isRepeatable: true)
  private static let swarmsFlag = Flag(
    "swarms", .redis, "a Redis server where several trackers keep their swarms together",
    fallback: "in memory, for this tracker alone")
  private static let torrentsFlag = Flag(
    "torrents", .folder, "the folder of .torrent files that may be announced",
    fallback: "torrents in the data folder")
  private static let dataFlag = Flag(
    "data", short: "d", .folder, "the folder of the tracker's own state",
    fallback: "./tracker-data")
  private static let intervalFlag = Flag(
    "interval", .time, "how long clients wait between announces", fallback: "30m")
  private static let youngIntervalFlag = Flag(
    "young-interval", .time, "the same while a swarm is young; grows to --interval with its age",
    fallback: "2m, or --interval where that is shorter")
  private static let leastIntervalFlag = Flag(
    "min-interval", .time, "how soon they may announce again", fallback: "1m")
  private static let mostPeersFlag = Flag(
    "max-numwant", .number(1...1000), "peers in a reply at most", fallback: "200")

  private static let saveFlag = Flag(
    "save-every", .time, "how often the swarms are written to the data folder", fallback: "60s")
  private static let workersFlag = Flag(
    "workers", .number(1...64), "threads that answer", fallback: "one for each processor")

  private static let proxyFlag = Flag(
    "trusted-proxy", .address, "a reverse proxy whose X-Forwarded-For is believed",
    isRepeatable: true)
  private static let siteFlag = Flag(
    "site", .site, "networks whose peers are named to each other before all others",
    isRepeatable: true)
  private static let configFlag = Flag(
    "config", short: "c", .path,
    "a file with these flags, one 'key = value' a line; flags given here come after it")

  static let flags = FlagGroup(
    title: "Tracker",
    [
      listenFlag.outline, openFlag.outline, privateSwitch.outline, publicURLFlag.outline,
      torrentsFlag.outline, dataFlag.outline, AccountsCommand.accountsFlag.outline,
      swarmsFlag.outline, intervalFlag.outline, youngIntervalFlag.outline,
      leastIntervalFlag.outline, mostPeersFlag.outline, siteFlag.outline, userFlag.outline,
      saveFlag.outline, workersFlag.outline, proxyFlag.outline, configFlag.outline,
    ])

  /// The flags that may stand in the file of --config.
  static let configurable =
    (flags.flags + TrackerPageOptions.flags.flags).filter { $0.name != configFlag.outline.name }

  /// With what the file of --config says before what the command line says.
  static func configured(_ arguments: ParsedArguments) throws(CommandError) -> ParsedArguments {
    guard let path = try arguments.value(of: configFlag) else { return arguments }
    var configured = arguments
    let given = Set(arguments.occurrences.map(\.name))
    // A flag that is given takes the place of all its lines in the file, repeatable or not.
    configured.occurrences =
      try ConfigurationFile.read(path, flags: configurable).filter { !given.contains($0.name) }
      + arguments.occurrences
    return configured
  }

  init(_ arguments: ParsedArguments) throws(CommandError) {
    listen =
      try arguments.value(of: Self.listenFlag)
      ?? Endpoint(.v6(high: 0, low: 0), port: Self.defaultPort)
    user = try arguments.value(of: Self.userFlag)
    isOpen = arguments.has(Self.openFlag)
    data = try arguments.value(of: Self.dataFlag) ?? Self.defaultData
    _ = try arguments.exclusive(Self.openFlag, Self.privateSwitch)
    accounts = try AccountsCommand.place(arguments)
    store = try arguments.value(of: Self.swarmsFlag)
    isPrivate =
      arguments.has(Self.privateSwitch) || accounts != .folder(data)
      || AccountStore.exist(in: data)
    guard !isPrivate || !isOpen else {
      throw .usage(
        "this tracker has members, and --open would serve everybody", on: data,
        remedy: "leave out --open, or --accounts, or name another folder with --data")
    }
    publicURLs = try arguments.values(of: Self.publicURLFlag).map(Self.base)
    if isPrivate, try arguments.value(of: Self.torrentsFlag) != nil {
      throw .usage(
        "a private tracker has a catalogue, and no folder of torrents",
        remedy: "leave out --torrents, and use 'shoal tracker torrent add'")
    }
    torrents = try arguments.value(of: Self.torrentsFlag) ?? data + "/torrents"
    interval = try arguments.value(of: Self.intervalFlag) ?? .minutes(30)
    youngInterval = try arguments.value(of: Self.youngIntervalFlag) ?? min(.minutes(2), interval)
    leastInterval =
      try arguments.value(of: Self.leastIntervalFlag) ?? min(.minutes(1), youngInterval)
    guard interval >= .seconds(1), youngInterval <= interval, leastInterval <= youngInterval else {
      throw .usage(
        "--min-interval wants to be no longer than --young-interval, that no longer than "
          + "--interval, and that a second or more")
    }
    mostPeers = try arguments.value(of: Self.mostPeersFlag) ?? 200
    saveInterval = try arguments.value(of: Self.saveFlag) ?? .seconds(60)
    guard saveInterval >= .seconds(1) else { throw .usage("--save-every wants a second or more") }
    workers = try arguments.value(of: Self.workersFlag) ?? min(WorkerThread.recommendedCount, 64)
    trustedProxies = try arguments.values(of: Self.proxyFlag)
    sites = SiteMap()
    for text in try arguments.values(of: Self.siteFlag) where !sites.add(text) {
      throw .usage("--site names more than 256 networks", remedy: "name larger ones")
    }
    pages = try TrackerPageOptions(arguments)
    guard pages.isNone || isPrivate else {
      throw .usage(
        "--admin and --pages are of a private tracker", remedy: "give --private, too")
    }
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

extension ValueKind where Value == String {
  fileprivate static let site = ValueKind(
    placeholder: "LABEL=NETWORK",
    expected: "a label and its networks such as hall1=10.1.0.0/16,2001:db8:1::/48"
  ) { text in
    var sites = SiteMap()
    return sites.add(text) ? text : nil
  }
}

extension ValueKind where Value == RedisAddress {
  fileprivate static let redis = ValueKind(
    placeholder: "URL", expected: "a URL such as redis://HOST:6379 or redis://:PASSWORD@HOST/0"
  ) { RedisAddress($0) }
}

extension Verb {
  static let tracker = Verb(
    "tracker", "Runs a tracker, by HTTP and UDP.", operands: .none,
    groups: [TrackerOptions.flags, TrackerPageOptions.flags],
    details: [
      "With accounts in its data folder, made by 'shoal tracker user add' and 'shoal tracker "
        + "torrent add', the tracker is private: members alone may announce, each with a key in the "
        + "announce URL, and what they move is credited to them.",
      "Announces are answered at http://HOST:PORT/announce and udp://HOST:PORT. Only torrents "
        + "whose .torrent file lies in the folder of --torrents are tracked, unless --open is "
        + "given; the folder is looked at again when it changes.",
      "Several trackers serve one community with --accounts and --swarms, and the same --public-url for "
        + "each of them; what is lost when one of them or a server dies is told in docs/TRACKER.md. "
        + "libpq finds a password in ~/.pgpass, where no list of processes shows it.",
      "Sockets that systemd passes (tracker/shoal-tracker.socket) are served in place of --listen.",
      "SIGHUP has the file of --config read again: the intervals, --max-numwant and --site are in "
        + "force at once, all else when the tracker starts again.",
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
    try runTracker(arguments, console: console)
  }
}
