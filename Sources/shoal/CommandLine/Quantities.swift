import DeterministicCore

/// Sizes as people write them: a number, with or without a fraction, and a unit of 1024s.
enum ByteCount {
  /// `700`, `700B`, `16K`, `16k`, `16KiB`, `1.5G`; `nil` for anything else and beyond 64 bits.
  /// Decimal units (`KB`) are refused instead of read as something they are not.
  static func parse(_ text: some StringProtocol) -> UInt64? {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let shift = shift(ofUnit: text.dropFirst(number.count)) else { return nil }
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let wholePart = parts.first, !wholePart.isEmpty, let whole = UInt64(wholePart),
      whole <= UInt64.max >> shift
    else { return nil }
    guard parts.count == 2 else { return whole << shift }
    // Six digits of a fraction are more than a byte's worth up to MiB, and enough above.
    guard (1...6).contains(parts[1].utf8.count), let fraction = UInt64(parts[1]) else { return nil }
    var scale: UInt64 = 1
    for _ in parts[1].utf8 { scale *= 10 }
    let (high, low) = fraction.multipliedFullWidth(by: 1 << shift)
    let extra = scale.dividingFullWidth((high, low)).quotient
    let (sum, overflow) = (whole << shift).addingReportingOverflow(extra)
    return overflow ? nil : sum
  }

  private static func shift(ofUnit unit: some StringProtocol) -> UInt64? {
    switch unit.lowercased() {
    case "", "b": 0
    case "k", "kib": 10
    case "m", "mib": 20
    case "g", "gib": 30
    case "t", "tib": 40
    default: nil
    }
  }
}

/// Lengths of time as people write them.
enum TimeText {
  /// A century. More than that is a slip of the hand, and less than `TimeSpan` can hold.
  static let longest = TimeSpan.seconds(100 * 365 * 86_400)

  /// `90s`, `15m`, `2h`, `1d`, `1h30m` or plain seconds; `nil` for anything else.
  @Sendable static func parse(_ text: String) -> TimeSpan? {
    var rest = text[...]
    guard !rest.isEmpty else { return nil }
    var total = 0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard (1...10).contains(digits.count), let number = Int(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit: Int
      switch rest.popFirst() {
      case "s": unit = 1
      case "m": unit = 60
      case "h": unit = 3600
      case "d": unit = 86_400
      case nil where digits.count == text.count: unit = 1
      default: return nil
      }
      total += number * unit
      guard total <= Int(longest.seconds) else { return nil }
    }
    return .seconds(total)
  }
}
