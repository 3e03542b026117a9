import Bencoding

/// Changes what stands in a `.torrent` file around its pieces.
///
/// The invariant: what nobody asked to change keeps its bytes, unknown keys and unusual spellings
/// included; the info dictionary, and with it the info-hash, changes only where `isPrivate` or
/// `source` is set to another value.
public struct MetainfoEditor: Sendable {
  private let document: [UInt8]
  private let original: Metainfo
  public var trackers: [[String]]
  public var webSeeds: [String]
  public var comment: String?
  public var createdBy: String?
  /// Stands in the info dictionary.
  public var isPrivate: Bool
  /// Stands in the info dictionary.
  public var source: String?

  /// What can be changed, by the name of its key.
  public enum Field: String, CaseIterable, Sendable {
    case trackers = "announce-list"
    case webSeeds = "url-list"
    case comment
    case createdBy = "created by"
    case isPrivate = "private"
    case source
  }

  public init(_ document: [UInt8]) throws(MetainfoError) {
    self.document = document
    original = try Metainfo(document)
    trackers = original.trackers
    webSeeds = original.webSeeds
    comment = original.comment
    createdBy = original.createdBy
    isPrivate = original.info.isPrivate
    source = original.info.source
  }

  public var infoHash: InfoHash { original.info.infoHash }

  /// What differs from the document.
  public var changes: [Field] {
    Field.allCases.filter { field in
      switch field {
      case .trackers: trackers != original.trackers
      case .webSeeds: webSeeds != original.webSeeds
      case .comment: comment != original.comment
      case .createdBy: createdBy != original.createdBy
      case .isPrivate: isPrivate != original.info.isPrivate
      case .source: source != original.info.source
      }
    }
  }

  /// The document with the changes in it.
  public var edited: [UInt8] {
    var outer = original.outer
    for field in changes {
      switch field {
      case .trackers: outer = outer.setting(trackers: trackers)
      case .webSeeds: outer = outer.setting(webSeeds: webSeeds)
      case .comment: outer = outer.setting("comment", to: comment.map { .string($0) })
      case .createdBy: outer = outer.setting("created by", to: createdBy.map { .string($0) })
      case .isPrivate: outer = Self.setting("private", in: outer, to: isPrivate ? .integer(1) : nil)
      case .source: outer = Self.setting("source", in: outer, to: source.map { .string($0) })
      }
    }
    var encoder = BencodeEncoder(reusing: document)
    encoder.append(outer)
    return encoder.bytes
  }

  private static func setting(
    _ key: String, in outer: BencodeValue, to value: BencodeValue?
  ) -> BencodeValue {
    guard let info = outer["info"] else { preconditionFailure("every metainfo has its info") }
    return outer.setting("info", to: info.setting(key, to: value))
  }
}
