import TorrentModel

extension Verb {
  static let show = Verb(
    "show", "Prints what a .torrent file or a magnet link says.", operands: .one("SOURCE"),
    groups: [],
    details: [
      "SOURCE is a .torrent file, '-' for one on standard input, a magnet link, or the http(s) URL "
        + "of a .torrent file. Nothing is downloaded but that file.",
      "--json prints one object with the keys name, size, pieceLength, pieces, private, infoHash, "
        + "files (path below the download folder, size), trackers (by tier), webSeeds, comment, "
        + "createdBy, creationDate (seconds since 1970), source and magnet; what is not known is "
        + "null.",
    ],
    examples: [
      .init("shoal show film.torrent", "a table"),
      .init("shoal show --json film.torrent | jq .infoHash", "for programs"),
    ],
    exitCodes: [.done, .usage, .badMetainfo, .disk],
    events: [.error]
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

extension Verb.Event {
  static let error = Verb.Event(
    name: "error", keys: ["code", "kind", "message", "subject", "remedy"])
}
