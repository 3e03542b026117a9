import DeterministicCore
import Glibc
import Storage
import TorrentModel

/// What `shoal get` was asked to do.
struct GetOptions: Sendable {
  var sources: [WantedSource]
  /// A folder whose `.torrent` files are sources, also those that come later.
  var watch: String?
  /// The folder downloads go into.
  var output: String
  /// What the only source is called there.
  var alias: String?
  /// Folders in which pieces may be, under whatever name.
  var reuse: [String]
  /// Globs of the files wanted, matched against paths below the download folder; empty is all.
  var select: [String]
  /// Globs of the files wanted before and after the others.
  var first: [String]
  var last: [String]
  var isSequential: Bool
  /// Where it is read while it loads.
  var stream: StreamTarget?
  /// How long to seed what is complete.
  var seedTime: TimeSpan
  /// Seed until uploaded bytes are this multiple of the size, whatever comes first.
  var seedRatio: Double?
  /// How long nothing may arrive before the download is given up.
  var stallTimeout: TimeSpan
  /// Bytes that the pieces coming together may take, of each torrent.
  var memory: Int
  /// Trackers added to those in the source.
  var trackers: [String]
  /// Web seeds added to those in the source.
  var webSeeds: [String]
  var ring: RingReference?
  /// What is shown in closed rings.
  var wallet = RingWallet()
  var peers: PeerOptions
  /// Data that is mended where it is, of the only source.
  var repair: Repair?

  struct Repair: Sendable {
    let storage: FileStorage
    let good: Bitfield
  }

  private static let outputFlag = Flag(
    "output", short: "o", .folder, "the folder to download into", fallback: "current folder")
  private static let aliasFlag = Flag(
    "as", .text("NAME", expected: "a name"), "what to call the file or folder downloaded",
    fallback: "the torrent's name")
  private static let listFlag = Flag(
    "list", .text("FILE", expected: "a file, or - for standard input", completion: .files),
    "fetch the sources in this file, too, one a line; [NAME] on a line labels those behind it",
    isRepeatable: true)
  private static let watchFlag = Flag(
    "watch", .folder, "fetch what .torrent files in this folder describe, too, until interrupted")
  private static let reuseFlag = Flag(
    "reuse", .folder, "copy what is the same in this folder's files, such as an earlier version's",
    isRepeatable: true)
  private static let selectFlag = Flag(
    "select", .text("GLOB", expected: "a pattern such as '*.flac'"),
    "only files whose path matches", isRepeatable: true)
  private static let firstFlag = Flag(
    "first", .text("GLOB", expected: "a pattern such as '*.cue'"),
    "files whose path matches before the others", isRepeatable: true)
  private static let lastFlag = Flag(
    "last", .text("GLOB", expected: "a pattern such as '*.iso'"),
    "files whose path matches after the others", isRepeatable: true)
  private static let sequentialFlag = Switch(
    "sequential", "pieces in order, to watch while it loads")
  private static let streamFlag = Flag(
    "stream", .stream, "read it while it loads: to standard output, or from an HTTP server")
  private static let seedTimeFlag = Flag(
    "seed-time", .time, "keep seeding this long once complete", fallback: "0")
  private static let seedRatioFlag = Flag(
    "seed-ratio", .ratio, "keep seeding until uploaded this many times the size")
  static let stallTimeoutFlag = Flag(
    "stall-timeout", .time, "give up when nothing arrives for this long", fallback: "10m")
  private static let memoryFlag = Flag(
    "memory", .size, "memory for pieces that are coming together, of each torrent", fallback: "64M")

  static let flags = FlagGroup(
    title: "Download",
    [
      outputFlag.outline, aliasFlag.outline, reuseFlag.outline, listFlag.outline, watchFlag.outline,
      selectFlag.outline,
      firstFlag.outline,
      lastFlag.outline,
      sequentialFlag.outline, streamFlag.outline, seedTimeFlag.outline, seedRatioFlag.outline,
      stallTimeoutFlag.outline, memoryFlag.outline, SourceFlags.tracker.outline,
      SourceFlags.webSeed.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    sources = []
    peers = try PeerOptions(arguments)
    for operand in arguments.operands {
      sources.append(WantedSource(source: try Source(parsing: operand), label: peers.label))
    }
    let lists = try arguments.values(of: Self.listFlag)
    for list in lists { sources += try SourceList.read(list, label: peers.label) }
    watch = try arguments.value(of: Self.watchFlag)
    guard !sources.isEmpty || watch != nil else {
      if let list = lists.first { throw .usage("the list names no source", on: list) }
      throw .usage(
        "'get' wants SOURCE…, a --list of them, or a folder to --watch",
        remedy: "see 'shoal get --help'")
    }
    output = try arguments.value(of: Self.outputFlag) ?? "."
    alias = try arguments.value(of: Self.aliasFlag)
    if let alias {
      guard CreationOptions.isPlainName(alias) else {
        throw .usage(
          "--as wants a plain file name, not '\(alias)'", remedy: "name the folder with -o")
      }
      guard sources.count == 1, watch == nil else {
        throw .usage("--as names one torrent, and several are to be fetched")
      }
    }
    reuse = try arguments.values(of: Self.reuseFlag)
    for folder in reuse { try Self.checkFolder(folder) }
    select = try arguments.values(of: Self.selectFlag)
    first = try arguments.values(of: Self.firstFlag)
    last = try arguments.values(of: Self.lastFlag)
    stream = try arguments.value(of: Self.streamFlag)
    if stream == .pipe, sources.count > 1 {
      throw .usage("--stream - writes one torrent, and \(sources.count) are to be fetched")
    }
    if stream == .pipe, watch != nil {
      throw .usage("--stream - writes one torrent, and --watch fetches any number")
    }
    isSequential = arguments.has(Self.sequentialFlag)
    seedTime = try arguments.value(of: Self.seedTimeFlag) ?? .zero
    seedRatio = try arguments.value(of: Self.seedRatioFlag)
    stallTimeout = try arguments.value(of: Self.stallTimeoutFlag) ?? Self.usualStallTimeout
    memory =
      try arguments.value(of: Self.memoryFlag).map { Int(clamping: $0) } ?? Self.usualMemory
    trackers = try arguments.values(of: SourceFlags.tracker)
    webSeeds = try arguments.values(of: SourceFlags.webSeed)
    ring = try RingFlags.reference(arguments)
    wallet = try RingWallet(arguments)
    try peers.expectNoProxy(besides: ring)
  }

  /// What `shoal verify --repair` has fetched.
  init(repairing source: Source, _ arguments: ParsedArguments) throws(CommandError) {
    sources = [WantedSource(source: source)]
    output = "."
    reuse = []
    select = []
    first = []
    last = []
    isSequential = false
    seedTime = .zero
    stallTimeout = try arguments.value(of: Self.stallTimeoutFlag) ?? Self.usualStallTimeout
    memory = Self.usualMemory
    trackers = try arguments.values(of: SourceFlags.tracker)
    webSeeds = try arguments.values(of: SourceFlags.webSeed)
    peers = try PeerOptions(arguments)
  }

  private static func checkFolder(_ path: String) throws(CommandError) {
    var status = stat()
    let isThere = stat(path, &status) == 0
    guard isThere, status.st_mode & S_IFMT == S_IFDIR else {
      let reason = isThere ? "it is no folder" : String(cString: strerror(errno))
      throw .usage("cannot reuse what is in '\(path)': \(reason)", remedy: "check the path")
    }
  }

  private static let usualStallTimeout = TimeSpan.minutes(10)
  private static let usualMemory = 64 << 20
}

extension Verb {
  static let get = Verb(
    "get", "Downloads, verifies, and ends.", operands: .anyNumber(.source),
    groups: [GetOptions.flags, RingFlags.group, RingWallet.group, PeerOptions.flags],
    details: [
      "SOURCE is a magnet link, a .torrent file or the http(s) URL of one, of a Metalink, or of a file "
        + "beside which one of the two lies (FILE.torrent, FILE.meta4): it is then fetched from that "
        + "server and checked against those hashes. What is in the folder "
        + "already is checked and kept; an interrupted download goes on where it stopped.",
      "Pieces that --reuse finds in other files are copied, never moved, and checked like all others; "
        + "those files are only read. Of version 2 the same file is found under any name, of version 1 "
        + "by its path, its length or its name. Peers see that what was found there is here. The torrent's own folder is looked through, too, when a "
        + "download begins, so that get into the place of an earlier version fetches what changed.",
      "Web seeds (BEP 19, BEP 17) of the source or of --web-seed are fetched from beside peers; what "
        + "they send is checked like everything else.",
      "With --watch it goes on until interrupted: a folder is looked at every two seconds, each torrent "
        + "is done when --seed-time and --seed-ratio say so, and one that fails or stalls does not end "
        + "the others.",
      "With --proxy nothing goes past the proxy: no UDP trackers, no ring, no look-ups of names, no "
        + "neighbours, and nobody is let in.",
      "With --ring, SOURCE may be a channel, ring:KEY: the torrent that its publisher named last.",
      "Where the source or --ring names a ring, its nodes are asked for peers and told of this one. "
        + "A closed ring is entered with a certificate, and its torrents are asked for nowhere else.",
      "A full disk, a quota or too many open files are waited for, until --stall-timeout ends the "
        + "wait; the other sources are fetched meanwhile. A read-only disk ends a download at once, "
        + "an I/O error after a few attempts.",
      "What an unfinished download has to remember lies in $XDG_STATE_HOME/shoal/resume "
        + "(~/.local/state/shoal/resume) and is removed when it is complete.",
      "--stream fetches what is being read before everything else. With - the greatest of the wanted "
        + "files goes to standard output and all words to standard error. With a loopback address and "
        + "a port every file can be read there by HTTP, ranges included, until interrupted; the URL of "
        + "the greatest is printed.",
      "The last line of a finished download is 'complete NAME SIZE in TIME (RATE), PEERS peers, "
        + "verified'.",
    ],
    examples: [
      .init("shoal get film.torrent", "into the current folder"),
      .init("shoal get 'magnet:?xt=urn:btih:…' -o /srv/films", "quote the link: it holds '&'"),
      .init("shoal get film.torrent --stream - | mpv -", "and watch it while it loads"),
      .init("shoal get film.torrent --seed-time 1h --up 2MiB/s", "and give something back"),
    ],
    exitCodes: ExitCode.allCases,
    events: .transfer + [.state, .reused, .stream, .complete, .error]
  ) { arguments, console throws(CommandError) in
    let options = try GetOptions(arguments)
    return try runGet(options, console: options.stream == .pipe ? console.onErrors : console)
  }
}
