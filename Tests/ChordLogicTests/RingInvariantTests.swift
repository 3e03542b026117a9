import DeterministicCore
import Foundation
import Testing

@testable import ChordLogic

/// How many random schedules are tried of each kind; `make test-chord` sets a hundred thousand in
/// all.
private let schedules =
  ProcessInfo.processInfo.environment["SHOAL_RING_SCHEDULES"].flatMap { Int($0) } ?? 120

/// The one schedule to try, of each r, where one failed.
private let onlySeed =
  ProcessInfo.processInfo.environment["SHOAL_RING_SEED"].flatMap { UInt64($0) }

/// Every schedule of each r, in slices that run side by side.
private struct Slice: CustomTestStringConvertible, Sendable {
  static let count = 4
  var r: Int
  var number: Int

  var testDescription: String { "r = \(r), slice \(number)" }

  static let all = (2...4).flatMap { r in (0..<count).map { Slice(r: r, number: $0) } }

  var seeds: StrideTo<UInt64> {
    if let onlySeed {
      return stride(from: onlySeed, to: onlySeed + (number == 0 ? 1 : 0), by: 1)
    }
    return stride(
      from: UInt64(number), to: UInt64(max(schedules / 3, Slice.count)), by: Slice.count)
  }
}

@Suite("The ring") struct RingInvariantTests {
  @Test("stays one through every legal schedule", arguments: Slice.all)
  private func invariants(slice: Slice) {
    var total = RingSchedule.Verdict()
    for seed in slice.seeds {
      var schedule = RingSchedule(seed: seed, r: slice.r)
      let verdict = schedule.run()
      #expect(verdict.broken.isEmpty, "r = \(slice.r), SHOAL_RING_SEED=\(seed): \(verdict.broken)")
      guard verdict.broken.isEmpty else { return }
      total.steps += verdict.steps
      total.joins += verdict.joins
      total.crashes += verdict.crashes
      total.lookups += verdict.lookups
      total.answered += verdict.answered
      total.wrong += verdict.wrong
    }
    print(
      "r = \(slice.r), slice \(slice.number): \(total.steps) steps, \(total.joins) joins,",
      "\(total.crashes) crashes, \(total.lookups) lookups, \(total.answered) answered,",
      "\(total.wrong) wrong")
    #expect(onlySeed != nil || total.joins > 0 && total.crashes > 0)
    #expect(total.wrong * 100 <= total.answered + 200)
  }
}
