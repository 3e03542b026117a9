internal import COpenSSL

/// SHA-1 (RFC 3174) by OpenSSL. BEP 3 fixes this hash for pieces and info-hashes; nothing else
/// here relies on its strength.
///
/// The invariant: one context lives as long as the value and is reset for every message, because
/// fetching the algorithm and allocating a context cost more than hashing a small message.
public struct SHA1: ~Copyable {
  private let context: OpaquePointer
  private let algorithm: OpaquePointer

  /// - Precondition: libcrypto offers SHA-1; a build without it could not check a single piece.
  public init() {
    guard let algorithm = EVP_MD_fetch(nil, "SHA1", nil), let context = EVP_MD_CTX_new(),
      EVP_DigestInit_ex2(context, algorithm, nil) == 1
    else { preconditionFailure("libcrypto offers no SHA-1; install a build of OpenSSL that does") }
    self.algorithm = algorithm
    self.context = context
  }

  deinit {
    EVP_MD_CTX_free(context)
    EVP_MD_free(algorithm)
  }

  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      preconditionFailure("libcrypto failed to hash \(bytes.count) bytes in memory")
    }
  }

  /// The digest of all bytes since the last call, and a fresh start.
  public func finish() -> Bytes20 {
    var digest: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
      (0, 0, 0, 0, 0, 0, 0, 0)
    return withUnsafeMutableBytes(of: &digest) { space in
      let done = EVP_DigestFinal_ex(
        context, space.assumingMemoryBound(to: UInt8.self).baseAddress, nil)
      guard done == 1, EVP_DigestInit_ex2(context, algorithm, nil) == 1,
        let bytes = Bytes20(UnsafeRawBufferPointer(rebasing: space[..<20]))
      else { preconditionFailure("libcrypto failed to finish a digest") }
      return bytes
    }
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
