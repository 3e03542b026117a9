import TorrentModel

/// The query of a request target: pairs in the order they came, still escaped.
///
/// Values are decoded one by one and to bytes, never to text: an info-hash is twenty bytes that are
/// hardly ever valid UTF-8.
public struct HTTPQuery: Sequence, Sendable {
  public struct Pair: Sendable {
    public let rawName: ArraySlice<UInt8>
    /// Empty both for `name=` and for a bare `name`.
    public let rawValue: ArraySlice<UInt8>

    public func isNamed(_ name: String) -> Bool { rawName.elementsEqual(name.utf8) }

    /// The bytes the value spells, `+` being a space; `nil` for a broken escape.
    public var value: [UInt8]? { PercentEncoding.decode(rawValue, plusIsSpace: true) }
  }

  /// What stands behind the `?`, as it came.
  public let raw: ArraySlice<UInt8>

  public init(raw: ArraySlice<UInt8>) { self.raw = raw }

  public init(_ text: String) { self.init(raw: ArraySlice(text.utf8)) }

  public var isEmpty: Bool { raw.isEmpty }

  public func makeIterator() -> Iterator { Iterator(rest: raw) }

  /// The first pair of that name.
  public subscript(name: String) -> Pair? { first { $0.isNamed(name) } }

  public struct Iterator: IteratorProtocol {
    var rest: ArraySlice<UInt8>

    public mutating func next() -> Pair? {
      while !rest.isEmpty {
        let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
        let part = rest[rest.startIndex..<end]
        rest = rest[Swift.min(end + 1, rest.endIndex)...]
        if part.isEmpty { continue }
        guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
          return Pair(rawName: part, rawValue: part[part.endIndex...])
        }
        return Pair(rawName: part[..<equals], rawValue: part[(equals + 1)...])
      }
      return nil
    }
  }
}
