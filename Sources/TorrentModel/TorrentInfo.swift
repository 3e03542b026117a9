import Bencoding
public import Hashing

/// The info dictionary of a torrent (BEP 3): what its info-hash names, and what peers hand each
/// other as metadata (BEP 9).
///
/// The invariant: `bytes` are exactly what was decoded and `infoHash` is their SHA-1; nothing is
/// ever encoded again, so unknown keys and unusual spellings keep their hash.
public struct TorrentInfo: Sendable {
  public let bytes: ArraySlice<UInt8>
  public let infoHash: InfoHash
  public let layout: FileLayout
  public let geometry: PieceGeometry
  /// Twenty bytes for each piece.
  private let pieceHashes: ArraySlice<UInt8>
  /// Peers come from the torrent's own trackers only (BEP 27).
  public let isPrivate: Bool
  /// The `source` key with which private trackers make the info-hash their own.
  public let source: String?

  /// Metadata as fetched from peers. - Throws: also when it does not have the hash asked for.
  public init(metadata: [UInt8], expecting infoHash: InfoHash) throws(MetainfoError) {
    guard InfoHash(SHA1.hash(metadata)) == infoHash else { throw .hashMismatch }
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
  }

  /// The decoded info dictionary `value` of `document`.
  init(_ value: BencodeValue, in document: [UInt8]) throws(MetainfoError) {
    guard value.entries != nil, let range = value.range else { throw .wrongType("info") }
    bytes = document[range]
    infoHash = InfoHash(SHA1.hash(bytes))
    layout = try Self.layout(value)
    guard let pieceLength = value["piece length"] else { throw .missing("piece length") }
    guard let pieceLength = pieceLength.integer else { throw .wrongType("piece length") }
    guard pieceLength > 0, UInt64(pieceLength) <= PieceGeometry.longestPiece else {
      throw .badPieceLength(pieceLength)
    }
    guard layout.totalLength > 0 else { throw .noContent }
    guard
      let geometry = PieceGeometry(
        totalLength: layout.totalLength, pieceLength: UInt64(pieceLength))
    else { throw .tooManyPieces }
    self.geometry = geometry
    guard let pieces = value["pieces"] else { throw .missing("pieces") }
    guard let hashes = pieces.string else { throw .wrongType("pieces") }
    guard hashes.count == geometry.pieceCount * 20 else {
      throw .badPieceHashes(found: hashes.count, expected: geometry.pieceCount * 20)
    }
    pieceHashes = hashes
    isPrivate = value["private"]?.integer == 1
    source = value["source"]?.text
  }

  public func hash(of piece: PieceIndex) -> Bytes20 {
    let start = pieceHashes.startIndex + piece.index * 20
    guard let digest = Bytes20(pieceHashes[start..<start + 20]) else {
      preconditionFailure("twenty bytes make a digest")
    }
    return digest
  }

  public var name: String { layout.name }

  private static func layout(_ info: BencodeValue) throws(MetainfoError) -> FileLayout {
    guard let name = info["name.utf-8"] ?? info["name"] else { throw .missing("name") }
    let rootName = FileNames.component(try text(name, key: "name"))
    switch (info["length"], info["files"]) {
    case (.some, .some):
      throw .bothLengthAndFiles
    case (.some(let value), nil):
      return try FileLayout(
        name: rootName, isSingleFile: true, files: [([rootName], try length(value))])
    case (nil, .some(let value)):
      guard let list = value.list else { throw .wrongType("files") }
      var paths: [[String]] = []
      var lengths: [UInt64] = []
      for item in list {
        guard let value = item["length"] else { throw .missing("length") }
        guard let components = (item["path.utf-8"] ?? item["path"])?.list else {
          throw .missing("path")
        }
        var path: [String] = []
        for component in components {
          path.append(FileNames.component(try text(component, key: "path")))
        }
        // Before paths are compared, which costs as much as they are long and deep.
        try FileLayout.checkSize(of: path)
        paths.append(path)
        lengths.append(try length(value))
      }
      FileNames.tellApart(&paths)
      return try FileLayout(
        name: rootName, isSingleFile: false, files: zip(paths, lengths).map { ($0, $1) })
    case (nil, nil):
      throw info["file tree"] == nil ? .missing("length") : .onlyVersion2
    }
  }

  private static func length(_ value: BencodeValue) throws(MetainfoError) -> UInt64 {
    guard let number = value.integer else { throw .wrongType("length") }
    guard number >= 0 else { throw .negativeLength }
    return UInt64(number)
  }

  /// Names from before UTF-8 was the rule are repaired.
  private static func text(_ value: BencodeValue, key: String) throws(MetainfoError) -> String {
    guard let bytes = value.string else { throw .wrongType(key) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
