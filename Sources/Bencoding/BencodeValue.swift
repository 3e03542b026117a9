/// A bencoded value (BEP 3). Strings are slices of the decoded input, so decoding copies no payload.
///
/// The invariant: a decoded value's `range` is exactly the bytes it was read from, which is what an
/// info-hash is taken of; a value made in memory has none.
public struct BencodeValue: Sendable {
  public enum Content: Sendable {
    case integer(Int64)
    case string(ArraySlice<UInt8>)
    case list([BencodeValue])
    /// Sorted by key, no key twice: the decoder refuses anything else and `dictionary(_:)` sorts.
    case dictionary([Entry])
  }

  public struct Entry: Sendable {
    public let key: ArraySlice<UInt8>
    public var value: BencodeValue

    public init(key: ArraySlice<UInt8>, value: BencodeValue) {
      self.key = key
      self.value = value
    }
  }

  public var content: Content
  /// The range in half the room: a hostile document is a million of these.
  private let start: UInt32
  private let end: UInt32

  /// Where the value stood in its document, in bytes. No value is empty, so an empty range is none.
  public var range: Range<Int>? { start == end ? nil : Int(start)..<Int(end) }

  /// - Precondition: a range lies within the first 4 GiB, as `BencodeDecoder.Limits` sees to.
  public init(_ content: Content, range: Range<Int>? = nil) {
    self.content = content
    start = UInt32(range?.lowerBound ?? 0)
    end = UInt32(range?.upperBound ?? 0)
  }
}

extension BencodeValue {
  public static func integer(_ number: Int64) -> BencodeValue { .init(.integer(number)) }
  public static func string(_ text: String) -> BencodeValue {
    .init(.string(ArraySlice(text.utf8)))
  }
  public static func string(_ bytes: [UInt8]) -> BencodeValue { .init(.string(bytes[...])) }
  public static func list(_ items: [BencodeValue]) -> BencodeValue { .init(.list(items)) }

  /// A dictionary in the order bencoding wants: keys sorted as raw bytes.
  ///
  /// - Precondition: no key is named twice.
  public static func dictionary(_ pairs: [(String, BencodeValue)]) -> BencodeValue {
    let entries = pairs.map { Entry(key: ArraySlice($0.0.utf8), value: $0.1) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    for (earlier, later) in zip(entries, entries.dropFirst()) {
      precondition(earlier.key != later.key, "a key stands twice in a dictionary")
    }
    return .init(.dictionary(entries))
  }
}

// Not inlined into other modules: the 6.3 optimiser fails on chains of these accessors once it
// sees through them ("Found ownership error" in CopyPropagation), and none is on a hot path.
extension BencodeValue {
  @inline(never)
  public var integer: Int64? {
    if case .integer(let number) = content { number } else { nil }
  }

  @inline(never)
  public var string: ArraySlice<UInt8>? {
    if case .string(let bytes) = content { bytes } else { nil }
  }

  /// The string as text, when it is valid UTF-8.
  @inline(never)
  public var text: String? {
    guard let bytes = string else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  @inline(never)
  public var list: [BencodeValue]? {
    if case .list(let items) = content { items } else { nil }
  }

  @inline(never)
  public var entries: [Entry]? {
    if case .dictionary(let entries) = content { entries } else { nil }
  }

  /// The value of a key of a dictionary, by binary search; `nil` for any other kind of value.
  @inline(never)
  public subscript(key: String) -> BencodeValue? { value(of: key.utf8) }

  /// The value of a key that is no text, such as a hash.
  @inline(never)
  public subscript(wanted: ArraySlice<UInt8>) -> BencodeValue? { value(of: wanted) }

  /// A document has a dictionary for each of its files: nothing is allocated here.
  private func value(of wanted: some Collection<UInt8>) -> BencodeValue? {
    guard case .dictionary(let entries) = content else { return nil }
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key.lexicographicallyPrecedes(wanted) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < entries.count, entries[low].key.elementsEqual(wanted) else { return nil }
    return entries[low].value
  }

  /// The same dictionary with a key set, or removed when `value` is nil; other keys stand as they
  /// were.
  ///
  /// - Precondition: this is a dictionary.
  public func setting(_ key: String, to value: BencodeValue?) -> BencodeValue {
    guard var entries else { preconditionFailure("only a dictionary has keys") }
    let name = ArraySlice(key.utf8)
    entries.removeAll { $0.key == name }
    if let value {
      let place = entries.firstIndex { name.lexicographicallyPrecedes($0.key) } ?? entries.count
      entries.insert(Entry(key: name, value: value), at: place)
    }
    return .init(.dictionary(entries))
  }
}
