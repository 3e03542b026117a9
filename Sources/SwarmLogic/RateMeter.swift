public import DeterministicCore

/// Bytes a second over the last 20 seconds, the period over which tit-for-tat compares peers
/// (Cohen, 2003), and bytes in total.
///
/// Twenty buckets of a second each, the newest being filled: recording is O(1) and allocates
/// nothing. Of the bytes of one second, 4 GiB count towards the rate at most.
public struct RateMeter: Sendable {
  private static let bucketCount = 20
  private static let bucketLength = TimeSpan.seconds(1)
  /// A younger meter divides by this: the first block after a microsecond is no gigabyte a second.
  private static let shortestPeriod = TimeSpan.seconds(1)

  private var buckets = InlineArray<20, UInt32>(repeating: 0)
  private let start: Moment
  /// Seconds from `start` to the bucket that is being filled.
  private var newest: UInt64 = 0
  /// The sum of all buckets.
  private var sum: UInt64 = 0
  /// Bytes recorded since the meter was made.
  public private(set) var total: UInt64 = 0

  /// A meter for something that begins now: a connection, say.
  public init(startingAt start: Moment) { self.start = start }

  /// - Precondition: `bytes` is not negative. Moments never go back.
  public mutating func record(_ bytes: Int, at now: Moment) {
    let second = self.second(now)
    if second > newest { advance(to: second) }
    let bucket = Int(newest % UInt64(Self.bucketCount))
    let before = buckets[bucket]
    buckets[bucket] = UInt32(clamping: UInt64(before) + UInt64(bytes))
    sum += UInt64(buckets[bucket] - before)
    total += UInt64(bytes)
  }

  /// Bytes a second over the last 20 seconds, or since the start while that is less.
  public func bytesPerSecond(at now: Moment) -> Double {
    let second = self.second(now)
    var bytes = sum
    if second > newest {
      guard second - newest < UInt64(Self.bucketCount) else { return 0 }
      for expired in newest + 1...second {
        bytes -= UInt64(buckets[Int(expired % UInt64(Self.bucketCount))])
      }
    }
    let oldest = second >= UInt64(Self.bucketCount) ? second + 1 - UInt64(Self.bucketCount) : 0
    let period = (now - start).seconds - Double(oldest) * Self.bucketLength.seconds
    return Double(bytes) / max(period, Self.shortestPeriod.seconds)
  }

  private func second(_ now: Moment) -> UInt64 {
    guard now > start else { return 0 }
    return UInt64((now - start).nanoseconds / Self.bucketLength.nanoseconds)
  }

  private mutating func advance(to second: UInt64) {
    for expired in newest + 1...min(second, newest + UInt64(Self.bucketCount)) {
      let bucket = Int(expired % UInt64(Self.bucketCount))
      sum -= UInt64(buckets[bucket])
      buckets[bucket] = 0
    }
    newest = second
  }
}
