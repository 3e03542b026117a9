/// Addresses as people write them: dotted quads and the text form of RFC 4291, printed by the
/// rules of RFC 5952.
extension Address: CustomStringConvertible {
  public init?(text: some StringProtocol) {
    guard let address = Self.parseV4(text).map(Address.v4) ?? Self.parseV6(text) else { return nil }
    self = address
  }

  private static func parseV4(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var word: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
        part.utf8.count == 1 || part.utf8.first != 48, let byte = UInt8(part)
      else { return nil }
      word = word << 8 | UInt32(byte)
    }
    return word
  }

  private static func parseV6(_ text: some StringProtocol) -> Address? {
    guard text.utf8.count <= 45 else { return nil }
    let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
    guard (1...2).contains(halves.count),
      let head = groups(halves[0], endAddress: halves.count == 1),
      let tail = halves.count == 2 ? groups(halves[1], endAddress: true) : []
    else { return nil }
    let missing = 8 - head.count - tail.count
    guard halves.count == 2 ? missing >= 1 : missing == 0 else { return nil }
    let all = head + Array(repeating: 0, count: missing) + tail
    return Address(bytes: all.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] })
  }

  /// The 16-bit groups of one side of a `::`; the last of the address may be a dotted quad.
  private static func groups(_ text: some StringProtocol, endAddress: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if endAddress, index == parts.count - 1, let word = parseV4(part) {
        groups.append(UInt16(word >> 16))
        groups.append(UInt16(truncatingIfNeeded: word))
      } else if (1...4).contains(part.utf8.count),
        part.utf8.allSatisfy({ Hexadecimal.value(of: $0) != nil }),
        let group = UInt16(part, radix: 16)
      {
        groups.append(group)
      } else {
        return nil
      }
    }
    return groups.count <= 8 ? groups : nil
  }

  public var description: String {
    switch self {
    case .v4:
      return bytes.map(String.init).joined(separator: ".")
    case .v6(let high, let low):
      let groups = [high, low].flatMap { word in
        stride(from: 48, through: 0, by: -16).map { UInt16(truncatingIfNeeded: word >> UInt64($0)) }
      }
      let zeros = Self.longestZeroRun(groups)
      let text = { (part: ArraySlice<UInt16>) in
        part.map { String($0, radix: 16) }.joined(separator: ":")
      }
      guard zeros.count > 1 else { return text(groups[...]) }
      return text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
    }
  }

  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
    var best = 0..<0
    var start = 0
    for (index, group) in groups.enumerated() {
      if group != 0 {
        start = index + 1
      } else if index + 1 - start > best.count {
        best = start..<index + 1
      }
    }
    return best
  }
}

extension Endpoint: CustomStringConvertible {
  /// `1.2.3.4:80` or `[2001:db8::1]:80`.
  public init?(text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    let digits = text[text.index(after: colon)...]
    guard let address = Address(text: host), (1...5).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
    else { return nil }
    self.init(address, port: port)
  }

  public var description: String {
    address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}
