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
  public func document(hashes: [PieceHashes]) -> [UInt8] {
    var info: [(String, BencodeValue)] = [
      ("name", .string(layout.name)),
      ("piece length", .integer(Int64(pieceLength))),
    ]
    if version.hasV1 { info += listing(hashes) }
    var layers: BencodeValue?
    if version.hasV2 {
      let trees = HashedTrees(layout, pieceLength: pieceLength, nodes: hashes.compactMap(\.root))
      info.append(("meta version", .integer(2)))
      info.append(("file tree", trees.fileTree))
      layers = trees.pieceLayers
    }
    if isPrivate { info.append(("private", .integer(1))) }
    if let source { info.append(("source", .string(source))) }
    let outer = BencodeValue.dictionary([("info", .dictionary(info))])
      .setting(trackers: trackers)
      .setting(webSeeds: webSeeds)
      .setting("piece layers", to: layers)
      .setting("similar", to: similar.isEmpty ? nil : .list(similar.map { .string($0.bytes) }))
      .setting("ring", to: ring?.value)
      .setting("comment", to: comment.map { .string($0) })
      .setting("created by", to: createdBy.map { .string($0) })
      .setting("creation date", to: creationDate.map { .integer($0) })
    return BencodeEncoder.encode(outer)
  }

  /// The hashes and files of version 1, padding among them (BEP 47).
  private func listing(_ hashes: [PieceHashes]) -> [(String, BencodeValue)] {
    var pieces: [UInt8] = []
    pieces.reserveCapacity(hashes.count * 20)
    for hash in hashes { pieces.append(contentsOf: (hash.sha1 ?? .zero).bytes) }
    if layout.isSingleFile {
      var pairs = layout.files.first.map { Self.facts(of: $0) } ?? []
      pairs.append(("pieces", .string(pieces)))
      return pairs
    }
    var files: [BencodeValue] = []
    var end: UInt64 = 0
    func pad(to offset: UInt64) {
      guard offset > end else { return }
      files.append(
        .dictionary([
          ("attr", .string("p")), ("length", .integer(Int64(offset - end))),
          ("path", .list([.string(".pad"), .string("\(offset - end)")])),
        ]))
    }
    files.reserveCapacity(layout.files.count)
    for file in layout.files {
      pad(to: file.offset)
      let path = BencodeValue.list(file.path.map { .string($0) })
      files.append(
        file.attributes.isEmpty && file.linkTarget == nil
          ? Self.plain(length: file.length, path)
          : .dictionary(Self.facts(of: file) + [("path", path)]))
      end = file.offset + file.length
    }
    pad(to: layout.extent)
    return [("files", .list(files)), ("pieces", .string(pieces))]
  }

  /// What most files are: a dictionary for each of a hundred thousand, its keys in their order.
  private static func plain(length: UInt64, _ path: BencodeValue) -> BencodeValue {
    BencodeValue(
      .dictionary([
        .init(key: lengthKey, value: .integer(Int64(length))), .init(key: pathKey, value: path),
      ]))
  }

  private static let lengthKey = ArraySlice("length".utf8)
  private static let pathKey = ArraySlice("path".utf8)

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
