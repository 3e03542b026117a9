import TorrentModel

/// What `shoal seed` was asked to do.
struct SeedOptions: Sendable {
  var source: Source
  /// The payload, or the folder that holds it: see `FileStorage.payload`.
  var data: String
  /// Whether the data is taken to be what the metainfo says, unread.
  var trustsData: Bool
  /// Whether each peer is shown little at a time.
  var isSuperSeeding: Bool
  /// Trackers added to those in the source.
  var trackers: [String]
  var peers: PeerOptions

  private static let dataFlag = Flag(
    "data", short: "d", .path, "the data, or the folder that holds it", fallback: "current folder")
  private static let noVerifyFlag = Switch(
    "no-verify", "trust the data on disk instead of reading it first")

  private static let superSeedFlag = Switch(
    "super-seed", "show each peer two pieces, and others once it has passed them on (BEP 16)")

  static let flags = FlagGroup(
    title: "Data",
    [
      dataFlag.outline, noVerifyFlag.outline, superSeedFlag.outline, SourceFlags.tracker.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    source = try Source(parsing: arguments.operands[0])
    if case .magnet(let link) = source {
      throw .usage(
        "seeding needs the .torrent file, not a link", on: link.displayName ?? "\(link.infoHash)",
        remedy: "use 'shoal get', which checks and keeps what is there")
    }
    data = try arguments.value(of: Self.dataFlag) ?? "."
    trustsData = arguments.has(Self.noVerifyFlag)
    isSuperSeeding = arguments.has(Self.superSeedFlag)
    trackers = try arguments.values(of: SourceFlags.tracker)
    peers = try PeerOptions(arguments)
  }
}

extension Verb {
  static let seed = Verb(
    "seed", "Seeds what is already on disk.", operands: .exactly(.torrentFile),
    groups: [SeedOptions.flags, PeerOptions.flags],
    details: [
      "Reads and checks the data first, then serves it until interrupted. Pieces that do not match "
        + "are left alone on disk and not served.",
      "--super-seed is for the first seed of a torrent behind a slow link: it sends little more than "
        + "one copy, which the others spread among themselves.",
      "--data names the data itself, whatever it is called, or the folder that holds it under the "
        + "torrent's name: whichever has more of the torrent's files, the latter when equal.",
    ],
    examples: [
      .init("shoal seed film.torrent --data /srv/films", "serves /srv/films/NAME"),
      .init(
        "shoal seed film.torrent --data /srv/films --no-verify", "at once, when nothing changed"),
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .dataMismatch, .disk, .incomplete],
    events: .transfer + [.error]
  ) { arguments, console throws(CommandError) in
    try runSeed(SeedOptions(arguments), console: console)
  }
}
