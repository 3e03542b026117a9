/// What the operator of a closed ring signs for a node: where it stands, which key is its own, and
/// until when.
///
/// On the wire: version 1, identifier 20, key 32, epoch u32, not-before u64, not-after u64, roles u8,
/// signature 64.
public struct NodeCertificate: Hashable, Sendable {
  public struct Roles: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// May stand in the ring and keep records; anybody else is a client.
    public static let member = Roles(rawValue: 1)
  }

  /// Chosen by the operator, so that nobody chooses the key he would like to own.
  public var id: Identifier
  /// The node's own.
  public var key: PublicKey
  /// Certificates of an epoch before the latest are no good any more: how an operator takes some
  /// back.
  public var epoch: UInt32
  /// Seconds since 1970.
  public var notBefore: UInt64
  /// Seconds since 1970.
  public var notAfter: UInt64
  public var roles: Roles
  /// The operator's.
  public var signature: Signature

  static let version: UInt8 = 1
  static let bodyLength =
    1 + Identifier.length + PublicKey.length + 4 + 8 + 8 + 1
  /// Bytes on the wire.
  public static let length = bodyLength + Signature.length

  public init(
    id: Identifier, key: PublicKey, epoch: UInt32, notBefore: UInt64, notAfter: UInt64,
    roles: Roles, signature: Signature
  ) {
    self.id = id
    self.key = key
    self.epoch = epoch
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.roles = roles
    self.signature = signature
  }

  /// - Returns: nil for any other count of bytes, another version, and a time that ends before it
  ///   begins.
  public init?(bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    guard bytes.count == Self.length, bytes[0] == Self.version,
      let id = Identifier(bytes: bytes[1..<21]), let key = PublicKey(bytes[21..<53]),
      let signature = Signature(bytes[Self.bodyLength...])
    else { return nil }
    let number = { (range: Range<Int>) in bytes[range].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    self.init(
      id: id, key: key, epoch: UInt32(number(53..<57)), notBefore: number(57..<65),
      notAfter: number(65..<73), roles: Roles(rawValue: bytes[73]), signature: signature)
    guard notBefore <= notAfter else { return nil }
  }

  public var bytes: [UInt8] { body + signature.bytes }

  private var body: [UInt8] {
    var bytes = [Self.version] + id.bytes + key.bytes
    bytes.append(bigEndian: epoch)
    bytes.append(bigEndian: notBefore)
    bytes.append(bigEndian: notAfter)
    bytes.append(roles.rawValue)
    return bytes
  }

  /// What the operator's signature is of; the operator's key in it binds it to the ring.
  public func signedBytes(by operatorKey: [UInt8]) -> [UInt8] {
    Array("shoal ring certificate".utf8) + operatorKey + body
  }
}
