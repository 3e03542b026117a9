import TorrentModel

/// What `shoal create` was asked to do.
struct CreateOptions: Hashable, Sendable {
  var path: String
  /// Where the `.torrent` file goes; `nil` for NAME.torrent in the current folder.
  var output: String?
  var creation: CreationOptions

  private static let outputFlag = Flag(
    "output", short: "o", .torrentFile, "the .torrent file to write",
    fallback: "NAME.torrent in the current folder")

  static let flags = FlagGroup(title: "Output", [outputFlag.outline])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    path = arguments.operands[0]
    output = try arguments.value(of: Self.outputFlag)
    creation = try CreationOptions(arguments, usual: nil, privateByDefault: false)
  }
}

extension Verb {
  static let create = Verb(
    "create", "Writes a .torrent file and nothing else.", operands: .exactly(.path),
    groups: [
      CreateOptions.flags, CreationOptions.contentFlags, CreationOptions.flags, RingFlags.group,
    ],
    details: [
      "PATH is a file or a folder; every byte is read once, on all processors. Hidden files belong "
        + "to a folder like others; links, devices and empty folders do not and are named. A file "
        + "that changes meanwhile is an error.",
      "--exclude matches as --select of 'get' does, against paths below PATH: '*.tmp' and '.git' at "
        + "any depth, 'cache/**' only there; a folder that matches is left out as a whole.",
      "--links follow shares what symbolic links lead to, wherever that is, in their place; --links "
        + "keep writes links that lead to something in the torrent as links (BEP 47), which clients "
        + "that do not know them make empty files of.",
      "Both versions are written from the same pass: version 1 for every client, and version 2 (BEP "
        + "52), which hashes each file as a tree. Transmission before 4.0 and aria2 read no torrent in "
        + "which there is version 2, whoever made it; --v1 is for them.",
      "In version 2 each file begins a piece: pieces are made no larger than suits the files, and of "
        + "very many or very small files only version 1 is written unless --hybrid or --v2 asks for it.",
      "The date in the file is that of SOURCE_DATE_EPOCH, if that is set, so that the same tree "
        + "gives the same bytes.",
    ],
    examples: [
      .init("shoal create holiday/", "writes holiday.torrent"),
      .init(
        "shoal create film.mkv -o film.torrent --tracker https://tracker.example/announce",
        "for a tracker that is there already"),
    ],
    exitCodes: [.done, .failure, .usage, .disk, .incomplete],
    events: [.progress, .created, .error]
  ) { arguments, console throws(CommandError) in
    try runCreate(CreateOptions(arguments), console: console)
  }
}
