internal import COpenSSL

/// Key agreement on Curve25519 (RFC 7748) by OpenSSL.
public enum X25519 {
  /// Bytes of a private key, of a public one and of the secret.
  public static let keyLength = RawKey.length

  /// - Parameter privateKey: random bytes.
  /// - Returns: nil unless there are 32.
  public static func publicKey(of privateKey: [UInt8]) -> [UInt8]? {
    RawKey.publicKey(of: privateKey, EVP_PKEY_X25519)
  }

  /// What both ends know and nobody in between.
  ///
  /// - Returns: nil for keys of another length, and for a point of small order, whose secret is known
  ///   to everybody (RFC 7748, section 6.1).
  public static func secret(of privateKey: [UInt8], with theirs: [UInt8]) -> [UInt8]? {
    guard theirs.count == keyLength, let own = RawKey.load(privateKey, of: EVP_PKEY_X25519) else {
      return nil
    }
    defer { EVP_PKEY_free(own) }
    guard let other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, theirs, keyLength),
      let context = EVP_PKEY_CTX_new(own, nil)
    else { return nil }
    defer {
      EVP_PKEY_CTX_free(context)
      EVP_PKEY_free(other)
    }
    var secret = [UInt8](repeating: 0, count: keyLength)
    var length = keyLength
    guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, other) == 1,
      EVP_PKEY_derive(context, &secret, &length) == 1, length == keyLength
    else { return nil }
    return secret
  }
}
