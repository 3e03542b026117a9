internal import COpenSSL

/// Keys on Curve25519 as the 32 bytes that they are, whether they sign (RFC 8032) or agree (RFC 7748).
enum RawKey {
  static let length = 32

  /// - Parameter kind: OpenSSL's number of the algorithm.
  /// - Returns: a key to be freed; nil unless there are 32 bytes.
  static func load(_ privateKey: [UInt8], of kind: Int32) -> OpaquePointer? {
    guard privateKey.count == length else { return nil }
    return EVP_PKEY_new_raw_private_key(kind, nil, privateKey, length)
  }

  /// - Returns: nil unless the private key has 32 bytes.
  static func publicKey(of privateKey: [UInt8], _ kind: Int32) -> [UInt8]? {
    guard let key = load(privateKey, of: kind) else { return nil }
    defer { EVP_PKEY_free(key) }
    var bytes = [UInt8](repeating: 0, count: length)
    var count = length
    guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == length else {
      return nil
    }
    return bytes
  }
}
