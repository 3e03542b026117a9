/// Decodes bencoding (BEP 3) strictly: one value, canonical integers and lengths, dictionary keys
/// sorted and unique, nothing after the end.
///
/// Bytes from a peer or a file are hostile: the decoder keeps its own stack instead of recursing,
/// and depth, length and the count of values are bounded before anything is allocated for them.
public struct BencodeDecoder: Sendable {
  public struct Limits: Sendable {
    /// Containers within containers. Real metainfo needs 6 (BEP 52 file trees as deep as paths).
    public let depth: Int
    /// Values of any kind, keys not counted. For the room they take a list counts as two and a
    /// dictionary as three.
    public let values: Int
    /// Bytes of input.
    public let length: Int

    /// - Precondition: the length is below 4 GiB, for what a value remembers of its place.
    public init(depth: Int, values: Int, length: Int) {
      precondition(length <= UInt32.max, "a bencoded document of 4 GiB or more")
      self.depth = depth
      self.values = values
      self.length = length
    }

    /// A `.torrent` file: 32 MiB holds a million pieces and a hundred thousand files. Whatever it
    /// holds, reading it takes less than 64 MiB beside it.
    public static let metainfo = Limits(depth: 64, values: 1_000_000, length: 32 << 20)
    /// A message from a peer, a tracker or a node.
    public static let message = Limits(depth: 16, values: 10_000, length: 1 << 20)
  }

  public var limits: Limits

  public init(limits: Limits = .message) { self.limits = limits }

  /// - Throws: `BencodeError` with the offset of the first byte that breaks the format or a limit.
  public func decode(_ input: [UInt8]) throws(BencodeError) -> BencodeValue {
    let (value, end) = try decodePrefix(input)
    guard end == input.count else { throw BencodeError(.trailingBytes, at: end) }
    return value
  }

  /// Decodes the value the input starts with and tells where it ends: a metadata message is a
  /// dictionary with raw bytes behind it (BEP 9).
  public func decodePrefix(
    _ input: [UInt8]
  ) throws(BencodeError) -> (value: BencodeValue, end: Int) {
    guard input.count <= limits.length else { throw BencodeError(.tooLong, at: limits.length) }
    var reader = Reader(input: input, limits: limits)
    return try reader.readValue()
  }
}

/// A container whose end has not been read.
private struct OpenContainer {
  var start: Int
  var isDictionary: Bool
  var items: [BencodeValue] = []
  var entries: [BencodeValue.Entry] = []
  var key: ArraySlice<UInt8>?

  mutating func add(_ value: BencodeValue) {
    if let name = key {
      entries.append(.init(key: name, value: value))
      key = nil
    } else {
      items.append(value)
    }
  }
}

private struct Reader {
  let input: [UInt8]
  let limits: BencodeDecoder.Limits
  var position = 0
  var values = 0
  var stack: [OpenContainer] = []

  init(input: [UInt8], limits: BencodeDecoder.Limits) {
    self.input = input
    self.limits = limits
  }

  mutating func readValue() throws(BencodeError) -> (value: BencodeValue, end: Int) {
    guard !input.isEmpty else { throw BencodeError(.empty, at: 0) }
    while true {
      guard position < input.count else { throw BencodeError(.truncated, at: position) }
      let start = position
      let finished: BencodeValue
      switch input[position] {
      case UInt8(ascii: "e"):
        finished = try closeContainer()
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let string = try readString()
        if expectsKey {
          try take(key: string, at: start)
          continue
        }
        try count(at: start)
        finished = BencodeValue(.string(string), range: start..<position)
      case _ where expectsKey:
        throw BencodeError(.keyNotString, at: position)
      case UInt8(ascii: "i"):
        try count(at: start)
        finished = BencodeValue(.integer(try readInteger()), range: start..<position)
      case UInt8(ascii: "l"), UInt8(ascii: "d"):
        try count(at: start, as: input[position] == UInt8(ascii: "d") ? 3 : 2)
        try openContainer()
        continue
      default:
        throw BencodeError(.unexpectedByte, at: position)
      }
      guard !stack.isEmpty else { return (finished, position) }
      stack[stack.count - 1].add(finished)
    }
  }

  var expectsKey: Bool {
    guard let top = stack.last else { return false }
    return top.isDictionary && top.key == nil
  }

  mutating func count(at position: Int, as weight: Int = 1) throws(BencodeError) {
    values += weight
    guard values <= limits.values else { throw BencodeError(.tooManyValues, at: position) }
  }

  mutating func openContainer() throws(BencodeError) {
    guard stack.count < limits.depth else { throw BencodeError(.tooDeep, at: position) }
    stack.append(
      OpenContainer(start: position, isDictionary: input[position] == UInt8(ascii: "d")))
    position += 1
  }

  mutating func closeContainer() throws(BencodeError) -> BencodeValue {
    guard let container = stack.popLast() else {
      throw BencodeError(.unexpectedByte, at: position)
    }
    guard container.key == nil else { throw BencodeError(.keyWithoutValue, at: position) }
    position += 1
    return BencodeValue(
      container.isDictionary ? .dictionary(container.entries) : .list(container.items),
      range: container.start..<position)
  }

  mutating func take(key: ArraySlice<UInt8>, at start: Int) throws(BencodeError) {
    let top = stack.count - 1
    if let previous = stack[top].entries.last?.key,
      !previous.lexicographicallyPrecedes(key)
    {
      throw BencodeError(.keysOutOfOrder, at: start)
    }
    stack[top].key = key
  }

  mutating func readString() throws(BencodeError) -> ArraySlice<UInt8> {
    let start = position
    let length = try readDigits(until: UInt8(ascii: ":"), malformed: .malformedLength)
    guard length <= UInt64(input.count - position) else {
      throw BencodeError(.stringPastEnd, at: start)
    }
    let end = position + Int(length)
    defer { position = end }
    return input[position..<end]
  }

  mutating func readInteger() throws(BencodeError) -> Int64 {
    let start = position
    position += 1
    var isNegative = false
    if position < input.count, input[position] == UInt8(ascii: "-") {
      isNegative = true
      position += 1
    }
    let magnitude = try readDigits(until: UInt8(ascii: "e"), malformed: .malformedInteger)
    if isNegative {
      guard magnitude != 0 else { throw BencodeError(.malformedInteger, at: start) }
      guard magnitude <= Int64.min.magnitude else {
        throw BencodeError(.integerOverflow, at: start)
      }
      return Int64(truncatingIfNeeded: 0 &- magnitude)
    }
    guard let number = Int64(exactly: magnitude) else {
      throw BencodeError(.integerOverflow, at: start)
    }
    return number
  }

  /// Reads digits and the byte that ends them. No sign, no leading zero, no white space.
  mutating func readDigits(
    until terminator: UInt8, malformed: BencodeError.Fault
  ) throws(BencodeError) -> UInt64 {
    let start = position
    var number: UInt64 = 0
    while true {
      guard position < input.count else { throw BencodeError(.truncated, at: position) }
      let byte = input[position]
      if byte == terminator { break }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
        throw BencodeError(malformed, at: position)
      }
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw BencodeError(.integerOverflow, at: start) }
      number = sum
      position += 1
    }
    let digits = position - start
    guard digits > 0, digits == 1 || input[start] != UInt8(ascii: "0") else {
      throw BencodeError(malformed, at: start)
    }
    position += 1
    return number
  }
}
