/// The header fields of a request in the order they came, repeated ones included.
///
/// Names and values are slices of the head, so reading a request allocates nothing per field.
public struct HTTPHeaders: Sendable {
  public struct Field: Sendable {
    public let name: ArraySlice<UInt8>
    /// Without the white space around it.
    public let value: ArraySlice<UInt8>
  }

  public private(set) var fields: [Field] = []

  public init() {}

  mutating func append(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    fields.append(Field(name: name, value: value))
  }

  /// The values of every field of that name, in order; names are compared without case.
  public func values(of name: String) -> [ArraySlice<UInt8>] {
    fields.filter { $0.name.equalsIgnoringCase(name) }.map(\.value)
  }

  /// The first value of that name as text.
  public subscript(name: String) -> String? {
    fields.first { $0.name.equalsIgnoringCase(name) }.map {
      String(decoding: $0.value, as: UTF8.self)
    }
  }

  /// Whether a comma-separated list header names `token` (RFC 9110, section 5.6.1).
  public func list(_ name: String, contains token: String) -> Bool {
    fields.contains { field in
      field.name.equalsIgnoringCase(name)
        && field.value.split(separator: UInt8(ascii: ",")).contains {
          $0.trimmingWhitespace().equalsIgnoringCase(token)
        }
    }
  }
}

extension ArraySlice<UInt8> {
  /// Compares ASCII text without regard to case.
  func equalsIgnoringCase(_ text: String) -> Bool {
    let other = text.utf8
    guard count == other.count else { return false }
    return zip(self, other).allSatisfy { $0 == $1 || $0.lowercasedASCII == $1.lowercasedASCII }
  }

  /// Spaces and tabs, the optional white space of RFC 9110, section 5.6.3.
  func trimmingWhitespace() -> ArraySlice<UInt8> {
    let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var slice = drop(while: isBlank)
    while let last = slice.last, isBlank(last) { slice = slice.dropLast() }
    return slice
  }
}

extension UInt8 {
  var lowercasedASCII: UInt8 {
    self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
  }

  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

  /// `tchar` of RFC 9110, section 5.6.2: what methods and field names are made of.
  var isTokenCharacter: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
      UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
      UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default:
      false
    }
  }
}
