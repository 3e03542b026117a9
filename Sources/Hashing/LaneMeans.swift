internal import CHashing

/// What a machine has to hash messages side by side with.
///
/// The invariant: without the extensions the widest registers, if there are any, are the fastest way
/// already for five messages, as OpenSSL has four at a time.
struct LaneMeans: Equatable {
  /// The SHA instructions of the processor, for four messages.
  let hasExtensions: Bool
  /// From how many messages on the widest registers are the fastest way.
  let fewestWide: Int

  static func ofThisMachine(_ algorithm: (some LaneAlgorithm).Type) -> LaneMeans {
    LaneMeans(hasExtensions: shoal_has_sha_extensions(), fewestWide: algorithm.fewestWide)
  }

  /// Whether there are the widest registers at all.
  static var hasWideRegisters: Bool { shoal_has_wide_registers() }

  /// Messages at once, at most.
  var widest: Int {
    let (narrow, wide) = (Int(SHOAL_NARROW_LANES), Int(SHOAL_WIDE_LANES))
    return fewestWide <= wide ? wide : narrow
  }

  /// How many messages that come one by one are worth waiting for, and how many are worth taking at once
  /// where more have come. All sixteen take the registers as long as five: where they win that early,
  /// half of them make a message cost half as much as four would, and the rest is a gift.
  var gathering: (enough: Int, most: Int) {
    let (narrow, wide) = (Int(SHOAL_NARROW_LANES), Int(SHOAL_WIDE_LANES))
    return fewestWide <= wide / 2 ? (wide / 2, wide) : (narrow, narrow)
  }

  /// Whether as many messages are hashed side by side, or else one after another by OpenSSL.
  func hasLanes(_ count: Int) -> Bool { hasExtensions || count >= fewestWide }
}
