import Storage
import TorrentModel

/// What goes into new metainfo.
struct CreationOptions: Hashable, Sendable {
  /// Each tracker a tier of its own, tried in order (BEP 12).
  var trackers: [String]
  var isPrivate: Bool
  /// The ring that is to know its peers.
  var ring: RingReference?
  /// Bytes; `nil` to choose by size.
  var pieceLength: UInt64?
  var name: String?
  var comment: String?
  var source: String?
  var webSeeds: [String]
  /// Torrents that share files with this one.
  var similar: [InfoHash]
  /// Nil for both where padding does not outweigh the content.
  var version: TorrentVersion?
  /// Globs of what stays behind, matched against paths below the folder.
  var excludes: [String]
  var skipsHidden: Bool
  var links: ContentRules.Links

  static let trackerFlag = Flag(
    "tracker", short: "t", .trackerURL, "announce here; the first is asked first",
    isRepeatable: true)
  private static let privateFlag = Switch(
    "private", "peers come from the trackers only (BEP 27)")
  private static let publicFlag = Switch("public", "peers may come from anywhere")
  private static let version1Flag = Switch(
    "v1", "metainfo of version 1 alone (BEP 3), which every client reads; what share makes")
  private static let version2Flag = Switch("v2", "metainfo of version 2 alone (BEP 52)")
  private static let hybridFlag = Switch(
    "hybrid", "metainfo of both versions; what create makes where that pays")
  private static let pieceLengthFlag = Flag(
    "piece-length", .size, "bytes in a piece: a power of two from 16K to 16M",
    fallback: "chosen by size")
  private static let nameFlag = Flag(
    "name", .text("NAME", expected: "a name"), "the torrent's name", fallback: "the path's")
  private static let commentFlag = Flag(
    "comment", .text("TEXT", expected: "a text"), "a comment for people")
  private static let sourceFlag = Flag(
    "source", .text("TEXT", expected: "a text"),
    "a word that makes the info-hash a private tracker's own")
  private static let webSeedFlag = Flag(
    "web-seed", .webSeedURL, "a web server that has the same data (BEP 19)", isRepeatable: true)

  private static let similarFlag = Flag(
    "similar", .text("TORRENT", expected: "an info-hash or a .torrent file"),
    "name a torrent that shares files with this one, such as its earlier version, by its info-hash or "
      + "file (BEP 38)", isRepeatable: true)
  private static let excludeFlag = Flag(
    "exclude", .text("GLOB", expected: "a pattern such as '*.tmp'"),
    "leave out files and folders whose path matches", isRepeatable: true)
  private static let skipHiddenFlag = Switch(
    "skip-hidden", "leave out what has a name that begins with a dot")
  private static let linksFlag = Flag(
    "links", .choice(of: ContentRules.Links.self),
    "leave symbolic links out, share what they lead to, or keep those that stay inside",
    fallback: "skip")

  static let contentFlags = FlagGroup(
    title: "Content", [excludeFlag.outline, skipHiddenFlag.outline, linksFlag.outline])

  static let flags = FlagGroup(
    title: "Metainfo",
    [
      trackerFlag.outline, privateFlag.outline, publicFlag.outline, pieceLengthFlag.outline,
      nameFlag.outline, commentFlag.outline, sourceFlag.outline, webSeedFlag.outline,
      similarFlag.outline,
      version1Flag.outline, version2Flag.outline, hybridFlag.outline,
    ])

  /// - Parameter usual: the version where none is asked for; nil for both where that pays.
  init(
    _ arguments: ParsedArguments, usual: TorrentVersion?, privateByDefault: Bool
  ) throws(CommandError) {
    let chosen = try arguments.exclusive(Self.version1Flag, Self.version2Flag, Self.hybridFlag)
    switch chosen?.outline.name {
    case Self.version1Flag.outline.name: version = .v1
    case Self.version2Flag.outline.name: version = .v2
    case Self.hybridFlag.outline.name: version = .hybrid
    default: version = usual
    }
    trackers = try arguments.values(of: Self.trackerFlag)
    let visibility = try arguments.exclusive(Self.privateFlag, Self.publicFlag)
    ring = try RingFlags.reference(arguments)
    let isOpen = ring?.name.isOpen ?? false
    isPrivate =
      visibility.map { $0.outline.name == Self.privateFlag.outline.name }
      ?? (privateByDefault && !isOpen)
    if isPrivate, isOpen {
      throw .usage(
        "--private and an open ring exclude each other",
        remedy: "leave --private out, or use a tracker")
    }
    pieceLength = try arguments.value(of: Self.pieceLengthFlag)
    if let pieceLength {
      guard pieceLength.nonzeroBitCount == 1, (16 << 10...16 << 20).contains(pieceLength) else {
        throw .usage(
          "--piece-length wants a power of two from 16K to 16M, not \(Format.size(pieceLength))",
          remedy: "leave it out to have it chosen by size")
      }
    }
    name = try arguments.value(of: Self.nameFlag)
    if let name, !Self.isPlainName(name) {
      throw .usage("--name wants a plain file name, not '\(name)'")
    }
    comment = try arguments.value(of: Self.commentFlag)
    source = try arguments.value(of: Self.sourceFlag)
    webSeeds = try arguments.values(of: Self.webSeedFlag)
    similar = []
    for text in try arguments.values(of: Self.similarFlag) {
      similar.append(try Self.infoHash(of: text))
    }
    excludes = try arguments.values(of: Self.excludeFlag)
    skipsHidden = arguments.has(Self.skipHiddenFlag)
    links = try arguments.value(of: Self.linksFlag) ?? .skip
  }

  static func isPlainName(_ name: String) -> Bool {
    name != "." && name != ".." && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
      && name.utf8.count <= FileLayout.longestComponent
  }

  private static func infoHash(of text: String) throws(CommandError) -> InfoHash {
    if let infoHash = InfoHash(text: text) { return infoHash }
    return try Source.metainfo(of: FileContents.read(text), from: text).info.infoHash
  }

  /// What of a folder goes into the torrent.
  var rules: ContentRules {
    var rules = ContentRules()
    rules.links = links
    rules.takesHidden = !skipsHidden
    let globs = excludes.map { Glob($0) }
    if !globs.isEmpty { rules.excludes = { path in globs.contains { $0.matches(path) } } }
    return rules
  }
}

extension CreationOptions {
  /// Puts what a person decides into the metainfo.
  ///
  /// - Parameter date: seconds since 1970.
  func apply(to builder: inout MetainfoBuilder, date: Int64) {
    builder.trackers = trackers.map { [$0] }
    builder.webSeeds = webSeeds
    builder.similar = similar
    builder.isPrivate = isPrivate
    builder.ring = ring
    builder.source = source
    builder.comment = comment
    builder.createdBy = "shoal \(Shoal.version)"
    builder.creationDate = date
  }
}
