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
    moment + TimeSpan(nanoseconds: -span.nanoseconds)
  }

  /// The span from `earlier` to `later`, negative when they are the other way round.
  @inlinable
  public static func - (later: Moment, earlier: Moment) -> TimeSpan {
    TimeSpan(nanoseconds: Int64(truncatingIfNeeded: later.nanoseconds &- earlier.nanoseconds))
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

  @inlinable
  public static func seconds(_ count: Double) -> TimeSpan {
    TimeSpan(nanoseconds: Int64(count * 1e9))
  }

  @inlinable
  public static func minutes(_ count: Int) -> TimeSpan { .seconds(count * 60) }

  @inlinable
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Whole milliseconds, rounded up: a timer set for it never fires early.
  @inlinable
  public var millisecondsRoundedUp: Int64 { (nanoseconds + 999_999) / 1_000_000 }

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
