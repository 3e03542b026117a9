import Hashing
import Session
import TorrentModel

/// What is known of a torrent before any peer is asked, as `show` prints it.
struct TorrentDescription {
  let magnet: MagnetLink
  let metainfo: Metainfo?

  init(_ source: Source) throws(CommandError) {
    switch try source.read().torrent {
    case .magnet(let link):
      magnet = link
      metainfo = nil
    case .metainfo(let metainfo):
      self.metainfo = metainfo
      magnet = metainfo.magnet
    }
  }

  private var trackers: [[String]] { metainfo?.trackers ?? magnet.trackers.map { [$0] } }

  /// What `json` prints, and in which order.
  static let keys: [EventOutline.Key] = [
    .name, .size, .pieceLength, .pieces,
    EventOutline.Key("private", "whether peers come from its trackers only"),
    .infoHash,
    EventOutline.Key("infoHashV2", "\(EventOutline.Key.infoHashV2.meaning); absent without one"),
    EventOutline.Key(
      "files",
      "path below the download folder, and size in bytes, of each; where there is one the root of its "
        + "hash tree (BEP 52), its attributes and where it leads as a link (BEP 47)"),
    EventOutline.Key("trackers", "announce URLs by tier"),
    EventOutline.Key("webSeeds", "URLs of web servers that have the same data"),
    EventOutline.Key("similar", "info-hashes of torrents that share files with it (BEP 38)"),
    EventOutline.Key("comment", "a comment for people"),
    EventOutline.Key("createdBy", "the program that made it"),
    EventOutline.Key("creationDate", "seconds since 1970"),
    EventOutline.Key("source", "the word that makes the info-hash a private tracker's own"),
    EventOutline.Key("ring", "name of the ring that knows its peers; null without one"),
    EventOutline.Key("ringNodes", "nodes of the ring to begin with"),
    .magnet,
    EventOutline.Key("peers", "addresses that a magnet link names; absent for a file"),
  ]

  /// One object; every key is always there, but for `peers` and
  /// `infoHashV2`.
  var json: JSONValue {
    let info = metainfo?.info
    var pairs: [(String, JSONValue)] = [
      ("name", .optional(info?.name ?? magnet.displayName)),
      ("size", info.map { .unsigned($0.layout.totalLength) } ?? .null),
      ("pieceLength", info.map { .integer(Int64($0.geometry.pieceLength)) } ?? .null),
      ("pieces", info.map { .integer(Int64($0.geometry.pieceCount)) } ?? .null),
      ("private", info.map { .bool($0.isPrivate) } ?? .null),
      ("infoHash", .string(magnet.infoHash.description)),
      ("files", info.map { .array(Self.files(of: $0)) } ?? .null),
      ("trackers", .array(trackers.map(JSONValue.strings))),
      ("webSeeds", .strings(magnet.webSeeds)),
      ("similar", .strings(metainfo?.similar.map(\.description) ?? [])),
      ("comment", .optional(metainfo?.comment)),
      ("createdBy", .optional(metainfo?.createdBy)),
      ("creationDate", .optional(metainfo?.creationDate)),
      ("source", .optional(info?.source)),
      ("ring", .optional(magnet.ring?.name.description)),
      ("ringNodes", .strings(magnet.ring?.nodes.map(\.description) ?? [])),
      ("magnet", .string(magnet.text)),
    ]
    if let infoHashV2 = magnet.infoHashV2 {
      let place = (pairs.firstIndex { $0.0 == "infoHash" } ?? 0) + 1
      pairs.insert(("infoHashV2", .string(infoHashV2.description)), at: place)
    }
    if metainfo == nil {
      pairs.append(("peers", .strings(magnet.peers.map(\.description))))
    }
    return .object(pairs)
  }

  private static func files(of info: TorrentInfo) -> [JSONValue] {
    let layout = info.layout
    return layout.files.indices.map { index in
      let file = layout.files[index]
      var pairs: [(String, JSONValue)] = [
        ("path", .string(layout.pathBelowDownloadFolder(of: index).joined(separator: "/"))),
        ("size", .unsigned(file.length)),
      ]
      if let root = info.root(ofFile: index) {
        pairs.append(("piecesRoot", .string(Hexadecimal.encode(root.bytes))))
      }
      let words = file.attributes.words
      if !words.isEmpty { pairs.append(("attributes", .strings(words))) }
      if let target = file.linkTarget {
        pairs.append(("link", .string(target.joined(separator: "/"))))
      }
      return .object(pairs)
    }
  }

  /// Files that the table lists; `--verbose` lists them all.
  private static let filesShown = 20

  func table(for console: Console) -> String {
    var text = ""
    func row(_ name: String, _ value: String) {
      text +=
        console.output.paint(TextColumns.pad(name, to: 14), .dim) + SafeText.visible(value) + "\n"
    }
    let info = metainfo?.info
    row("name", info?.name ?? magnet.displayName ?? "(not in the link)")
    if let info {
      row(
        "size", "\(Format.size(info.layout.totalLength)) (\(info.layout.totalLength) bytes)")
      row(
        "pieces", "\(info.geometry.pieceCount) of \(Format.size(UInt64(info.geometry.pieceLength)))"
      )
      row("private", info.isPrivate ? "yes" : "no")
    }
    for name in magnet.hashNames { row("info-hash", name) }
    for (tier, urls) in trackers.enumerated() {
      for url in urls { row(trackers.count > 1 ? "tracker \(tier + 1)" : "tracker", url) }
    }
    for url in magnet.webSeeds { row("web seed", url) }
    if let ring = magnet.ring {
      row("ring", ring.name.description)
      for node in ring.nodes { row("ring node", node.description) }
    }
    for peer in magnet.peers { row("peer", peer.description) }
    for other in metainfo?.similar ?? [] { row("similar to", other.description) }
    if let comment = metainfo?.comment { row("comment", comment) }
    if let createdBy = metainfo?.createdBy { row("created by", createdBy) }
    if let date = metainfo?.creationDate { row("created", Format.date(date) ?? "\(date)") }
    if let source = info?.source { row("source", source) }
    row("magnet", magnet.text)
    if let info, !info.layout.isSingleFile || info.version.hasV2 {
      text += fileTable(info, for: console)
    }
    return text
  }

  /// With `--verbose` also the root of each file's hash tree.
  private func fileTable(_ info: TorrentInfo, for console: Console) -> String {
    let layout = info.layout
    let shown = console.detail == .verbose ? layout.files.count : Self.filesShown
    var text = console.output.paint(Format.count(layout.files.count, "file"), .dim) + "\n"
    for index in layout.files.indices.prefix(shown) {
      let path = layout.pathBelowDownloadFolder(of: index).joined(separator: "/")
      text += TextColumns.padLeft(Format.size(layout.files[index].length), to: 12)
      let file = layout.files[index]
      var notes = file.attributes.words
      if let target = file.linkTarget { notes.append("link to " + target.joined(separator: "/")) }
      if console.detail == .verbose, let root = info.root(ofFile: index) {
        notes.append("root " + Hexadecimal.encode(root.bytes))
      }
      text += "  " + SafeText.visible(path)
      if !notes.isEmpty { text += "  (\(SafeText.visible(notes.joined(separator: ", "))))" }
      text += "\n"
    }
    if layout.files.count > shown {
      text += "              … and \(layout.files.count - shown) more (--verbose lists them all)\n"
    }
    return text
  }
}

extension FileAttributes {
  /// As `show` spells them.
  fileprivate var words: [String] {
    (contains(.executable) ? ["executable"] : []) + (contains(.hidden) ? ["hidden"] : [])
  }
}

extension MagnetLink {
  /// The names of the torrent, the older version's first.
  var hashNames: [String] {
    [infoHashV1?.description, infoHashV2?.description].compactMap { $0 }
  }
}
