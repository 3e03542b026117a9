public import Hashing

/// The name of a torrent of version 2: SHA-256 of the raw bytes of its info dictionary (BEP 52).
public struct InfoHashV2: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let digest: Bytes32

  public init(_ digest: Bytes32) { self.digest = digest }

  /// A multihash as magnet links spell it (BEP 9): in hexadecimal, 12 for SHA-256, 20 for its 32
  /// bytes, and those.
  public init?(multihash text: some StringProtocol) {
    guard text.utf8.count == 68, let bytes = Hexadecimal.decode(text), bytes[0] == Self.sha256,
      bytes[1] == 32, let digest = Bytes32(bytes.dropFirst(2))
    else { return nil }
    self.digest = digest
  }

  private static let sha256: UInt8 = 0x12

  public var bytes: [UInt8] { digest.bytes }

  /// What handshakes, trackers and rings call the torrent: the first twenty bytes.
  public var truncated: InfoHash { InfoHash(digest.truncated) }

  public var multihash: String { Hexadecimal.encode([Self.sha256, 32]) + description }

  /// 64 lower-case hexadecimal digits.
  public var description: String { Hexadecimal.encode(digest.bytes) }

  public static func < (left: InfoHashV2, right: InfoHashV2) -> Bool { left.digest < right.digest }
}
