import DeterministicCore
import Testing

@Suite struct MomentTests {
  @Test(arguments: [
    (UInt64(10), Int64(5), UInt64(15)),
    (10, -5, 5),
    (10, -11, 0),
    (.max, 1, .max),
    (.max - 1, .max, .max),
    (0, .min, 0),
    (.max, .min, .max - (1 << 63)),
  ])
  func addingASpanSaturatesAtBothEnds(start: UInt64, span: Int64, end: UInt64) {
    #expect(
      Moment(nanoseconds: start) + TimeSpan(nanoseconds: span) == Moment(nanoseconds: end))
  }

  @Test func takingASpanAwayIsAddingItsOpposite() {
    #expect(Moment(nanoseconds: 7) - TimeSpan(nanoseconds: 3) == Moment(nanoseconds: 4))
    #expect(Moment(nanoseconds: 7) - TimeSpan(nanoseconds: -3) == Moment(nanoseconds: 10))
    #expect(Moment.zero - .seconds(1) == .zero)
    #expect(
      Moment.zero - TimeSpan(nanoseconds: .min) == Moment(nanoseconds: UInt64(Int64.max)))
  }

  @Test(arguments: [
    (UInt64(9), UInt64(4), Int64(5)),
    (4, 9, -5),
    (.max, 0, .max),
    (0, .max, .min),
    (.max, .max, 0),
    (1 << 63, 1, .max),
    (1 << 63, 0, .max),
    (0, 1 << 63, .min),
  ])
  func theSpanBetweenMomentsSaturates(later: UInt64, earlier: UInt64, span: Int64) {
    #expect(
      Moment(nanoseconds: later) - Moment(nanoseconds: earlier) == TimeSpan(nanoseconds: span))
  }

  @Test func neverIsLaterThanAnythingAndStaysNever() {
    let never = Moment.distantFuture
    #expect(never + .seconds(3600) == never)
    #expect(never - Moment(nanoseconds: 1_000_000_000) > .seconds(1_000_000))
    #expect(Moment.zero < never)
  }

  @Test(arguments: [
    (Int64(0), Int64(0)), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2),
    (.max, .max / 1_000_000 + 1), (-1, 0), (-1_500_000, -1),
  ])
  func aTimerIsNeverSetTooShort(nanoseconds: Int64, milliseconds: Int64) {
    #expect(TimeSpan(nanoseconds: nanoseconds).millisecondsRoundedUp == milliseconds)
  }

  @Test func spansFromUnitsAgree() {
    #expect(TimeSpan.minutes(2) == .seconds(120))
    #expect(TimeSpan.seconds(3) == .milliseconds(3000))
    #expect(TimeSpan.seconds(0.25) == .milliseconds(250))
    #expect(TimeSpan.seconds(2) + .seconds(3) == .seconds(1) * 5)
    #expect(TimeSpan.milliseconds(1500).seconds == 1.5)
  }

  @Test func secondsBeyondWhatFitsSaturate() {
    #expect(TimeSpan.seconds(1e300) == TimeSpan(nanoseconds: .max))
    #expect(TimeSpan.seconds(-1e300) == TimeSpan(nanoseconds: .min))
    #expect(TimeSpan.seconds(Double.infinity) == TimeSpan(nanoseconds: .max))
  }
}
