import DeterministicCore
import Testing

@testable import SwarmLogic

@Suite struct RateMeterTests {
  @Test func anEvenStreamHasItsRateAtEveryAge() {
    var meter = RateMeter(startingAt: .zero + .seconds(100))
    // 1000 bytes every 10 ms are 100 kB/s.
    for tick in 1...6000 {
      let now = Moment.zero + .seconds(100) + .milliseconds(tick * 10)
      meter.record(1000, at: now)
      guard tick >= 100 else { continue }
      let rate = meter.bytesPerSecond(at: now)
      #expect(abs(rate - 100_000) < 1_000, "\(rate) after \(tick * 10) ms")
    }
    #expect(meter.total == 6_000_000)
  }

  @Test func theFirstBlocksAreNoGigabyteASecond() {
    var meter = RateMeter(startingAt: .zero)
    meter.record(16_384, at: Moment(nanoseconds: 50))
    #expect(meter.bytesPerSecond(at: Moment(nanoseconds: 60)) == 16_384)
  }

  @Test func whatIsOlderThanTwentySecondsIsForgotten() {
    var meter = RateMeter(startingAt: .zero)
    meter.record(20_000, at: .zero + .milliseconds(500))
    #expect(meter.bytesPerSecond(at: .zero + .seconds(10)) == 2000)
    #expect(meter.bytesPerSecond(at: .zero + .milliseconds(19_999)) > 1000)
    #expect(meter.bytesPerSecond(at: .zero + .seconds(20)) == 0)
    #expect(meter.bytesPerSecond(at: .zero + .seconds(100_000)) == 0)
    meter.record(19_000, at: .zero + .seconds(100_000))
    #expect(meter.bytesPerSecond(at: .zero + .seconds(100_000)) == 1000)
    #expect(meter.total == 39_000)
  }

  @Test func fourGibibytesOfASecondCountAndAllOfThemInTheTotal() {
    var meter = RateMeter(startingAt: .zero)
    meter.record(1, at: .zero)
    meter.record(6 << 30, at: .zero + .seconds(1))
    #expect(meter.total == 1 + 6 << 30)
    #expect(
      meter.bytesPerSecond(at: .zero + .seconds(2)) == Double(UInt64(1) + UInt64(UInt32.max)) / 2)
    // What did not count is not taken off, either.
    #expect(meter.bytesPerSecond(at: .zero + .seconds(20)) == Double(UInt32.max) / 19)
    #expect(meter.bytesPerSecond(at: .zero + .seconds(40)) == 0)
    meter.record(20, at: .zero + .seconds(40))
    #expect(meter.bytesPerSecond(at: .zero + .seconds(40)) == Double(20) / 19)
  }

  @Test func silenceLowersTheRateAndSpeedRaisesIt() {
    var meter = RateMeter(startingAt: .zero)
    for second in 0..<40 { meter.record(1000, at: .zero + .seconds(second)) }
    let busy = meter.bytesPerSecond(at: .zero + .seconds(40))
    let quiet = meter.bytesPerSecond(at: .zero + .seconds(50))
    #expect(quiet < busy && quiet > 0)
    for second in 50..<60 { meter.record(3000, at: .zero + .seconds(second)) }
    #expect(meter.bytesPerSecond(at: .zero + .seconds(60)) > busy)
  }

  /// Against the sum over all that was recorded, at random moments.
  @Test(arguments: UInt64(1)...20)
  func agreesWithACountOfEverything(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var meter = RateMeter(startingAt: .zero)
    var records: [(second: Int, bytes: Int)] = []
    var now = Moment.zero
    for _ in 0..<500 {
      now = now + .milliseconds(random.below(random.below(20) == 0 ? 30_000 : 500))
      let second = Int(now.nanoseconds / 1_000_000_000)
      if random.below(3) > 0 {
        let bytes = random.below(100_000)
        meter.record(bytes, at: now)
        records.append((second, bytes))
      }
      let bytes = records.reduce(0) { $0 + ($1.second > second - 20 ? $1.bytes : 0) }
      let start = Double(max(0, second - 19))
      let expected = Double(bytes) / max(1, Double(now.nanoseconds) / 1e9 - start)
      #expect(
        abs(meter.bytesPerSecond(at: now) - expected) < 1e-6 * expected + 1e-9, "seed \(seed)")
    }
  }
}
