internal import COpenSSL

/// A digest by OpenSSL.
///
/// The invariant: one context lives as long as the value and is reset for every message, because
/// fetching the algorithm and allocating a context cost more than hashing a small message.
struct MessageDigest: ~Copyable {
  private let context: OpaquePointer
  private let algorithm: OpaquePointer

  /// - Precondition: libcrypto offers the algorithm; a build without it could not check a piece.
  init(_ name: StaticString) {
    guard let algorithm = EVP_MD_fetch(nil, "\(name)", nil), let context = EVP_MD_CTX_new(),
      EVP_DigestInit_ex2(context, algorithm, nil) == 1
    else {
      preconditionFailure("libcrypto offers no \(name); install a build of OpenSSL that does")
    }
    self.algorithm = algorithm
    self.context = context
  }

  deinit {
    EVP_MD_CTX_free(context)
    EVP_MD_free(algorithm)
  }

  func update(_ bytes: UnsafeRawBufferPointer) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      preconditionFailure("libcrypto failed to hash \(bytes.count) bytes in memory")
    }
  }

  /// The digest of all bytes since the last call, made of the start of `body`'s argument, and a
  /// fresh start.
  func finish<Digest>(_ body: (UnsafeRawBufferPointer) -> Digest) -> Digest {
    // As long as any digest of libcrypto's.
    var digest: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
      (0, 0, 0, 0, 0, 0, 0, 0)
    return withUnsafeMutableBytes(of: &digest) { space in
      let done = EVP_DigestFinal_ex(
        context, space.assumingMemoryBound(to: UInt8.self).baseAddress, nil)
      guard done == 1, EVP_DigestInit_ex2(context, algorithm, nil) == 1 else {
        preconditionFailure("libcrypto failed to finish a digest")
      }
      return body(UnsafeRawBufferPointer(space))
    }
  }
}
