internal import COpenSSL

/// Encryption that also proves who made it and what stands before it (RFC 8439), by OpenSSL.
public enum ChaCha20Poly1305 {
  public static let keyLength = 32
  /// Bytes that must differ between any two messages under one key.
  public static let nonceLength = 12
  /// Bytes by which a sealed message is longer than the plain one.
  public static let tagLength = 16

  /// - Parameter header: what is not encrypted and cannot be changed either.
  /// - Precondition: key and nonce have their lengths.
  public static func seal(
    _ plain: [UInt8], key: [UInt8], nonce: [UInt8], header: [UInt8]
  ) -> [UInt8] {
    precondition(key.count == keyLength && nonce.count == nonceLength, "a key of another length")
    var sealed = [UInt8](repeating: 0, count: plain.count)
    var tag = [UInt8](repeating: 0, count: tagLength)
    withContext { context in
      var length: Int32 = 0
      let isSealed =
        EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), nil, key, nonce) == 1
        && EVP_EncryptUpdate(context, nil, &length, header, Int32(header.count)) == 1
        && EVP_EncryptUpdate(context, &sealed, &length, plain, Int32(plain.count)) == 1
        && EVP_EncryptFinal_ex(context, nil, &length) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
      precondition(isSealed, "libcrypto seals whatever it is given")
    }
    return sealed + tag
  }

  /// - Returns: nil unless the bytes were sealed under this key and nonce behind this header.
  /// - Precondition: key and nonce have their lengths.
  public static func open(
    _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], header: [UInt8]
  ) -> [UInt8]? {
    precondition(key.count == keyLength && nonce.count == nonceLength, "a key of another length")
    guard sealed.count >= tagLength else { return nil }
    let hidden = Array(sealed.dropLast(tagLength))
    var tag = Array(sealed.suffix(tagLength))
    var plain = [UInt8](repeating: 0, count: hidden.count)
    var isOpen = false
    withContext { context in
      var length: Int32 = 0
      isOpen =
        EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), nil, key, nonce) == 1
        && EVP_DecryptUpdate(context, nil, &length, header, Int32(header.count)) == 1
        && EVP_DecryptUpdate(context, &plain, &length, hidden, Int32(hidden.count)) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1
        && EVP_DecryptFinal_ex(context, nil, &length) == 1
    }
    return isOpen ? plain : nil
  }

  private static func withContext(_ body: (OpaquePointer) -> Void) {
    guard let context = EVP_CIPHER_CTX_new() else {
      preconditionFailure("no memory for a context of libcrypto")
    }
    defer { EVP_CIPHER_CTX_free(context) }
    body(context)
  }
}
