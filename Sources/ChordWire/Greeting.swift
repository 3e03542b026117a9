/// What two nodes of a closed ring say to each other before anything else: a certificate, a key made
/// for this occasion (X25519, RFC 7748), and a signature that belongs to this occasion alone.
///
/// On the wire, in `cert`: certificate 138, key 32, count u64, signature 64. `[0]` in its place asks
/// for the token that a greeting has to be signed with.
public struct Greeting: Hashable, Sendable {
  public var certificate: NodeCertificate
  /// 32 bytes.
  public var ephemeralKey: [UInt8]
  /// Grows from one greeting of a node to its next; an answer repeats it.
  public var count: UInt64
  /// The node's, by the key in the certificate.
  public var signature: Signature

  public static let ephemeralKeyLength = 32
  public static let length =
    NodeCertificate.length + ephemeralKeyLength + 8 + Signature.length
  /// Asks for a token.
  public static let blank: [UInt8] = [0]

  /// - Returns: nil unless the key has its length.
  public init?(
    certificate: NodeCertificate, ephemeralKey: [UInt8], count: UInt64, signature: Signature
  ) {
    guard ephemeralKey.count == Self.ephemeralKeyLength else { return nil }
    self.certificate = certificate
    self.ephemeralKey = ephemeralKey
    self.count = count
    self.signature = signature
  }

  public init?(bytes: [UInt8]) {
    let keyAt = NodeCertificate.length
    let countAt = keyAt + Self.ephemeralKeyLength
    guard bytes.count == Self.length, let certificate = NodeCertificate(bytes: bytes[..<keyAt]),
      let signature = Signature(bytes[(countAt + 8)...])
    else { return nil }
    self.init(
      certificate: certificate, ephemeralKey: Array(bytes[keyAt..<countAt]),
      count: bytes[countAt..<countAt + 8].reduce(0) { $0 << 8 | UInt64($1) }, signature: signature)
  }

  public var bytes: [UInt8] { body + signature.bytes }

  private var body: [UInt8] {
    var bytes = certificate.bytes + ephemeralKey
    bytes.append(bigEndian: count)
    return bytes
  }

  /// What the signature of a greeting is of: the token is one that the greeted node just gave to this
  /// address, so nobody can say the same again elsewhere or later.
  public func signedBytes(in ring: [UInt8], token: WriteToken) -> [UInt8] {
    var bytes = Array("shoal ring greeting".utf8) + ring + body
    bytes.append(bigEndian: token.word)
    return bytes
  }

  /// What the signature of an answer is of: the key it answers was made a moment ago.
  public func signedBytes(in ring: [UInt8], answering ephemeralKey: [UInt8]) -> [UInt8] {
    Array("shoal ring answer".utf8) + ring + body + ephemeralKey
  }
}
