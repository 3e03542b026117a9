public import TorrentModel

/// The 64 reserved bits of a handshake (BEP 3), of which we know three.
public struct ReservedBits: Hashable, Sendable {
  public var word: UInt64

  public init(word: UInt64) { self.word = word }

  /// The extension protocol: bit 20 from the right (BEP 10).
  public static let extensionProtocol = ReservedBits(word: 0x10_0000)
  /// The fast extension: the third least significant bit (BEP 6).
  public static let fastExtension = ReservedBits(word: 0x04)

  /// The torrent is of version 2, too: the fourth bit from the left of the last byte (BEP 52).
  public static let version2 = ReservedBits(word: 0x10)

  /// What we announce of any torrent.
  public static let ours = ReservedBits(
    word: extensionProtocol.word | fastExtension.word)

  public func contains(_ other: ReservedBits) -> Bool { word & other.word == other.word }
}

/// The first 68 bytes each way of a connection between peers (BEP 3).
public struct Handshake: Hashable, Sendable {
  public var reserved: ReservedBits
  public var infoHash: InfoHash
  public var peerID: PeerID

  /// Bytes on the wire.
  public static let length = 68
  /// Bytes up to and including the info-hash: enough to tell which torrent is meant.
  public static let lengthThroughInfoHash = 48
  private static let greeting: [UInt8] = [19] + Array("BitTorrent protocol".utf8)
  public static let lengthOfGreeting = 20

  public init(reserved: ReservedBits = .ours, infoHash: InfoHash, peerID: PeerID) {
    self.reserved = reserved
    self.infoHash = infoHash
    self.peerID = peerID
  }

  public var bytes: [UInt8] {
    var bytes = Self.greeting
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: reserved.word >> UInt64(shift)))
    }
    return bytes + infoHash.bytes + peerID.bytes
  }

  /// Whether what has arrived can still become a handshake: a stranger is found out at its first
  /// wrong byte.
  public static func isPlausible(_ prefix: some Collection<UInt8>) -> Bool {
    zip(prefix, greeting).allSatisfy { $0 == $1 }
  }

  /// Whether a handshake is meant, be it a right one, and not the key of an encrypted one, which begins
  /// like this once in 2^64 times.
  public static func isMeant(by prefix: some Collection<UInt8>) -> Bool {
    prefix.count >= 8 && prefix.prefix(8).elementsEqual(greeting.prefix(8))
  }

  /// - Throws: `.notBitTorrent` unless these are the 68 bytes of a handshake.
  public init(_ bytes: [UInt8]) throws(PeerWireError) {
    guard bytes.count == Self.length, bytes.starts(with: Self.greeting),
      let infoHash = InfoHash(bytes: bytes[28..<48]), let peerID = PeerID(bytes: bytes[48..<68])
    else { throw .notBitTorrent }
    reserved = ReservedBits(word: bytes[20..<28].reduce(0) { $0 << 8 | UInt64($1) })
    self.infoHash = infoHash
    self.peerID = peerID
  }
}
