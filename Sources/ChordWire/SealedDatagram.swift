/// A message between nodes of a closed ring as it travels, once they have greeted each other.
///
/// On the wire: mark 1, tag of the ring u64, link u64, number u64, and the message sealed. The mark
/// is no byte that a bencoded message begins with.
public struct SealedDatagram: Hashable, Sendable {
  public var ring: RingTag
  /// The name both ends have for the keys in use.
  public var link: UInt64
  /// Counts the datagrams of one end under one key: none is taken twice.
  public var number: UInt64
  /// Encrypted, and a tag of 16 bytes.
  public var content: [UInt8]

  static let mark: UInt8 = 0x53
  static let headerLength = 1 + 8 + 8 + 8
  static let tagLength = 16
  /// Bytes at most.
  public static let longest = ChordMessage.longest + headerLength + tagLength

  public init(ring: RingTag, link: UInt64, number: UInt64, content: [UInt8] = []) {
    self.ring = ring
    self.link = link
    self.number = number
    self.content = content
  }

  /// - Returns: nil for what is no sealed datagram.
  public init?(datagram bytes: [UInt8]) {
    guard bytes.first == Self.mark,
      (Self.headerLength + Self.tagLength...Self.longest).contains(bytes.count)
    else { return nil }
    let word = { (start: Int) in
      bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    self.init(
      ring: RingTag(word(1)), link: word(9), number: word(17),
      content: Array(bytes[Self.headerLength...]))
  }

  /// What stands before the sealed part and is authenticated with it.
  public var header: [UInt8] {
    var bytes = [Self.mark]
    bytes.append(bigEndian: ring.word)
    bytes.append(bigEndian: link)
    bytes.append(bigEndian: number)
    return bytes
  }

  public var datagram: [UInt8] { header + content }
}
