import Session
import Storage
import TorrentModel

/// What `shoal verify` was asked to do.
struct VerifyOptions: Sendable {
  var source: Source
  var path: String
  /// How what is wrong is fetched anew; nil to leave it.
  var repair: GetOptions?

  private static let repairFlag = Switch(
    "repair", "fetch what is wrong from peers and web seeds, into its place")

  static let flags = FlagGroup(
    title: "Repair",
    [
      repairFlag.outline, GetOptions.stallTimeoutFlag.outline, SourceFlags.tracker.outline,
      SourceFlags.webSeed.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    source = try Source(parsing: arguments.operands[0])
    path = arguments.operands[1]
    if arguments.has(Self.repairFlag) {
      repair = try GetOptions(repairing: source, arguments)
    }
  }
}

extension Verb {
  static let verify = Verb(
    "verify", "Checks data on disk against its metainfo, and mends it.",
    operands: .exactly(.torrentFile, .path), groups: [VerifyOptions.flags, PeerOptions.flags],
    details: [
      "PATH is the data itself, whatever it is called, or the folder that holds it under the "
        + "torrent's name: whichever has more of the torrent's files, the latter when equal.",
      "Every byte is read once, on all processors, and nothing is written. A file is listed when it "
        + "is missing, short, long, damaged (and in which pieces), or uncertain: its own bytes may "
        + "be right, but they share a piece with a file that is not there or has another length.",
      "With --repair the pieces that are wrong are fetched from the torrent's swarm and web seeds, as "
        + "'get' does, into the place where the data is; files that are too long are cut.",
    ],
    examples: [
      .init("shoal verify film.torrent /srv/films", "checks /srv/films/NAME"),
      .init("shoal verify film.torrent renamed.mkv", "checks a file under another name"),
      .init("shoal verify film.torrent renamed.mkv --repair", "and fetches what is wrong"),
      .init(
        "shoal verify --json film.torrent . | jq -r 'select(.event==\"file\").path'",
        "the paths that are not right"),
    ],
    exitCodes: ExitCode.allCases,
    events: [EventOutline.file, .checked] + [EventOutline].transfer + [.state, .complete, .error]
  ) { arguments, console throws(CommandError) in
    let options = try VerifyOptions(arguments)
    guard case .metainfo(let metainfo) = try options.source.read().torrent else {
      throw .usage(
        "a link has no hashes to check against", on: arguments.operands[0],
        remedy: "give the .torrent file")
    }
    return try runVerify(options, metainfo.info, console: console)
  }
}
