public import Hashing

/// What a Metalink document (RFC 5854, and version 3 before it) says of its first file: where it is,
/// and what its pieces hash to.
public struct Metalink: Hashable, Sendable {
  public let name: String
  /// Bytes; nil where it is not said.
  public let length: UInt64?
  /// Web servers that have the file, the preferred first.
  public let urls: [String]
  /// Where a `.torrent` file of it is.
  public let torrents: [String]
  /// SHA-1 of each piece; nil where it is not said.
  public let pieces: Pieces?

  public struct Pieces: Hashable, Sendable {
    /// Bytes.
    public var length: UInt64
    public var hashes: [Bytes20]
  }

  /// Longer documents are refused, in bytes.
  public static let longestDocument = 16 << 20
  static let mostURLs = Metainfo.mostWebSeeds

  public init(_ document: [UInt8]) throws(MetalinkError) {
    guard document.count <= Self.longestDocument else {
      throw .malformed("a document too long", at: Self.longestDocument)
    }
    let reader = MetalinkReader()
    try XMLDocument.visit(document, by: reader)
    guard let name = reader.name, !name.isEmpty, !name.contains("/"), name != ".", name != ".."
    else { throw .unusable("it names no file") }
    self.name = FileNames.component(name)
    length = reader.length
    urls = reader.urls.sorted { $0.priority < $1.priority }.map(\.url)
    torrents = reader.torrents
    pieces = reader.pieces
  }

  /// A `.torrent` file of version 1 that says the same: any of its clients may fetch it.
  ///
  /// - Throws: where there are no SHA-1 hashes of pieces, or they do not fit the length.
  public func document() throws(MetalinkError) -> [UInt8] {
    guard let pieces, let length else {
      throw .unusable("it has no SHA-1 hashes of pieces, by which what comes could be checked")
    }
    let layout: FileLayout
    do {
      layout = try FileLayout(name: name, isSingleFile: true, files: [([name], length)])
    } catch {
      throw .unusable("\(error)")
    }
    guard let geometry = PieceGeometry(layout, pieceLength: pieces.length),
      geometry.pieceCount == pieces.hashes.count
    else { throw .unusable("its hashes of pieces do not fit the size of the file") }
    var builder = MetainfoBuilder(layout: layout, pieceLength: pieces.length)
    builder.webSeeds = urls
    return builder.document(hashes: pieces.hashes)
  }
}

/// Why a document is no Metalink, or describes nothing that can be fetched and checked.
public enum MetalinkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What stands at a byte.
  case malformed(String, at: Int)
  case unusable(String)

  public var description: String {
    switch self {
    case .malformed(let what, let position): "not a Metalink: \(what) at byte \(position)"
    case .unusable(let reason): "a Metalink of no use: \(reason)"
    }
  }
}

/// Reads a document up to the end of its first file.
private final class MetalinkReader: XMLVisitor {
  private var path: [String] = []
  private var text = ""
  private var attributes: [String: String] = [:]

  var name: String?
  var length: UInt64?
  var urls: [(url: String, priority: Int)] = []
  var torrents: [String] = []
  var pieces: Metalink.Pieces?
  private var takesPieces = false

  func begin(_ element: String, _ attributes: [String: String]) -> XMLVerdict {
    guard !path.isEmpty || element == "metalink" else {
      return .wrong("'\(element.prefix(40))'")
    }
    path.append(element)
    self.attributes = attributes
    text = ""
    switch element {
    case "file": name = attributes["name"]
    case "pieces":
      let type = attributes["type"]?.lowercased()
      takesPieces = pieces == nil && (type == "sha-1" || type == "sha1")
      if takesPieces, let length = attributes["length"].flatMap({ UInt64($0) }), length > 0 {
        pieces = Metalink.Pieces(length: length, hashes: [])
      } else {
        takesPieces = false
      }
    default: break
    }
    return .goOn
  }

  func take(_ text: String) { self.text += text }

  func end(_ element: String) -> XMLVerdict {
    let value = text.trimmed
    path.removeLast()
    text = ""
    switch element {
    case "size": length = UInt64(value)
    case "hash" where takesPieces && path.last == "pieces":
      guard let hash = Hexadecimal.decode(value).flatMap({ Bytes20($0[...]) }) else {
        return .wrong("a hash of another length")
      }
      pieces?.hashes.append(hash)
    case "pieces": takesPieces = false
    case "url": takeURL(value)
    case "metaurl" where attributes["mediatype"] == "torrent":
      if torrents.count < Metalink.mostURLs { torrents.append(value) }
    case "file": return .enough
    default: break
    }
    return .goOn
  }

  /// Version 3 marks a `.torrent` file as a URL of another type, and prefers what has more.
  private func takeURL(_ url: String) {
    if attributes["type"]?.lowercased() == "bittorrent" {
      if torrents.count < Metalink.mostURLs { torrents.append(url) }
      return
    }
    guard WebSeed(url) != nil, urls.count < Metalink.mostURLs else { return }
    let priority = attributes["priority"].flatMap { Int($0) }
    let preference = attributes["preference"].flatMap { Int($0) }.map {
      1000 - min(max($0, 0), 100)
    }
    urls.append((url, priority ?? preference ?? 1_000_000))
  }
}

extension String {
  /// Without the white space around it.
  fileprivate var trimmed: String {
    let isSpace = { (character: Character) in character.isWhitespace }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
