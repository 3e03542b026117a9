/// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits that nobody without the key
/// can predict. It places peers and torrents in tables that strangers fill, and signs connection
/// IDs and tokens.
public struct SipHash {
  public struct Key: Hashable, Sendable {
    @usableFromInline let low: UInt64
    @usableFromInline let high: UInt64

    @inlinable
    public init(low: UInt64, high: UInt64) {
      self.low = low
      self.high = high
    }
  }

  @usableFromInline var v0: UInt64
  @usableFromInline var v1: UInt64
  @usableFromInline var v2: UInt64
  @usableFromInline var v3: UInt64
  /// Bytes absorbed.
  @usableFromInline var length: UInt64 = 0

  @inlinable @inline(__always)
  public init(_ key: Key) {
    v0 = key.low ^ 0x736f_6d65_7073_6575
    v1 = key.high ^ 0x646f_7261_6e64_6f6d
    v2 = key.low ^ 0x6c79_6765_6e65_7261
    v3 = key.high ^ 0x7465_6462_7974_6573
  }

  /// Eight bytes of the message, the first of them lowest.
  @inlinable @inline(__always)
  public mutating func absorb(_ word: UInt64) {
    length &+= 8
    compress(word)
  }

  /// The hash, after up to seven last bytes of the message, the first of them lowest.
  @inlinable @inline(__always)
  public mutating func finish(tail: UInt64 = 0, tailLength: UInt64 = 0) -> UInt64 {
    compress(tail | (length &+ tailLength) << 56)
    v2 ^= 0xff
    for _ in 0..<4 { round() }
    return v0 ^ v1 ^ v2 ^ v3
  }

  @inlinable @inline(__always)
  mutating func compress(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
  }

  @inlinable @inline(__always)
  mutating func round() {
    v0 &+= v1
    v2 &+= v3
    v1 = v1.rotated(by: 13) ^ v0
    v3 = v3.rotated(by: 16) ^ v2
    v0 = v0.rotated(by: 32)
    v2 &+= v1
    v0 &+= v3
    v1 = v1.rotated(by: 17) ^ v2
    v3 = v3.rotated(by: 21) ^ v0
    v2 = v2.rotated(by: 32)
  }
}

extension UInt64 {
  @inlinable @inline(__always)
  func rotated(by bits: UInt64) -> UInt64 { self &<< bits | self &>> (64 &- bits) }
}
