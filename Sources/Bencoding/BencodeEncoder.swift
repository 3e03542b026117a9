/// Writes bencoding (BEP 3) in its one canonical form.
///
/// Values nest at most as deep as a decoder lets them, so recursion is bounded.
public struct BencodeEncoder {
  public private(set) var bytes: [UInt8] = []
  /// What a decoder counts against its limit, see `BencodeDecoder.Limits.values`; of a value that is
  /// reused no more than one.
  public private(set) var values = 0
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
      values += 1
      bytes.append(contentsOf: document[range])
      return
    }
    switch value.content {
    case .integer(let number):
      append(number)
    case .string(let string):
      values += 1
      append(string)
    case .list(let items):
      beginList()
      for item in items { append(item) }
      end()
    case .dictionary(let entries):
      beginDictionary()
      for entry in entries {
        append(entry.key)
        append(entry.value)
      }
      end()
    }
  }

  private mutating func append(_ string: ArraySlice<UInt8>) {
    appendDigits(UInt64(string.count))
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: string)
  }
}

// Piece by piece, for what is too much to be made a value of first. Whoever writes this way sees to it
// that what is opened is ended, and that keys stand in their order, each before its value.
extension BencodeEncoder {
  public mutating func beginList() {
    values += 2
    bytes.append(UInt8(ascii: "l"))
  }

  public mutating func beginDictionary() {
    values += 3
    bytes.append(UInt8(ascii: "d"))
  }

  /// Ends the list or dictionary that was begun last.
  public mutating func end() { bytes.append(UInt8(ascii: "e")) }

  public mutating func append(key: String) { append(ArraySlice(key.utf8)) }

  private mutating func append(_ number: Int64) {
    values += 1
    bytes.append(UInt8(ascii: "i"))
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    appendDigits(number.magnitude)
    bytes.append(UInt8(ascii: "e"))
  }

  /// A value that another encoder has written.
  public mutating func append(_ written: BencodeEncoder) {
    values += written.values
    bytes.append(contentsOf: written.bytes)
  }

  /// Values that `body` writes byte by byte, in the form that the other methods would give them.
  ///
  /// - Parameters:
  ///   - values: what a decoder will count of them.
  ///   - count: bytes at most.
  public mutating func append(
    values: Int, atMost count: Int, _ body: (inout OutputSpan<UInt8>) -> Void
  ) {
    self.values += values
    bytes.append(addingCapacity: count, initializingWith: body)
  }

  public mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

  /// Without a text in between: most numbers have one or two digits.
  private mutating func appendDigits(_ number: UInt64) {
    guard number >= 10 else { return bytes.append(UInt8(ascii: "0") + UInt8(number)) }
    appendDigits(number / 10)
    bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
  }
}
