/// Thirty-two bytes as four words: the shape of SHA-256 digests and of the info-hashes of BitTorrent
/// v2 (BEP 52). The words are big-endian, so ordering is the ordering of the bytes.
public struct Bytes32: Hashable, Comparable, Sendable {
  @usableFromInline let words: InlineArray<4, UInt64>

  @inlinable
  init(words: InlineArray<4, UInt64>) { self.words = words }

  public static let zero = Bytes32(words: [0, 0, 0, 0])

  /// Takes exactly thirty-two bytes; `nil` for any other count.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    var words = InlineArray<4, UInt64>(repeating: 0)
    for (position, byte) in bytes.enumerated() {
      words[position / 8] = words[position / 8] << 8 | UInt64(byte)
    }
    self.init(words: words)
  }

  /// The thirty-two bytes of `bytes` from `offset` on.
  ///
  /// - Precondition: they are there.
  public init(_ bytes: RawSpan, at offset: Int) {
    self.init(
      words: InlineArray { word in
        UInt64(
          bigEndian: bytes.unsafeLoadUnaligned(
            fromByteOffset: offset + 8 * word, as: UInt64.self))
      })
  }

  @inlinable
  public subscript(index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: words[index / 8] >> (56 - 8 * (index % 8)))
  }

  public var bytes: [UInt8] { (0..<32).map { self[$0] } }

  /// The first twenty bytes.
  public var truncated: Bytes20 {
    Bytes20(high: words[0], middle: words[1], low: UInt32(truncatingIfNeeded: words[2] >> 32))
  }

  @inlinable
  public static func == (left: Bytes32, right: Bytes32) -> Bool {
    left.words[0] == right.words[0] && left.words[1] == right.words[1]
      && left.words[2] == right.words[2] && left.words[3] == right.words[3]
  }

  @inlinable
  public static func < (left: Bytes32, right: Bytes32) -> Bool {
    (left.words[0], left.words[1], left.words[2], left.words[3])
      < (right.words[0], right.words[1], right.words[2], right.words[3])
  }

  @inlinable
  public func hash(into hasher: inout Hasher) {
    // Each bit of a digest is as good as another.
    hasher.combine(words[0])
  }
}
