/// Twenty bytes compared and hashed as three words: the shape of SHA-1 digests, info-hashes and
/// peer ids. The words are big-endian, so ordering is the ordering of the bytes.
public struct Bytes20: Hashable, Comparable, Sendable {
  @usableFromInline let high: UInt64
  @usableFromInline let middle: UInt64
  @usableFromInline let low: UInt32

  @inlinable
  init(high: UInt64, middle: UInt64, low: UInt32) {
    self.high = high
    self.middle = middle
    self.low = low
  }

  public static let zero = Bytes20(high: 0, middle: 0, low: 0)

  /// Takes exactly twenty bytes; `nil` for any other count.
  @inlinable
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 20 else { return nil }
    var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var position = 0
    for byte in bytes {
      switch position {
      case 0..<8: words.0 = words.0 << 8 | UInt64(byte)
      case 8..<16: words.1 = words.1 << 8 | UInt64(byte)
      default: words.2 = words.2 << 8 | UInt64(byte)
      }
      position += 1
    }
    self.init(high: words.0, middle: words.1, low: UInt32(words.2))
  }

  /// The twenty bytes of `bytes` from `offset` on.
  ///
  /// - Precondition: they are there.
  @inlinable
  public init(_ bytes: RawSpan, at offset: Int) {
    high = UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    middle = UInt64(
      bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
    low = UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset + 16, as: UInt32.self))
  }

  /// The bytes as the numbers they are in network order: eight, eight and four.
  @inlinable
  public var words: (UInt64, UInt64, UInt32) { (high, middle, low) }

  @inlinable
  public subscript(index: Int) -> UInt8 {
    switch index {
    case 0..<8: UInt8(truncatingIfNeeded: high >> (56 - 8 * index))
    case 8..<16: UInt8(truncatingIfNeeded: middle >> (56 - 8 * (index - 8)))
    case 16..<20: UInt8(truncatingIfNeeded: low >> (24 - 8 * (index - 16)))
    default: preconditionFailure("a digest of twenty bytes has no byte \(index)")
    }
  }

  public var bytes: [UInt8] { (0..<20).map { self[$0] } }

  @inlinable
  public static func < (left: Bytes20, right: Bytes20) -> Bool {
    (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
  }
}
