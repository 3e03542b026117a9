/// A request as nearly all of a tracker's are, read where it lies and without an allocation: a GET of
/// a path without escapes, with no body, whose headers are well formed.
///
/// The invariant: whatever is read here, `HTTPRequestParser` reads as the same request, of the same
/// length. All else, be it malformed or merely unusual, is left to it: what is refused, and why, is
/// decided in one place.
public struct PlainRequest: Hashable, Sendable {
  /// Where the path stands in the bytes that were read.
  public let path: Range<Int>
  /// Where the query stands; empty where there is none.
  public let query: Range<Int>
  /// Whether the client expects further answers on this connection.
  public let keepsAlive: Bool
  /// Bytes of the request, from the first on.
  public let length: Int

  /// `nil` for what is not whole or not plain.
  public init?(_ bytes: RawSpan, limits: HTTPRequestParser.Limits) {
    var reader = PlainReader(end: min(bytes.byteCount, limits.head))
    guard reader.skip("GET /", in: bytes), let target = reader.target(in: bytes) else { return nil }
    path = target.path
    query = target.query
    let isLatest: Bool
    if reader.skip("HTTP/1.1\r\n", in: bytes) {
      isLatest = true
    } else if reader.skip("HTTP/1.0\r\n", in: bytes) {
      isLatest = false
    } else {
      return nil
    }
    var keepsAlive: Bool?
    var hasHost = false
    var left = limits.headers
    while !reader.skip("\r\n", in: bytes) {
      left -= 1
      guard left >= 0, let field = reader.field(in: bytes) else { return nil }
      switch field.name.count {
      case 4 where bytes.spells("host", field.name):
        guard !hasHost, bytes.isPlainHost(field.value) else { return nil }
        hasHost = true
      case 10 where bytes.spells("connection", field.name):
        guard keepsAlive == nil else { return nil }
        if bytes.spells("close", field.value) {
          keepsAlive = false
        } else if bytes.spells("keep-alive", field.value) {
          keepsAlive = true
        } else {
          return nil
        }
      // A body, or somebody else's word for where the request comes from.
      case 14 where bytes.spells("content-length", field.name): return nil
      case 17 where bytes.spells("transfer-encoding", field.name): return nil
      case 15 where bytes.spells("x-forwarded-for", field.name): return nil
      default: break
      }
    }
    guard hasHost || !isLatest else { return nil }
    self.keepsAlive = keepsAlive ?? isLatest
    length = reader.position
  }
}

/// Walks over the head of a plain request.
private struct PlainReader {
  var position = 0
  let end: Int

  init(end: Int) { self.end = end }

  mutating func skip(_ text: StaticString, in bytes: RawSpan) -> Bool {
    let count = text.utf8CodeUnitCount
    guard end - position >= count else { return false }
    for offset in 0..<count where bytes.byte(at: position + offset) != text.utf8Start[offset] {
      return false
    }
    position += count
    return true
  }

  /// The target whose first slash was skipped, up to the space behind it.
  mutating func target(in bytes: RawSpan) -> (path: Range<Int>, query: Range<Int>)? {
    let start = position - 1
    var mark: Int?
    while position < end {
      let byte = bytes.byte(at: position)
      if byte == UInt8(ascii: " ") {
        let target = start..<position
        position += 1
        guard let mark else { return (target, target.upperBound..<target.upperBound) }
        return (start..<mark, mark + 1..<target.upperBound)
      }
      guard byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "#") else { return nil }
      if mark == nil {
        switch byte {
        case UInt8(ascii: "?"): mark = position
        case UInt8(ascii: "%"): return nil
        // Perhaps a dot segment.
        case UInt8(ascii: ".") where bytes.byte(at: position - 1) == UInt8(ascii: "/"): return nil
        default: break
        }
      }
      position += 1
    }
    return nil
  }

  /// The next header, and its line's end; the value without the white space around it.
  mutating func field(in bytes: RawSpan) -> (name: Range<Int>, value: Range<Int>)? {
    let start = position
    while position < end, bytes.byte(at: position).isTokenCharacter { position += 1 }
    let name = start..<position
    guard !name.isEmpty, position < end, bytes.byte(at: position) == UInt8(ascii: ":") else {
      return nil
    }
    position += 1
    while position < end, bytes.byte(at: position).isBlank { position += 1 }
    var value = position..<position
    while position < end {
      let byte = bytes.byte(at: position)
      guard byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") else { break }
      position += 1
      if !byte.isBlank { value = value.lowerBound..<position }
    }
    return skip("\r\n", in: bytes) ? (name, value) : nil
  }
}

extension UInt8 {
  fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension RawSpan {
  @inline(__always)
  fileprivate func byte(at offset: Int) -> UInt8 {
    unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Whether the bytes are this text in lower-case letters and dashes, in any case.
  fileprivate func spells(_ text: StaticString, _ range: Range<Int>) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count
    where byte(at: range.lowerBound + offset).lowercasedASCII != text.utf8Start[offset] {
      return false
    }
    return true
  }

  /// A name or an IPv4 address, and perhaps a port: what `HTTPTarget.isAuthority` takes, without the
  /// rarer forms.
  fileprivate func isPlainHost(_ range: Range<Int>) -> Bool {
    var digitsOfPort: Int?
    for offset in range {
      let byte = byte(at: offset)
      if let digits = digitsOfPort {
        guard byte.isDigit, digits < 5 else { return false }
        digitsOfPort = digits + 1
        continue
      }
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
        break
      case UInt8(ascii: ":") where offset > range.lowerBound:
        digitsOfPort = 0
      default:
        return false
      }
    }
    return !range.isEmpty
  }
}
