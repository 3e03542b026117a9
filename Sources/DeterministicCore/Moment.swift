/// A point on a monotonic clock, in nanoseconds since an epoch the owner of the clock chose.
///
/// Decision code never reads a clock: whoever drives it passes the moment in, so that the same
/// code runs on real and on virtual time. Plain 64-bit arithmetic, because `Swift.Duration` is 128
/// bits wide and moments are compared for every block.
public struct Moment: Hashable, Comparable, Sendable {
  public var nanoseconds: UInt64

  @inlinable
  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  public static let zero = Moment(nanoseconds: 0)

  /// Later than any moment a machine will see: "never".
  public static let distantFuture = Moment(nanoseconds: .max)

  @inlinable
  public static func < (left: Moment, right: Moment) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Saturates at both ends, so that "never plus a second" is still never.
  @inlinable
  public static func + (moment: Moment, span: TimeSpan) -> Moment {
    if span.nanoseconds >= 0 {
      let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(UInt64(span.nanoseconds))
      return Moment(nanoseconds: overflow ? .max : sum)
    }
    let magnitude = span.nanoseconds.magnitude
    return Moment(nanoseconds: moment.nanoseconds > magnitude ? moment.nanoseconds - magnitude : 0)
  }

  @inlinable
  public static func - (moment: Moment, span: TimeSpan) -> Moment {
    guard span.nanoseconds != .min else { return moment + TimeSpan(nanoseconds: .max) }
    return moment + TimeSpan(nanoseconds: -span.nanoseconds)
  }

  /// The span from `earlier` to `later`, negative when they are the other way round. Saturates, so
  /// that the time until "never" is long and not in the past.
  @inlinable
  public static func - (later: Moment, earlier: Moment) -> TimeSpan {
    let (difference, isNegative) = later.nanoseconds.subtractingReportingOverflow(
      earlier.nanoseconds)
    let span = Int64(bitPattern: difference)
    guard isNegative == (span < 0) else { return TimeSpan(nanoseconds: isNegative ? .min : .max) }
    return TimeSpan(nanoseconds: span)
  }
}

/// A length of time in nanoseconds.
public struct TimeSpan: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = TimeSpan(nanoseconds: 0)

  @inlinable
  public static func milliseconds(_ count: Int) -> TimeSpan {
    TimeSpan(nanoseconds: Int64(count) * 1_000_000)
  }

  @inlinable
  public static func seconds(_ count: Int) -> TimeSpan {
    TimeSpan(nanoseconds: Int64(count) * 1_000_000_000)
  }

  /// Saturates: a size over a rate near zero is a long time, not a trap.
  ///
  /// - Precondition: `count` is a number.
  @inlinable
  public static func seconds(_ count: Double) -> TimeSpan {
    precondition(!count.isNaN, "a span of no number of seconds")
    let nanoseconds = count * 1e9
    guard abs(nanoseconds) < 0x1p63 else { return TimeSpan(nanoseconds: count < 0 ? .min : .max) }
    return TimeSpan(nanoseconds: Int64(nanoseconds))
  }

  @inlinable
  public static func minutes(_ count: Int) -> TimeSpan { .seconds(count * 60) }

  @inlinable
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Whole milliseconds, rounded up: a timer set for it never fires early.
  @inlinable
  public var millisecondsRoundedUp: Int64 {
    nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
  }

  @inlinable
  public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  @inlinable
  public static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
    TimeSpan(nanoseconds: left.nanoseconds + right.nanoseconds)
  }

  @inlinable
  public static func * (span: TimeSpan, factor: Int) -> TimeSpan {
    TimeSpan(nanoseconds: span.nanoseconds * Int64(factor))
  }
}
