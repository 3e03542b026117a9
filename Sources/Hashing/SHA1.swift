/// SHA-1 (RFC 3174) by OpenSSL. BEP 3 fixes this hash for pieces and info-hashes; nothing else
/// here relies on its strength.
public struct SHA1: ~Copyable {
  private let digest = MessageDigest("SHA1")

  public init() {}

  public func update(_ bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

  /// The digest of all bytes since the last call, and a fresh start.
  public func finish() -> Bytes20 {
    digest.finish { Bytes20($0.bytes, at: 0) }
  }

  public static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes20 {
    let hasher = SHA1()
    hasher.update(bytes)
    return hasher.finish()
  }

  public static func hash(_ bytes: some Collection<UInt8>) -> Bytes20 {
    if let digest = bytes.withContiguousStorageIfAvailable({ hash(UnsafeRawBufferPointer($0)) }) {
      return digest
    }
    return Array(bytes).withUnsafeBytes { hash($0) }
  }
}
