import TorrentModel

/// What `shoal create` was asked to do.
struct CreateOptions: Hashable, Sendable {
  var path: String
  /// Where the `.torrent` file goes; `nil` for NAME.torrent in the current folder.
  var output: String?
  var creation: CreationOptions

  private static let outputFlag = Flag(
    "output", short: "o", .text("FILE.torrent", expected: "a file name"),
    "the .torrent file to write", fallback: "NAME.torrent in the current folder")

  static let flags = FlagGroup(title: "Output", [outputFlag.outline])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    path = arguments.operands[0]
    output = try arguments.value(of: Self.outputFlag)
    creation = try CreationOptions(arguments, privateByDefault: false)
  }
}
