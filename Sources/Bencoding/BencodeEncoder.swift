/// Writes bencoding (BEP 3) in its one canonical form.
///
/// Values nest at most as deep as a decoder lets them, so recursion is bounded.
public struct BencodeEncoder {
  public private(set) var bytes: [UInt8] = []
  private let document: [UInt8]?

  public init() { document = nil }

  /// - Parameter document: values that were decoded from it are written as they stand there, byte
  ///   for byte, in whatever value they are now.
  /// - Precondition: every decoded value that is written was decoded from it.
  public init(reusing document: [UInt8]) { self.document = document }

  public static func encode(_ value: BencodeValue) -> [UInt8] {
    var encoder = BencodeEncoder()
    encoder.append(value)
    return encoder.bytes
  }

  public mutating func append(_ value: BencodeValue) {
    if let document, let range = value.range {
      bytes.append(contentsOf: document[range])
      return
    }
    switch value.content {
    case .integer(let number):
      bytes.append(UInt8(ascii: "i"))
      bytes.append(contentsOf: String(number).utf8)
      bytes.append(UInt8(ascii: "e"))
    case .string(let string):
      append(string)
    case .list(let items):
      bytes.append(UInt8(ascii: "l"))
      for item in items { append(item) }
      bytes.append(UInt8(ascii: "e"))
    case .dictionary(let entries):
      bytes.append(UInt8(ascii: "d"))
      for entry in entries {
        append(entry.key)
        append(entry.value)
      }
      bytes.append(UInt8(ascii: "e"))
    }
  }

  private mutating func append(_ string: ArraySlice<UInt8>) {
    bytes.append(contentsOf: String(string.count).utf8)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: string)
  }
}
