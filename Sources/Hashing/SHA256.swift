/// SHA-256 (RFC 6234) by OpenSSL: the hash of BitTorrent v2 (BEP 52).
public struct SHA256: ~Copyable {
  private let digest = MessageDigest("SHA256")

  public init() {}

  public func update(_ bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

  /// The digest of all bytes since the last call, and a fresh start.
  public func finish() -> Bytes32 {
    digest.finish { Bytes32($0.bytes, at: 0) }
  }

  public static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
    let hasher = SHA256()
    hasher.update(bytes)
    return hasher.finish()
  }

  public static func hash(_ bytes: some Collection<UInt8>) -> Bytes32 {
    if let digest = bytes.withContiguousStorageIfAvailable({ hash(UnsafeRawBufferPointer($0)) }) {
      return digest
    }
    return Array(bytes).withUnsafeBytes { hash($0) }
  }
}
