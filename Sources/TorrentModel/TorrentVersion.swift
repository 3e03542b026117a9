/// Which of the two formats an info dictionary is of.
public enum TorrentVersion: Hashable, Sendable, CustomStringConvertible {
  /// BEP 3: pieces run through the files, each has a SHA-1.
  case v1
  /// BEP 52: files begin pieces, each file has a tree of SHA-256.
  case v2
  /// Both, of the same files.
  case hybrid

  public var hasV1: Bool { self != .v2 }
  public var hasV2: Bool { self != .v1 }

  public var description: String {
    switch self {
    case .v1: "1"
    case .v2: "2"
    case .hybrid: "1 and 2"
    }
  }
}
