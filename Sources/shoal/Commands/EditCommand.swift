import TorrentModel

extension Verb {
  static let edit = Verb(
    "edit", "Changes the trackers, web seeds and comments of a .torrent file.",
    operands: .exactly(.torrentFile), groups: [EditOptions.flags, EditOptions.infoFlags],
    details: [
      "FILE.torrent is replaced as a whole, or kept as it is where something fails; '-' reads "
        + "standard input. What no flag names keeps its bytes, keys that nobody knows included, so "
        + "the info-hash stays and the swarm goes on.",
      "--source, --private and --public stand inside the info dictionary: with them it is another "
        + "torrent, whose info-hash is printed.",
    ],
    examples: [
      .init(
        "shoal edit film.torrent --clear-trackers --tracker https://tracker.example/announce",
        "moves it to another tracker"),
      .init("shoal edit film.torrent --comment '' -o plain.torrent", "a copy without a comment"),
      .init(
        "shoal edit film.torrent --private --new-info-hash -o private.torrent",
        "another torrent of the same data"),
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .disk],
    events: [.edited, .error]
  ) { arguments, console throws(CommandError) in
    try edit(EditOptions(arguments), console)
  }

  private static func edit(
    _ options: EditOptions, _ console: Console
  ) throws(CommandError) -> ExitCode {
    let document = try FileContents.read(options.file)
    var editor: MetainfoEditor
    do {
      editor = try MetainfoEditor(document)
    } catch {
      throw CommandError(notMetainfo: error, on: options.file)
    }
    try options.apply(to: &editor)
    let (edited, metainfo) = try result(of: editor, on: options.file)
    var file = options.output ?? ""
    if options.output == nil { file = try FileContents.resolve(options.file) }
    if options.output != nil || edited != document {
      try FileContents.write(edited, to: file, like: options.file)
    }
    report(editor, metainfo, file: options.output ?? options.file, console)
    return .done
  }

  /// The edited document, read back as everybody else will read it.
  private static func result(
    of editor: MetainfoEditor, on file: String
  ) throws(CommandError) -> ([UInt8], Metainfo) {
    let edited = editor.edited
    do {
      return (edited, try Metainfo(edited))
    } catch {
      throw CommandError(
        .failure, "the result would be one that nobody reads: \(error)", on: file,
        remedy: "change less")
    }
  }

  private static func report(
    _ editor: MetainfoEditor, _ metainfo: Metainfo, file: String, _ console: Console
  ) {
    let changes = editor.changes.map(\.rawValue)
    let infoHash = metainfo.info.infoHash
    console.event(
      .event(
        .edited,
        [
          ("name", .string(metainfo.info.name)), ("infoHash", .string(infoHash.description)),
          ("previousInfoHash", .string(editor.infoHash.description)), ("file", .string(file)),
          ("changed", .strings(changes)), ("magnet", .string(metainfo.magnet.text)),
        ]))
    console.result(
      changes.isEmpty
        ? "nothing to change in \(SafeText.visible(file))"
        : "edited \(SafeText.visible(file)): \(changes.joined(separator: ", "))")
    if infoHash == editor.infoHash {
      console.note("info-hash \(infoHash), as before")
    } else {
      console.result("info-hash \(infoHash), another torrent; it was \(editor.infoHash)")
    }
  }
}
