internal import COpenSSL

/// Signatures of ed25519 (RFC 8032) by OpenSSL.
public enum Ed25519 {
  /// Bytes of a private key, which is a seed, and of a public one.
  public static let keyLength = RawKey.length
  public static let signatureLength = 64

  /// - Returns: nil unless the key has 32 bytes.
  public static func publicKey(of privateKey: [UInt8]) -> [UInt8]? {
    RawKey.publicKey(of: privateKey, EVP_PKEY_ED25519)
  }

  /// - Returns: nil unless the key has 32 bytes.
  public static func sign(_ message: [UInt8], with privateKey: [UInt8]) -> [UInt8]? {
    guard let key = RawKey.load(privateKey, of: EVP_PKEY_ED25519) else { return nil }
    defer { EVP_PKEY_free(key) }
    return withContext { context in
      var signature = [UInt8](repeating: 0, count: signatureLength)
      var length = signatureLength
      guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
        EVP_DigestSign(context, &signature, &length, message, message.count) == 1,
        length == signatureLength
      else { return nil }
      return signature
    }
  }

  /// Whether a signature is that of a message by whoever holds the private half of a key; false, too,
  /// for a key or a signature of a wrong length.
  public static func isValid(
    _ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]
  ) -> Bool {
    guard publicKey.count == keyLength, signature.count == signatureLength,
      let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, keyLength)
    else { return false }
    defer { EVP_PKEY_free(key) }
    return withContext { context in
      EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
        && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
  }

  private static func withContext<Value>(_ body: (OpaquePointer) -> Value) -> Value {
    guard let context = EVP_MD_CTX_new() else {
      preconditionFailure("no memory for a context of libcrypto")
    }
    defer { EVP_MD_CTX_free(context) }
    return body(context)
  }
}
