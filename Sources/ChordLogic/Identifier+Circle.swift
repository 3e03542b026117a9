public import ChordWire

/// Arithmetic on the circle of 2^160 places; clockwise is the way identifiers grow.
extension Identifier {
  /// Whether `x` lies between `a` and `b`, clockwise and with both ends open; every `x` but `a` does
  /// when the ends are one place.
  @inlinable
  public static func between(_ a: Identifier, _ x: Identifier, _ b: Identifier) -> Bool {
    a < b ? a < x && x < b : a < x || x < b
  }

  /// How far it is clockwise to `other`.
  @inlinable
  public func distance(to other: Identifier) -> Identifier {
    let (low, borrowLow) = other.low.subtractingReportingOverflow(self.low)
    let (partial, borrowMiddle) = other.middle.subtractingReportingOverflow(self.middle)
    let (middle, borrowCarry) = partial.subtractingReportingOverflow(borrowLow ? 1 : 0)
    return Identifier(
      high: other.high &- self.high &- (borrowMiddle || borrowCarry ? 1 : 0), middle: middle,
      low: low)
  }

  /// The place `distance` further on.
  @inlinable
  public func advanced(by distance: Identifier) -> Identifier {
    let (low, carryLow) = self.low.addingReportingOverflow(distance.low)
    let (partial, carryMiddle) = self.middle.addingReportingOverflow(distance.middle)
    let (middle, carryCarry) = partial.addingReportingOverflow(carryLow ? 1 : 0)
    return Identifier(
      high: self.high &+ distance.high &+ (carryMiddle || carryCarry ? 1 : 0), middle: middle,
      low: low)
  }

  /// 2^`exponent` as a distance; `exponent` in 0..<160.
  public static func power(_ exponent: Int) -> Identifier {
    switch exponent {
    case 0..<64: Identifier(high: 0, middle: 0, low: 1 << UInt64(exponent))
    case 64..<128: Identifier(high: 0, middle: 1 << UInt64(exponent - 64), low: 0)
    default: Identifier(high: 1 << UInt32(exponent - 128), middle: 0, low: 0)
    }
  }

  /// The exponent of the highest power of two in this distance; nil for none at all.
  var logarithm: Int? {
    if high != 0 { return 159 - high.leadingZeroBitCount }
    if middle != 0 { return 127 - middle.leadingZeroBitCount }
    return low == 0 ? nil : 63 - low.leadingZeroBitCount
  }

  /// Half of this distance.
  var halved: Identifier {
    Identifier(
      high: high >> 1, middle: middle >> 1 | UInt64(high & 1) << 63,
      low: low >> 1 | (middle & 1) << 63)
  }

  /// This distance as a part of the whole circle, in 0..<1.
  public var fraction: Double {
    Double(high) * 0x1p-32 + Double(middle) * 0x1p-96 + Double(low) * 0x1p-160
  }
}

extension Arc {
  /// An arc that ends where it starts is the whole circle.
  @inlinable
  public func contains(_ key: Identifier) -> Bool {
    key == end || Identifier.between(start, key, end)
  }
}
