/// A limit on bytes a second: what may be spent now, refilled as time passes.
///
/// The balance may be overdrawn by one transfer, which is then waited for; it never exceeds
/// `burst`, so that an idle hour is not made up for in a second. Only who was told to wait and comes
/// late, since the machine is busy, finds what came meanwhile: up to a second's worth.
public struct TokenBucket: Sendable {
  /// Bytes a second; nil for no limit.
  public let rate: UInt64?
  private let burst: Double
  private let leastTransfer: Double
  private var balance: Double
  private var filledAt: Moment
  /// Whether the last who asked was told to wait.
  private var isAwaited = false

  /// A tenth of a second's worth, and no less than makes a packet.
  private static func burst(_ rate: UInt64) -> Double { max(Double(rate) / 10, 1500) }

  public init(rate: UInt64?, at now: Moment) {
    self.rate = rate
    burst = rate.map(Self.burst) ?? 0
    leastTransfer = rate.map { min(max(Double($0) / 100, 1), 128 * 1024) } ?? 0
    balance = burst
    filledAt = now
  }

  public var isLimited: Bool { rate != nil }

  /// Bytes that may be spent now; 0 while the last transfer is being waited for, or while there is so
  /// little that moving it would cost more than it carries: a hundredth of a second's worth.
  public mutating func available(at now: Moment) -> Int {
    guard let rate else { return .max }
    let elapsed = max(0, (now - filledAt).seconds)
    filledAt = max(filledAt, now)
    let most = isAwaited ? max(burst, Double(rate)) : burst
    balance = min(most, balance + elapsed * Double(rate))
    isAwaited = balance < leastTransfer
    return isAwaited ? 0 : Int(balance)
  }

  public mutating func spend(_ bytes: Int) {
    if rate != nil { balance -= Double(bytes) }
  }
}
