/// What a file is beside its bytes (BEP 47).
public struct FileAttributes: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let executable = FileAttributes(rawValue: 1)
  public static let hidden = FileAttributes(rawValue: 2)

  /// The letters of `attr`.
  var letters: String { (contains(.executable) ? "x" : "") + (contains(.hidden) ? "h" : "") }
}

/// A file as metainfo lists it, before it has its place in a `FileLayout`.
public struct ListedFile: Sendable {
  public var path: [String]
  /// Bytes; 0 of a link.
  public var length: UInt64
  public var attributes: FileAttributes
  /// Where a symbolic link leads, below the torrent's root.
  public var linkTarget: [String]?
  /// Zeros that belong to no file (BEP 47); the path does not matter.
  public var isPadding: Bool

  public init(
    path: [String], length: UInt64, attributes: FileAttributes = [], linkTarget: [String]? = nil,
    isPadding: Bool = false
  ) {
    self.path = path
    self.length = length
    self.attributes = attributes
    self.linkTarget = linkTarget
    self.isPadding = isPadding
  }
}
