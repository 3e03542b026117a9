import Hashing

/// The name of a ring of nodes that keep peers for each other without a tracker.
public enum RingName: Hashable, Sendable, CustomStringConvertible {
  /// Whoever knows the name may join.
  case open(UInt64)
  /// Whoever holds a certificate of the operator may join; these are the 32 bytes of the operator's
  /// public key (ed25519, RFC 8032).
  case closed([UInt8])

  static let keyLength = 32

  /// - Returns: nil unless there are 32 bytes.
  public init?(operatorKey bytes: some Collection<UInt8>) {
    guard bytes.count == Self.keyLength else { return nil }
    self = .closed(Array(bytes))
  }

  /// The open ring that everybody calls by a word: the first eight bytes of its SHA-256.
  public init(word: String) { self = .open(Self.word(SHA256.hash(Array(word.utf8)).bytes)) }

  /// `open-` and 16 hexadecimal digits, or the 64 of an operator's key; as links spell it.
  public init?(text: some StringProtocol) {
    let text = text.lowercased()
    let prefix = "open-"
    if text.hasPrefix(prefix) {
      guard text.utf8.count == prefix.utf8.count + 16,
        let bytes = Hexadecimal.decode(text.dropFirst(prefix.count))
      else { return nil }
      self = .open(Self.word(bytes))
    } else {
      guard let bytes = Hexadecimal.decode(text) else { return nil }
      self.init(operatorKey: bytes)
    }
  }

  public var isOpen: Bool {
    if case .open = self { true } else { false }
  }

  /// The bytes that its name stands for.
  public var key: [UInt8] {
    switch self {
    case .open(let word): (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    case .closed(let bytes): bytes
    }
  }

  /// What tells datagrams of one ring from another's: the first eight bytes of the key's SHA-256.
  public var tag: UInt64 { Self.word(SHA256.hash(key).bytes) }

  public var description: String {
    isOpen ? "open-" + Hexadecimal.encode(key) : Hexadecimal.encode(key)
  }

  private static func word(_ bytes: [UInt8]) -> UInt64 {
    bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// Where the peers of a torrent find each other without a tracker: a ring, and nodes of it to begin
/// with.
public struct RingReference: Hashable, Sendable {
  public var name: RingName
  public var nodes: [MagnetLink.PeerHint]

  /// Nodes named beyond this number are dropped.
  public static let mostNodes = 32

  public init(_ name: RingName, nodes: [MagnetLink.PeerHint] = []) {
    self.name = name
    self.nodes = Array(nodes.prefix(Self.mostNodes))
  }
}
