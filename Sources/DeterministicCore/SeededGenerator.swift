/// The one source of randomness of decision code: xoshiro256** (Blackman and Vigna, 2018) seeded
/// through SplitMix64, so that every seed, zero included, gives a well-mixed state.
///
/// The same seed gives the same sequence on every machine and release. Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  @usableFromInline var state: (UInt64, UInt64, UInt64, UInt64)

  public init(seed: UInt64) {
    var mixer = seed
    func next() -> UInt64 {
      mixer &+= 0x9E37_79B9_7F4A_7C15
      var word = mixer
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      return word ^ (word >> 31)
    }
    state = (next(), next(), next(), next())
  }

  @inlinable
  public mutating func next() -> UInt64 {
    let product = state.1 &* 5
    let result = ((product << 7) | (product >> 57)) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = (state.3 << 45) | (state.3 >> 19)
    return result
  }

  /// Uniform in `0..<bound` by multiply-shift; the bias is below `bound / 2^64`.
  ///
  /// - Precondition: `bound > 0`.
  @inlinable
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a choice needs at least one option")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Uniform in `[0, 1)`.
  @inlinable
  public mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A Fisher–Yates shuffle in place.
  @inlinable
  public mutating func shuffle<Element>(_ items: inout [Element]) {
    guard items.count > 1 else { return }
    for last in stride(from: items.count - 1, to: 0, by: -1) {
      items.swapAt(last, below(last + 1))
    }
  }
}
