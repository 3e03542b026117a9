import Glibc
import TorrentModel

/// Where a person's programs keep what they remember between two runs (XDG Base Directory
/// Specification). The environment is read here and nowhere below.
enum StateFolder {
  /// The folder for unfinished downloads; `nil` when the environment names none that is absolute.
  static var resume: String? { folder("resume") }

  /// The folder for the known nodes of rings.
  static var rings: String? { folder("rings") }

  /// The key that signs what is published.
  static var publisherKey: String? { folder("publisher.key") }

  /// The key that this machine's nodes have in closed rings.
  static var nodeKey: String? { folder("node.key") }

  /// The certificate of this machine in a closed ring.
  static func certificate(of ring: RingName) -> String? { folder("certificates/\(ring)") }

  /// The key of a closed ring that this person operates.
  static func operatorKey(of name: String) -> String? { folder("operators/\(name).key") }

  private static func folder(_ name: String) -> String? {
    if let state = absolute("XDG_STATE_HOME") { return state + "/shoal/" + name }
    return absolute("HOME").map { $0 + "/.local/state/shoal/" + name }
  }

  /// The specification has relative paths ignored.
  private static func absolute(_ name: String) -> String? {
    guard let value = getenv(name).map({ String(cString: $0) }), value.hasPrefix("/") else {
      return nil
    }
    return value
  }
}
