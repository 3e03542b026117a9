public import TorrentModel

/// What a publisher says of a torrent, kept under the words of its name so that it can be found.
///
/// On the wire: info-hash 20, size u64, time u32, publisher's key 32, signature 64, and the name.
public struct KeywordRecord: Hashable, Sendable {
  public var infoHash: InfoHash
  /// Bytes of the torrent's content.
  public var size: UInt64
  /// Seconds since 1970 at which it was published.
  public var time: UInt32
  public var publisher: PublicKey
  public var signature: Signature
  /// UTF-8; 1…72 bytes.
  public let name: String

  /// Bytes of a record on the wire.
  public static let longest = 200
  static let headLength = 20 + 8 + 4 + PublicKey.length + Signature.length
  public static let longestName = longest - headLength

  /// - Returns: nil when the name is empty or too long.
  public init?(
    infoHash: InfoHash, size: UInt64, time: UInt32, publisher: PublicKey, signature: Signature,
    name: String
  ) {
    guard (1...Self.longestName).contains(name.utf8.count) else { return nil }
    self.infoHash = infoHash
    self.size = size
    self.time = time
    self.publisher = publisher
    self.signature = signature
    self.name = name
  }

  public init?(bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    guard (Self.headLength + 1...Self.longest).contains(bytes.count),
      let infoHash = InfoHash(bytes: bytes[..<20]), let publisher = PublicKey(bytes[32..<64]),
      let signature = Signature(bytes[64..<128]),
      let name = String(validating: bytes[Self.headLength...], as: UTF8.self)
    else { return nil }
    self.init(
      infoHash: infoHash, size: bytes[20..<28].reduce(0) { $0 << 8 | UInt64($1) },
      time: bytes[28..<32].reduce(0) { $0 << 8 | UInt32($1) }, publisher: publisher,
      signature: signature, name: name)
  }

  public var bytes: [UInt8] {
    var bytes = infoHash.bytes
    bytes.append(bigEndian: size)
    bytes.append(bigEndian: time)
    return bytes + publisher.bytes + signature.bytes + Array(name.utf8)
  }

  /// What the signature is of: the record without it, behind the word it is kept under, so that
  /// nobody can carry it to another.
  public func signedBytes(under word: Identifier) -> [UInt8] {
    var bytes = Array("shoal keyword".utf8) + word.bytes + infoHash.bytes
    bytes.append(bigEndian: size)
    bytes.append(bigEndian: time)
    return bytes + publisher.bytes + Array(name.utf8)
  }
}
