import DeterministicCore
import TorrentModel

/// What `shoal get` was asked to do.
struct GetOptions: Sendable {
  var sources: [Source]
  /// The folder downloads go into.
  var output: String
  /// Globs of the files wanted, matched against paths below the download folder; empty is all.
  var select: [String]
  var isSequential: Bool
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
  var peers: PeerOptions

  private static let outputFlag = Flag(
    "output", short: "o", .folder, "the folder to download into", fallback: "current folder")
  private static let selectFlag = Flag(
    "select", .text("GLOB", expected: "a pattern such as '*.flac'"),
    "only files whose path matches", isRepeatable: true)
  private static let sequentialFlag = Switch(
    "sequential", "pieces in order, to watch while it loads")
  private static let seedTimeFlag = Flag(
    "seed-time", .time, "keep seeding this long once complete", fallback: "0")
  private static let seedRatioFlag = Flag(
    "seed-ratio", .ratio, "keep seeding until uploaded this many times the size")
  private static let stallTimeoutFlag = Flag(
    "stall-timeout", .time, "give up when nothing arrives for this long", fallback: "10m")
  private static let memoryFlag = Flag(
    "memory", .size, "memory for pieces that are coming together, of each torrent", fallback: "64M")

  static let flags = FlagGroup(
    title: "Download",
    [
      outputFlag.outline, selectFlag.outline, sequentialFlag.outline, seedTimeFlag.outline,
      seedRatioFlag.outline, stallTimeoutFlag.outline, memoryFlag.outline,
      SourceFlags.tracker.outline, SourceFlags.webSeed.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    sources = []
    for operand in arguments.operands { sources.append(try Source(parsing: operand)) }
    output = try arguments.value(of: Self.outputFlag) ?? "."
    select = try arguments.values(of: Self.selectFlag)
    isSequential = arguments.has(Self.sequentialFlag)
    seedTime = try arguments.value(of: Self.seedTimeFlag) ?? .zero
    seedRatio = try arguments.value(of: Self.seedRatioFlag)
    stallTimeout = try arguments.value(of: Self.stallTimeoutFlag) ?? .minutes(10)
    memory = Int(clamping: try arguments.value(of: Self.memoryFlag) ?? 64 << 20)
    trackers = try arguments.values(of: SourceFlags.tracker)
    webSeeds = try arguments.values(of: SourceFlags.webSeed)
    peers = try PeerOptions(arguments)
  }
}

extension Verb {
  static let get = Verb(
    "get", "Downloads, verifies, and ends.", operands: .several(.source),
    groups: [GetOptions.flags, PeerOptions.flags],
    details: [
      "SOURCE is a magnet link, a .torrent file or the http(s) URL of one. What is in the folder "
        + "already is checked and kept; an interrupted download goes on where it stopped.",
      "Web seeds (BEP 19, BEP 17) of the source or of --web-seed are fetched from beside peers; what "
        + "they send is checked like everything else.",
      "A full disk, a quota or too many open files are waited for, until --stall-timeout ends the "
        + "wait; the other sources are fetched meanwhile. A read-only disk ends a download at once, "
        + "an I/O error after a few attempts.",
      "What an unfinished download has to remember lies in $XDG_STATE_HOME/shoal/resume "
        + "(~/.local/state/shoal/resume) and is removed when it is complete.",
      "The last line of a finished download is 'complete NAME SIZE in TIME (RATE), PEERS peers, "
        + "verified'.",
    ],
    examples: [
      .init("shoal get film.torrent", "into the current folder"),
      .init("shoal get 'magnet:?xt=urn:btih:…' -o /srv/films", "quote the link: it holds '&'"),
      .init("shoal get film.torrent --seed-time 1h --up 2MiB/s", "and give something back"),
    ],
    exitCodes: ExitCode.allCases,
    events: .transfer + [.state, .complete, .error]
  ) { arguments, console throws(CommandError) in
    try runGet(GetOptions(arguments), console: console)
  }
}
