import Bencoding
public import Hashing

/// Puts a `.torrent` file together from a layout and its piece hashes (BEP 3, BEP 52).
///
/// The same parts give the same bytes: nothing is read from a clock or a machine here.
public struct MetainfoBuilder: Sendable {
  public var layout: FileLayout
  public var pieceLength: UInt64
  public var version: TorrentVersion
  public var trackers: [[String]] = []
  public var webSeeds: [String] = []
  /// Torrents that share files with this one (BEP 38).
  public var similar: [InfoHash] = []
  public var ring: RingReference?
  public var isPrivate = false
  public var source: String?
  public var comment: String?
  public var createdBy: String?
  /// Seconds since 1970.
  public var creationDate: Int64?

  /// - Precondition: in the layout of a torrent of version 2 files begin pieces.
  public init(layout: FileLayout, pieceLength: UInt64, version: TorrentVersion = .v1) {
    self.layout = layout
    self.pieceLength = pieceLength
    self.version = version
  }

  /// A document of version 1. - Parameter hashes: the hash of every piece, in order.
  public func document(hashes: [Bytes20]) -> [UInt8] {
    document(hashes: hashes.map { PieceHashes(sha1: $0) })
  }

  /// - Parameter hashes: those of every piece, in order, of the kinds that the version needs.
  public func document(hashes: [PieceHashes]) -> [UInt8] { written(hashes).document }

  /// A document, and what whoever reads it finds in it.
  ///
  /// - Throws: where nobody would read it.
  public func torrent(hashes: [PieceHashes]) throws(MetainfoError) -> MadeTorrent {
    let written = written(hashes)
    guard isReadAsWritten(written, hashCount: hashes.count) else {
      return MadeTorrent(document: written.document, magnet: try Metainfo(written.document).magnet)
    }
    var magnet = MagnetLink(infoHash: InfoHash(SHA1.hash(written.info)))
    magnet.displayName = layout.name
    let around = BencodeValue.dictionary(surroundings)
    magnet.trackers = Metainfo.tiers(around).flatMap { $0 }
    magnet.webSeeds = Metainfo.urls(around["url-list"])
    magnet.ring = RingReference(around["ring"])
    return MadeTorrent(document: written.document, magnet: magnet)
  }

  /// What was written, and what a decoder would count of it.
  private struct Written {
    let document: [UInt8]
    let info: [UInt8]
    let values: Int
  }

  /// Whether it is known without reading the document again that a reader finds what stands here: the
  /// most that can be amiss with a plain torrent of version 1 is that it is too large, or that a
  /// name is one that readers change.
  private func isReadAsWritten(_ written: Written, hashCount: Int) -> Bool {
    let limits = BencodeDecoder.Limits.metainfo
    guard version == .v1, !layout.hasPadding, written.document.count <= limits.length,
      written.values <= limits.values,
      PieceGeometry(layout, pieceLength: pieceLength)?.pieceCount == hashCount
    else { return false }
    return FileNames.component(layout.name) == layout.name
      && layout.files.allSatisfy { file in
        file.linkTarget == nil && file.path.allSatisfy { FileNames.component($0) == $0 }
      }
  }

  private func written(_ hashes: [PieceHashes]) -> Written {
    var layers: BencodeValue?
    var parts: [(key: String, value: BencodeEncoder)] = []
    func add(_ key: String, _ value: BencodeValue) {
      var encoder = BencodeEncoder()
      encoder.append(value)
      parts.append((key, encoder))
    }
    add("name", .string(layout.name))
    add("piece length", .integer(Int64(pieceLength)))
    if version.hasV1 {
      add("pieces", .string(hashes.flatMap { ($0.sha1 ?? .zero).bytes }))
      if !layout.isSingleFile {
        parts.append(("files", FileListing(layout).encoded))
      } else if let file = layout.files.first {
        for (key, value) in Self.facts(of: file) { add(key, value) }
      }
    }
    if version.hasV2 {
      let trees = HashedTrees(layout, pieceLength: pieceLength, nodes: hashes.compactMap(\.root))
      add("meta version", .integer(2))
      add("file tree", trees.fileTree)
      layers = trees.pieceLayers
    }
    if isPrivate { add("private", .integer(1)) }
    if let source { add("source", .string(source)) }
    let info = Self.dictionary(parts)

    parts = [("info", info)]
    for (key, value) in surroundings { add(key, value) }
    if let layers { add("piece layers", layers) }
    let outer = Self.dictionary(parts)
    return Written(document: outer.bytes, info: info.bytes, values: outer.values)
  }

  /// What stands around the info dictionary and comes from no hash.
  private var surroundings: [(String, BencodeValue)] {
    let entries =
      BencodeValue.dictionary([])
      .setting(trackers: trackers)
      .setting(webSeeds: webSeeds)
      .setting("similar", to: similar.isEmpty ? nil : .list(similar.map { .string($0.bytes) }))
      .setting("ring", to: ring?.value)
      .setting("comment", to: comment.map { .string($0) })
      .setting("created by", to: createdBy.map { .string($0) })
      .setting("creation date", to: creationDate.map { .integer($0) })
      .entries ?? []
    return entries.map { (String(decoding: $0.key, as: UTF8.self), $0.value) }
  }

  /// A dictionary of values that are written already. All keys are of the program's own making.
  private static func dictionary(_ parts: [(key: String, value: BencodeEncoder)]) -> BencodeEncoder
  {
    var encoder = BencodeEncoder()
    encoder.reserve(parts.reduce(2) { $0 + $1.key.utf8.count + 4 + $1.value.bytes.count })
    encoder.beginDictionary()
    for part in parts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      encoder.append(key: part.key)
      encoder.append(part.value)
    }
    encoder.end()
    return encoder
  }

  /// What both versions say of a file beside its path.
  static func facts(of file: FileEntry) -> [(String, BencodeValue)] {
    var pairs: [(String, BencodeValue)] = [("length", .integer(Int64(file.length)))]
    let letters = file.attributes.letters + (file.linkTarget == nil ? "" : "l")
    if !letters.isEmpty { pairs.append(("attr", .string(letters))) }
    if let target = file.linkTarget {
      pairs.append(("symlink path", .list(target.map { .string($0) })))
    }
    return pairs
  }
}

// How the outer dictionary spells what has more than one spelling.
extension BencodeValue {
  /// `announce` for clients that know no more, and `announce-list` (BEP 12) where it says more.
  func setting(trackers: [[String]]) -> BencodeValue {
    let isOne = trackers.count == 1 && trackers[0].count == 1
    let tiers = trackers.map { tier in BencodeValue.list(tier.map { .string($0) }) }
    return setting("announce", to: trackers.first?.first.map { .string($0) })
      .setting("announce-list", to: trackers.isEmpty || isOne ? nil : .list(tiers))
  }

  /// `url-list` (BEP 19).
  func setting(webSeeds: [String]) -> BencodeValue {
    setting("url-list", to: webSeeds.isEmpty ? nil : .list(webSeeds.map { .string($0) }))
  }
}
