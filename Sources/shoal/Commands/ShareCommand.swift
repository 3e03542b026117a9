import ChordLogic
import TorrentModel

/// What `shoal share` was asked to do.
struct ShareOptions: Sendable {
  /// Files and folders, each a torrent of its own.
  var paths: [String]
  /// Where the `.torrent` file goes; `nil` for NAME.torrent in the current folder.
  var output: String?
  var creation: CreationOptions
  /// End once this many complete copies are out; `nil` to go on until interrupted.
  var untilCopies: Int?
  var peers: PeerOptions
  /// What is shown in a closed ring.
  var credentials: RingCredentials?

  /// A tracker of our own is started where neither one nor a ring is given.
  var hasEmbeddedTracker: Bool { creation.trackers.isEmpty && creation.ring == nil }

  private static let outputFlag = Flag(
    "output", short: "o", .torrentFile, "the .torrent file to write",
    fallback: "NAME.torrent in the current folder")
  private static let untilCopiesFlag = Flag(
    "until-copies", .number(1...1_000_000), "end once this many others have it all",
    fallback: "until interrupted")

  static let flags = FlagGroup(title: "Share", [outputFlag.outline, untilCopiesFlag.outline])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    paths = arguments.operands
    output = try arguments.value(of: Self.outputFlag)
    if output != nil, paths.count > 1 {
      throw .usage("--output names one file, and \(paths.count) paths are to be shared")
    }
    creation = try CreationOptions(arguments, usual: .v1, privateByDefault: true)
    if creation.name != nil, paths.count > 1 {
      throw .usage("--name names one torrent, and \(paths.count) paths are to be shared")
    }
    untilCopies = try arguments.value(of: Self.untilCopiesFlag)
    peers = try PeerOptions(arguments)
    try peers.expectNoProxy(besides: creation.ring)
    if let ring = creation.ring {
      credentials = try RingWallet(arguments).credentials(for: ring.name)
    }
    if peers.proxy != nil, hasEmbeddedTracker {
      throw .usage(
        "--proxy lets nobody in, and a share's own tracker has to be reached",
        remedy: "name another tracker with --tracker")
    }
  }
}

extension Verb {
  static let share = Verb(
    "share", "Hashes, publishes and seeds files or folders.", operands: .several(.path),
    groups: [
      ShareOptions.flags, CreationOptions.contentFlags, CreationOptions.flags, RingFlags.group,
      RingWallet.group,
      PeerOptions.flags,
    ],
    details: [
      "One command does it all: the metainfo is made, a tracker of its own runs on the port that "
        + "peers use, and seeding begins at once. It prints a magnet link and the path of the "
        + ".torrent file it wrote, and runs until interrupted.",
      "Torrents are private by default. With --tracker no tracker of our own is started.",
      "With --ring no tracker is needed: the nodes of the ring know who shares what. Whoever names "
        + "no node of it founds it. In an open ring torrents are public; in a closed one, which is "
        + "entered with a certificate, they are private by default.",
    ],
    examples: [
      .init("shoal share holiday/", "prints the link to send to others"),
      .init(
        "shoal share image.iso --tracker https://tracker.example/announce --public",
        "on a tracker that is there already"),
      .init(
        "shoal share film.mkv --ring open:harbour --bootstrap node.example:6881",
        "without any tracker"),
    ],
    exitCodes: [.done, .failure, .usage, .disk, .incomplete],
    events: .transfer + [.shared, .error]
  ) { arguments, console throws(CommandError) in
    try runShare(ShareOptions(arguments), console: console)
  }
}
