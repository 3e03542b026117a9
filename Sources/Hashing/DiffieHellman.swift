internal import COpenSSL

/// Diffie and Hellman's key agreement in the group of 768 bits that message stream encryption has
/// chosen, with the generator 2, by OpenSSL.
///
/// It hides what is spoken from who looks only in passing. The group is short and nobody proves who
/// they are, so it is good for nothing else, and nothing is done about the time it takes.
public struct DiffieHellman: Sendable {
  /// Bytes of a public key and of the secret, leading zeros included.
  public static let keyLength = 96
  /// Bytes of a private key: the 160 bits that the specification asks for.
  public static let privateKeyLength = 20

  static let prime: [UInt8] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x0f, 0xda, 0xa2, 0x21, 0x68, 0xc2, 0x34,
    0xc4, 0xc6, 0x62, 0x8b, 0x80, 0xdc, 0x1c, 0xd1, 0x29, 0x02, 0x4e, 0x08, 0x8a, 0x67, 0xcc, 0x74,
    0x02, 0x0b, 0xbe, 0xa6, 0x3b, 0x13, 0x9b, 0x22, 0x51, 0x4a, 0x08, 0x79, 0x8e, 0x34, 0x04, 0xdd,
    0xef, 0x95, 0x19, 0xb3, 0xcd, 0x3a, 0x43, 0x1b, 0x30, 0x2b, 0x0a, 0x6d, 0xf2, 0x5f, 0x14, 0x37,
    0x4f, 0xe1, 0x35, 0x6d, 0x6d, 0x51, 0xc2, 0x45, 0xe4, 0x85, 0xb5, 0x76, 0x62, 0x5e, 0x7e, 0xc6,
    0xf4, 0x4c, 0x42, 0xe9, 0xa6, 0x3a, 0x36, 0x21, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x05, 0x63,
  ]

  /// The prime less 1: its powers are 1 and itself.
  private static let greatest = Array(prime.dropLast()) + [0x62]

  /// What the other end is told.
  public let publicKey: [UInt8]
  private let privateKey: [UInt8]

  /// - Parameter privateKey: `privateKeyLength` random bytes.
  public init(privateKey: [UInt8]) {
    precondition(privateKey.count == Self.privateKeyLength, "a private key of another length")
    self.privateKey = privateKey
    publicKey = Self.power([2], privateKey)
  }

  /// What both ends know and nobody in between.
  ///
  /// - Returns: nil for a key of another length, and for 0, 1, the prime less 1 and what is greater:
  ///   no honest end has one of these, and their secret is known to everybody.
  public func secret(with theirs: [UInt8]) -> [UInt8]? {
    guard theirs.count == Self.keyLength, Self.mayBeginKey(theirs) else { return nil }
    let isSmall = theirs.dropLast().allSatisfy { $0 == 0 } && theirs.last! < 2
    return isSmall || theirs == Self.greatest ? nil : Self.power(theirs, privateKey)
  }

  /// Whether a public key can begin with these bytes: it is less than the prime.
  public static func mayBeginKey(_ bytes: some Collection<UInt8>) -> Bool {
    for (theirs, ours) in zip(bytes, prime) where theirs != ours { return theirs < ours }
    return bytes.count < keyLength
  }

  private static func power(_ base: [UInt8], _ exponent: [UInt8]) -> [UInt8] {
    let context = BN_CTX_new()
    let modulus = BN_bin2bn(prime, Int32(prime.count), nil)
    let number = BN_bin2bn(base, Int32(base.count), nil)
    let power = BN_bin2bn(exponent, Int32(exponent.count), nil)
    let result = BN_new()
    defer {
      for number in [modulus, number, power, result] { BN_free(number) }
      BN_CTX_free(context)
    }
    var bytes = [UInt8](repeating: 0, count: keyLength)
    guard let context, BN_mod_exp(result, number, power, modulus, context) == 1,
      BN_bn2binpad(result, &bytes, Int32(keyLength)) == Int32(keyLength)
    else { preconditionFailure("libcrypto has no memory left") }
    return bytes
  }
}
