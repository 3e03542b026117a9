import Bencoding
public import Hashing

/// The info dictionary of a torrent (BEP 3, BEP 52): what its info-hash names, and what peers hand
/// each other as metadata (BEP 9).
///
/// The invariant: `bytes` are exactly what was decoded and the info-hashes are theirs; nothing is
/// ever encoded again, so unknown keys and unusual spellings keep their hash. What version 1 and
/// version 2 say of the files of a hybrid torrent is the same.
public struct TorrentInfo: Sendable {
  public let bytes: ArraySlice<UInt8>
  public let version: TorrentVersion
  /// What peers, trackers and rings call it: SHA-1 of the bytes, or for a torrent of version 2 alone
  /// the first twenty bytes of `infoHashV2`.
  public let infoHash: InfoHash
  /// SHA-256 of the bytes, where the torrent is of version 2.
  public let infoHashV2: InfoHashV2?
  public let layout: FileLayout
  public let geometry: PieceGeometry
  /// Twenty bytes for each piece; none in a torrent of version 2 alone.
  private let pieceHashes: ArraySlice<UInt8>
  /// Where the torrent is of version 2.
  public private(set) var trees: FileTrees?
  /// Peers come from the torrent's own trackers only (BEP 27).
  public let isPrivate: Bool
  /// The `source` key with which private trackers make the info-hash their own.
  public let source: String?

  /// Metadata as fetched from peers. The piece layers of version 2 are not part of it.
  ///
  /// - Parameter infoHash: one of the torrent's names; `infoHashV2` the whole of the other, if known.
  /// - Throws: also when it does not have the hash asked for.
  public init(
    metadata: [UInt8], expecting infoHash: InfoHash, _ infoHashV2: InfoHashV2? = nil
  ) throws(MetainfoError) {
    let digest = InfoHashV2(SHA256.hash(metadata))
    guard InfoHash(SHA1.hash(metadata)) == infoHash || digest.truncated == infoHash,
      infoHashV2 == nil || infoHashV2 == digest
    else { throw .hashMismatch }
    do {
      let value = try BencodeDecoder(limits: .metainfo).decode(metadata)
      try self.init(value, in: metadata)
    } catch let error as BencodeError {
      throw .notBencoded(error)
    } catch let error as MetainfoError {
      throw error
    } catch {
      preconditionFailure("decoding throws its own errors only")
    }
    guard infoHash == self.infoHash || infoHash == self.infoHashV2?.truncated else {
      throw .hashMismatch
    }
  }

  /// The decoded info dictionary `value` of `document`.
  init(_ value: BencodeValue, in document: [UInt8]) throws(MetainfoError) {
    guard value.entries != nil, let range = value.range else { throw .wrongType("info") }
    bytes = document[range]
    version = try Self.version(of: value)
    let pieceLength = try Self.pieceLength(of: value, version)
    var layout = try version.hasV1 ? Self.layout(value) : nil
    var roots: [Bytes32] = []
    if version.hasV2 {
      guard let root = value["file tree"] else { throw .missing("file tree") }
      let tree = try FileTree(root)
      roots = tree.files.compactMap(\.root)
      let aligned = try FileLayout(
        name: try Self.name(value), isSingleFile: tree.isSingleFile, listed: tree.files.map(\.file),
        alignment: pieceLength)
      if let layout { try Self.refuseDifference(of: layout, from: aligned) }
      layout = layout ?? aligned
    }
    guard let layout, layout.totalLength > 0 else { throw .noContent }
    guard let geometry = PieceGeometry(layout, pieceLength: pieceLength) else {
      throw .tooManyPieces
    }
    self.layout = layout
    self.geometry = geometry
    pieceHashes = try version.hasV1 ? Self.pieceHashes(of: value, geometry) : []
    if version.hasV2 {
      // Longer padding than aligned files have would be pieces of which version 2 knows nothing.
      guard let trees = TreeGeometry(layout, geometry) else { throw .versionsDiffer(layout.name) }
      self.trees = FileTrees(trees, roots: roots)
    }
    let digest = version.hasV2 ? InfoHashV2(SHA256.hash(bytes)) : nil
    infoHashV2 = digest
    if version.hasV1 {
      infoHash = InfoHash(SHA1.hash(bytes))
    } else {
      infoHash = digest?.truncated ?? InfoHash(.zero)
    }
    isPrivate = value["private"]?.integer == 1
    source = value["source"]?.text
  }

  public var name: String { layout.name }

  /// What the info-hash of version 1 is, where the torrent has one.
  public var infoHashV1: InfoHash? { version.hasV1 ? infoHash : nil }

  /// What its swarms are called: a hybrid torrent has one for each version.
  public var swarmHashes: [InfoHash] {
    guard version == .hybrid, let infoHashV2 else { return [infoHash] }
    return [infoHash, infoHashV2.truncated]
  }

  /// The root of a file's hash tree; nil without one.
  public func root(ofFile file: Int) -> Bytes32? {
    guard let trees, let tree = trees.geometry.tree(ofFile: file) else { return nil }
    return trees.roots[tree]
  }

  /// Whether each piece can be told from a false one: of a torrent of version 2 alone not before its
  /// piece layers are known.
  public var canVerify: Bool { version.hasV1 || trees?.isComplete == true }

  /// Which hashes a piece is told from a false one by.
  public var plan: HashPlan {
    HashPlan(
      takesSHA1: version.hasV1, trees: trees.flatMap { $0.isComplete ? $0.geometry : nil })
  }

  /// What a piece has to hash to.
  ///
  /// - Precondition: `canVerify`.
  public func hashes(of piece: PieceIndex) -> PieceHashes {
    precondition(canVerify, "the piece layers are not known")
    var hashes = PieceHashes()
    if version.hasV1 {
      let start = pieceHashes.startIndex + piece.index * 20
      hashes.sha1 = Bytes20(pieceHashes[start..<start + 20])
    }
    if let trees, trees.isComplete { hashes.root = trees.nodes[piece.index] }
    return hashes
  }

  /// How a piece that has been fetched is told from a false one.
  ///
  /// - Precondition: `canVerify`.
  public func check(of piece: PieceIndex) -> PieceCheck {
    let hashes = hashes(of: piece)
    let width = hashes.root == nil ? nil : trees?.geometry.width(of: piece)
    return PieceCheck(hashes, length: Int(geometry.length(of: piece)), width: width ?? 0)
  }

  /// Bytes of memory that a piece takes until it is verified: with its padding where SHA-1 is taken.
  public func bufferLength(of piece: PieceIndex) -> Int { plan.length(of: piece, in: geometry) }

  /// Takes the `piece layers` of a `.torrent` file (BEP 52).
  mutating func take(_ layers: BencodeValue?) throws(MetainfoError) {
    try trees?.take(layers, of: layout)
  }

  /// Takes the nodes that stand for the pieces in the files' trees, as peers or an earlier run gave
  /// them.
  ///
  /// - Throws: where they are not below the roots; nothing is taken then.
  public mutating func take(nodes: [Bytes32]) throws(MetainfoError) {
    try trees?.take(nodes: nodes, of: layout)
  }
}
