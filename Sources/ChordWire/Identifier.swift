public import Hashing

/// A place on the circle of 2^160 places on which nodes and keys of a ring stand (Stoica et al.,
/// "Chord", 2001). Kept as words, so that comparing is cheap; the order is that of the bytes.
public struct Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let high: UInt32
  public let middle: UInt64
  public let low: UInt64

  /// Bytes of an identifier on the wire.
  public static let length = 20

  @inlinable
  public init(high: UInt32, middle: UInt64, low: UInt64) {
    self.high = high
    self.middle = middle
    self.low = low
  }

  /// Takes exactly twenty bytes; `nil` for any other count.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    var words: (UInt32, UInt64, UInt64) = (0, 0, 0)
    var position = 0
    for byte in bytes {
      switch position {
      case 0..<4: words.0 = words.0 << 8 | UInt32(byte)
      case 4..<12: words.1 = words.1 << 8 | UInt64(byte)
      default: words.2 = words.2 << 8 | UInt64(byte)
      }
      position += 1
    }
    self.init(high: words.0, middle: words.1, low: words.2)
  }

  public init(_ digest: Bytes20) {
    guard let identifier = Identifier(bytes: digest.bytes) else {
      preconditionFailure("a digest has twenty bytes")
    }
    self = identifier
  }

  /// Twenty bytes in network order.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.length)
    append(to: &bytes)
    return bytes
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(bigEndian: high)
    bytes.append(bigEndian: middle)
    bytes.append(bigEndian: low)
  }

  /// The first eight hexadecimal digits: enough to tell the nodes of a log apart.
  public var description: String {
    let digits = String(high, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  @inlinable
  public static func < (left: Identifier, right: Identifier) -> Bool {
    (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
  }
}

extension [UInt8] {
  mutating func append(bigEndian word: some FixedWidthInteger) {
    for shift in stride(from: word.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}
