/// Which part of a document an answer holds: the value of `Content-Range` (RFC 9110, section 14.4).
public struct ContentRange: Hashable, Sendable {
  public let first: UInt64
  public let last: UInt64
  /// Bytes of the whole document; nil where the server does not say.
  public let total: UInt64?

  /// `bytes 0-499/1234` or `bytes 0-499/*`; nil for anything else, and for ranges that are none.
  public init?(_ value: some Collection<UInt8>) {
    let text = Array(value)
    let unit = Array("bytes ".utf8)
    guard text.count > unit.count, text.prefix(unit.count).elementsEqual(unit, by: Self.isSame)
    else { return nil }
    let parts = text.dropFirst(unit.count).split(
      separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let ends = parts[0].split(
      separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
      first <= last
    else { return nil }
    if parts[1].elementsEqual([UInt8(ascii: "*")]) {
      total = nil
    } else {
      guard let number = Self.number(parts[1]), number > last else { return nil }
      total = number
    }
    self.first = first
    self.last = last
  }

  private static func isSame(_ found: UInt8, _ wanted: UInt8) -> Bool {
    found == wanted || (65...90).contains(found) && found | 0x20 == wanted
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return UInt64(String(decoding: digits, as: UTF8.self))
  }
}
