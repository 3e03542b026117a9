import Bencoding
import Hashing

/// A value kept by a ring under a key that follows from it (BEP 44): SHA-1 of the value, or of a
/// public key and a salt, in which case the owner of the key may replace it.
public struct Item: Hashable, Sendable {
  public struct Signed: Hashable, Sendable {
    public var key: PublicKey
    /// Tells apart several items of one key; at most `longestSalt` bytes.
    public var salt: [UInt8]
    public var sequence: Int64
    public var signature: Signature

    public init(key: PublicKey, salt: [UInt8] = [], sequence: Int64, signature: Signature) {
      self.key = key
      self.salt = salt
      self.sequence = sequence
      self.signature = signature
    }
  }

  /// Bencoded, in canonical form.
  public let value: [UInt8]
  /// nil for an immutable item.
  public let signed: Signed?

  /// Bytes of a bencoded value. BEP 44 allows 999; ours shares a datagram of 1024 with a salt, a key
  /// and a signature.
  public static let longestValue = 640
  public static let longestSalt = 64

  /// - Returns: nil when the value is not bencoded, the value or the salt is too long, or the
  ///   sequence number negative.
  public init?(value: [UInt8], signed: Signed? = nil) {
    guard value.count <= Self.longestValue, (try? Self.decoder.decode(value)) != nil,
      (signed?.salt.count ?? 0) <= Self.longestSalt, (signed?.sequence ?? 0) >= 0
    else { return nil }
    self.init(checked: value, signed: signed)
  }

  init(checked value: [UInt8], signed: Signed?) {
    self.value = value
    self.signed = signed
  }

  static let decoder = BencodeDecoder(
    limits: BencodeDecoder.Limits(depth: 8, values: 256, length: longestValue))

  /// Where the item is kept.
  public var target: Identifier {
    guard let signed else { return Identifier(SHA1.hash(value)) }
    return Self.target(of: signed.key, salt: signed.salt)
  }

  public static func target(of key: PublicKey, salt: [UInt8]) -> Identifier {
    Identifier(SHA1.hash(key.bytes + salt))
  }

  /// What the signature of a mutable item is of; nil for an immutable one.
  public var signedBytes: [UInt8]? {
    guard let signed else { return nil }
    var bytes: [UInt8] = []
    if !signed.salt.isEmpty { bytes += Array("4:salt\(signed.salt.count):".utf8) + signed.salt }
    bytes += Array("3:seqi\(signed.sequence)e1:v".utf8)
    return bytes + value
  }
}

/// A public key of ed25519 (RFC 8032).
public struct PublicKey: Hashable, Sendable {
  public let bytes: [UInt8]

  public static let length = 32

  /// Takes exactly 32 bytes; `nil` for any other count.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    self.bytes = Array(bytes)
  }
}

/// A signature of ed25519 (RFC 8032).
public struct Signature: Hashable, Sendable {
  public let bytes: [UInt8]

  public static let length = 64

  /// Takes exactly 64 bytes; `nil` for any other count.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    self.bytes = Array(bytes)
  }
}

extension Item {
  /// Reads the keys of BEP 44 out of the arguments of a put, the reply of a get or a record; a reply
  /// repeats the salt, so that every item can be checked by itself.
  init(_ fields: Fields) throws(ChordWireError.Fault) {
    let value = try fields.raw("v")
    guard value.count <= Self.longestValue else { throw .valueTooLong }
    guard fields.has("k") else {
      self.init(checked: value, signed: nil)
      return
    }
    guard let key = PublicKey(try fields.string("k", 32...32)) else { throw .malformed("k") }
    guard let signature = Signature(try fields.string("sig", 64...64)) else {
      throw .malformed("sig")
    }
    let salt = try fields.optionalString("salt") ?? []
    guard salt.count <= Self.longestSalt else { throw .saltTooLong }
    let sequence = try fields.integer("seq", 0...Int64.max)
    self.init(
      checked: value,
      signed: Signed(key: key, salt: Array(salt), sequence: sequence, signature: signature))
  }

  var pairs: [(String, BencodeValue)] {
    guard let content = try? Self.decoder.decode(value) else {
      preconditionFailure("an item whose value was checked when it was made")
    }
    var pairs: [(String, BencodeValue)] = [("v", content)]
    guard let signed else { return pairs }
    pairs.append(("k", .string(signed.key.bytes)))
    if !signed.salt.isEmpty { pairs.append(("salt", .string(signed.salt))) }
    pairs.append(("seq", .integer(signed.sequence)))
    pairs.append(("sig", .string(signed.signature.bytes)))
    return pairs
  }
}
