/// Lower-case hexadecimal (RFC 4648, section 8); decoding takes either case.
public enum Hexadecimal {
  private static let digits = Array("0123456789abcdef".utf8)

  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      guard let value = value(of: character) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? bytes : nil
  }

  /// What one digit stands for.
  @inlinable
  public static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Base32 without padding (RFC 4648, section 6), either case: older magnet links spell info-hashes
/// in it.
public enum Base32 {
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for character in text.utf8 {
      let value: UInt8
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a")
      case UInt8(ascii: "2")...UInt8(ascii: "7"): value = character - UInt8(ascii: "2") + 26
      default: return nil
      }
      bits = bits << 5 | UInt32(value)
      count += 5
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        bits &= (1 << UInt32(count)) - 1
      }
    }
    // Five bits or more left over are a digit that no byte needed.
    return bits == 0 && count < 5 ? bytes : nil
  }
}

/// Base64 with padding (RFC 4648, section 4).
public enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.enumerated().reduce(UInt32(0)) {
        $0 | UInt32($1.element) << UInt32(16 - 8 * $1.offset)
      }
      for place in 0..<4 {
        text.append(
          place <= group.count
            ? digits[Int(word >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Percent-encoding of URLs (RFC 3986, section 2.1).
public enum PercentEncoding {
  /// Leaves the unreserved characters and escapes every other byte.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        text += "%" + Hexadecimal.encode([byte]).uppercased()
      }
    }
    return text
  }

  /// The bytes spelt by `text`; `nil` when a `%` is not followed by two hexadecimal digits.
  /// A `+` stands for a space only in query strings, where `plusIsSpace` says so.
  public static func decode(
    _ text: some Collection<UInt8>, plusIsSpace: Bool = false
  ) -> [UInt8]? {
    let text = Array(text)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var decoder = PercentDecoder(0..<text.count)
    while let byte = decoder.next(in: text.span.bytes, plusIsSpace: plusIsSpace) {
      bytes.append(byte)
    }
    return decoder.isBroken ? nil : bytes
  }
}

/// Reads what percent-encoded bytes spell, one after another and without memory of its own.
public struct PercentDecoder: Sendable {
  @usableFromInline var position: Int
  @usableFromInline let end: Int
  /// A `%` came that two hexadecimal digits do not follow; nothing behind it is read.
  public var isBroken: Bool

  /// - Parameter range: of the text that will be read.
  @inlinable
  public init(_ range: Range<Int>) {
    position = range.lowerBound
    end = range.upperBound
    isBroken = false
  }

  /// The next byte spelt; `nil` at the end, and once the text is broken.
  @inlinable
  public mutating func next(in text: RawSpan, plusIsSpace: Bool) -> UInt8? {
    guard position < end else { return nil }
    let byte = text.unsafeLoad(fromByteOffset: position, as: UInt8.self)
    position += 1
    if plusIsSpace, byte == UInt8(ascii: "+") { return UInt8(ascii: " ") }
    guard byte == UInt8(ascii: "%") else { return byte }
    guard end - position >= 2,
      let high = Hexadecimal.value(
        of: text.unsafeLoad(fromByteOffset: position, as: UInt8.self)),
      let low = Hexadecimal.value(
        of: text.unsafeLoad(fromByteOffset: position + 1, as: UInt8.self))
    else {
      isBroken = true
      position = end
      return nil
    }
    position += 2
    return high << 4 | low
  }
}
