/// The part of a document that a request asks for (RFC 9110, section 14.2): one range of bytes. Of a
/// list of ranges, which servers need not serve, the whole document is served.
public enum ByteRange: Hashable, Sendable {
  case whole
  /// Offsets of the first byte and of the one behind the last.
  case part(Range<UInt64>)
  /// Nothing of the document lies there.
  case unsatisfiable

  /// - Parameters:
  ///   - value: of the Range header, where there is one.
  ///   - length: bytes of the document.
  public init(_ value: String?, of length: UInt64) {
    self = .whole
    guard let value, value.lowercased().hasPrefix("bytes=") else { return }
    let ends = value.utf8.dropFirst(6).split(
      separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    guard ends.count == 2 else { return }
    let isNumber = ends.map { $0.allSatisfy { (48...57).contains($0) } }
    guard isNumber[0], isNumber[1] else { return }
    let first = UInt64(String(decoding: ends[0], as: UTF8.self))
    let last = UInt64(String(decoding: ends[1], as: UTF8.self))
    switch (first, last) {
    case (nil, let count?) where ends[0].isEmpty:
      self =
        count == 0 || length == 0 ? .unsatisfiable : .part(length - min(count, length)..<length)
    case (let first?, let last?):
      guard first <= last else { return }
      self = first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
    case (let first?, nil) where ends[1].isEmpty:
      self = first < length ? .part(first..<length) : .unsatisfiable
    default:
      return
    }
  }
}
