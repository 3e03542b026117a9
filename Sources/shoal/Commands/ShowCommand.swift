import TorrentModel

extension Verb {
  static let show = Verb(
    "show", "Prints what a .torrent file or a magnet link says.", operands: .exactly(.source),
    groups: [],
    details: [
      "SOURCE is a .torrent file, '-' for one on standard input, a magnet link, or the http(s) URL "
        + "of a .torrent file. Nothing is downloaded but that file.",
      "--json prints one object; what is not known is null.",
    ],
    examples: [
      .init("shoal show film.torrent", "a table"),
      .init("shoal show --json film.torrent | jq .infoHash", "for programs"),
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .disk, .incomplete],
    events: [.error],
    object: TorrentDescription.keys
  ) { arguments, console throws(CommandError) in
    let source = try Source(parsing: arguments.operands[0])
    let description = try TorrentDescription(source)
    if console.isJSON {
      console.output.write(description.json.text + "\n")
    } else {
      console.output.write(description.table(for: console))
    }
    return .done
  }
}
