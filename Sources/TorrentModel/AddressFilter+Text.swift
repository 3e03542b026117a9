// The files in which people pass such ranges on, a range on a line. Three ways to write one are
// about, and a file may mix them:
//
//   p2p    some words:192.0.2.0-192.0.2.255
//   dat    192.000.002.000 - 192.000.002.255 , 000 , some words
//   CIDR   192.0.2.0/24, 2001:db8::/32, one address, or first-last
//
// A dat line whose number is above 127 allows its range (eMule's rule) and is passed over. Empty
// lines and those that begin with #, ; or // are for people.
extension AddressFilter {
  public enum Reading: Hashable, Sendable {
    case filter(AddressFilter)
    /// The first line, counted from 1, that is none of the three: what follows in a file of another
    /// kind would be let through unseen.
    case unreadable(line: Int)
  }

  /// Bytes of a file, at most: several times the longest list that is about.
  public static let longestFile = 128 << 20

  public static func read(_ file: [UInt8]) -> Reading {
    var v4: [ClosedRange<UInt32>] = []
    var v6: [ClosedRange<UInt128>] = []
    var number = 0
    for line in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      switch entry(FilterText(line)) {
      case .v4(let range): v4.append(range)
      case .v6(let range): v6.append(range)
      case .nothing: continue
      case nil: return .unreadable(line: number)
      }
    }
    return .filter(AddressFilter(v4: v4, v6: v6))
  }

  fileprivate enum Entry {
    case v4(ClosedRange<UInt32>)
    case v6(ClosedRange<UInt128>)
    case nothing
  }

  private static func entry(_ line: FilterText) -> Entry? {
    if line.isRemark { return .nothing }
    var text = line
    if let entry = text.takeRange() {
      if text.isEmpty { return entry }
      if let level = text.takeLevel() { return level > 127 ? .nothing : entry }
    }
    // Words may have colons in them; IPv4 addresses have none.
    guard let words = line.bytes.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    text = FilterText(line.bytes[(words + 1)...])
    guard case .v4(let range)? = text.takeRange(), text.isEmpty else { return nil }
    return .v4(range)
  }
}

/// What is left of a line, without the blanks at its ends.
private struct FilterText {
  private(set) var bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    skipBlanks()
    while let last = self.bytes.last, Self.isBlank(last) { self.bytes.removeLast() }
  }

  var isEmpty: Bool { bytes.isEmpty }

  var isRemark: Bool {
    isEmpty || bytes.starts(with: "#".utf8) || bytes.starts(with: ";".utf8)
      || bytes.starts(with: "//".utf8)
  }

  /// An address, a network or two addresses.
  mutating func takeRange() -> AddressFilter.Entry? {
    guard let first = takeAddress() else { return nil }
    if take("/") {
      guard let bits = takeNumber(most: first.isV4 ? 32 : 128) else { return nil }
      return Self.network(first, bits: bits)
    }
    guard take("-") else { return Self.range(first, first) }
    return takeAddress().flatMap { Self.range(first, $0) }
  }

  /// What stands in a dat line behind its range: a comma, a number, and anything.
  mutating func takeLevel() -> Int? {
    guard take(","), let level = takeNumber(most: 999), isEmpty || take(",") else { return nil }
    return level
  }

  private static func range(_ first: Address, _ last: Address) -> AddressFilter.Entry? {
    switch (first, last) {
    case (.v4(let first), .v4(let last)):
      return first <= last ? .v4(first...last) : nil
    case (.v6, .v6):
      let (first, last) = (number(first), number(last))
      return first <= last ? .v6(first...last) : nil
    default:
      return nil
    }
  }

  private static func network(_ address: Address, bits: Int) -> AddressFilter.Entry {
    switch address {
    case .v4(let word):
      let rest = bits == 0 ? UInt32.max : ~(UInt32.max << UInt32(32 - bits))
      return .v4(word & ~rest...word | rest)
    case .v6:
      let rest = bits == 0 ? UInt128.max : ~(UInt128.max << UInt128(128 - bits))
      return .v6(number(address) & ~rest...number(address) | rest)
    }
  }

  private static func number(_ address: Address) -> UInt128 {
    guard case .v6(let high, let low) = address else { return 0 }
    return UInt128(high) << 64 | UInt128(low)
  }

  private mutating func takeAddress() -> Address? {
    skipBlanks()
    let token = bytes.prefix { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "."),
        UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
      default: false
      }
    }
    let address =
      Self.quad(token).map { Address.v4($0) }
      ?? (token.contains(UInt8(ascii: ":"))
        ? Address(text: String(decoding: token, as: UTF8.self)) : nil)
    guard let address else { return nil }
    bytes = bytes.dropFirst(token.count)
    return address
  }

  /// Four numbers of up to three decimal digits: dat lines fill them up with zeros.
  private static func quad(_ token: ArraySlice<UInt8>) -> UInt32? {
    var word: UInt32 = 0
    var value: UInt32 = 0
    var digits = 0
    var dots = 0
    for byte in token {
      if byte == UInt8(ascii: ".") {
        guard digits > 0, dots < 3 else { return nil }
        word = word << 8 | value
        (value, digits, dots) = (0, 0, dots + 1)
      } else {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits < 3 else { return nil }
        value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
        digits += 1
        guard value < 256 else { return nil }
      }
    }
    return dots == 3 && digits > 0 ? word << 8 | value : nil
  }

  private mutating func takeNumber(most: Int) -> Int? {
    skipBlanks()
    let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard (1...3).contains(digits.count) else { return nil }
    let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    guard value <= most else { return nil }
    bytes = bytes.dropFirst(digits.count)
    skipBlanks()
    return value
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard bytes.first == UInt8(ascii: character) else { return false }
    bytes = bytes.dropFirst()
    return true
  }

  private mutating func skipBlanks() { bytes = bytes.drop(while: Self.isBlank) }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}
