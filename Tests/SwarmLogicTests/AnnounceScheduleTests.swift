import DeterministicCore
import Testing
import TrackerWire

@testable import SwarmLogic

@Suite struct AnnounceScheduleTests {
  static func url(_ name: String) -> TrackerURL { TrackerURL("http://\(name)/announce")! }

  static func schedule(_ tiers: [[String]], seed: UInt64 = 1) -> AnnounceSchedule {
    AnnounceSchedule(tiers: tiers.map { $0.map(url) }, generator: SeededGenerator(seed: seed))
  }

  static func at(_ seconds: Int) -> Moment { .zero + .seconds(seconds) }

  static let answer = AnnounceOutcome.answered(interval: 1800, minInterval: nil, trackerID: nil)

  @Test func announcesStartedThenNothingThenStopped() throws {
    var schedule = Self.schedule([["a"]])
    #expect(schedule.nextDue == .zero)
    let first = try #require(schedule.next(at: .zero, wantsPeers: true).first)
    #expect(first.event == .started && first.numWant == AnnounceSchedule.numWant)
    #expect(schedule.nextDue == .distantFuture)
    #expect(schedule.next(at: Self.at(9), wantsPeers: true).isEmpty, "one at a time")
    schedule.finish(
      first, .answered(interval: 1800, minInterval: nil, trackerID: [7]), at: Self.at(1))
    #expect(schedule.nextDue == Self.at(1801))
    #expect(schedule.next(at: Self.at(1800), wantsPeers: true).isEmpty)
    let second = try #require(schedule.next(at: Self.at(1801), wantsPeers: false).first)
    #expect(second.event == nil && second.numWant == 0 && second.trackerID == [7])
    schedule.finish(second, Self.answer, at: Self.at(1802))
    let last = schedule.stop()
    #expect(last.map(\.event) == [.stopped] && last[0].trackerID == [7])
    #expect(schedule.stop().isEmpty)
    #expect(schedule.nextDue == .distantFuture)
  }

  @Test func whetherAllTrackersRefuseIsToldByWhatEachSaidLast() {
    var schedule = Self.schedule([["a"], ["b"]])
    #expect(!schedule.isRefusedByAll)
    var orders = schedule.next(at: .zero, wantsPeers: true)
    schedule.finish(orders[0], .refused(.never), at: Self.at(1))
    #expect(!schedule.isRefusedByAll)
    // A datagram carries no advice on when to come again.
    schedule.finish(orders[1], .refused(nil), at: Self.at(1))
    #expect(schedule.isRefusedByAll)
    orders = schedule.next(at: Self.at(100), wantsPeers: true)
    #expect(orders.map(\.url) == [Self.url("b")])
    schedule.finish(orders[0], .failed, at: Self.at(101))
    #expect(!schedule.isRefusedByAll)
    #expect(!Self.schedule([]).isRefusedByAll)
  }

  @Test func completedIsSaidOnceToWhoeverKnewUsBefore() throws {
    var schedule = Self.schedule([["a"], ["b"]])
    var orders = schedule.next(at: .zero, wantsPeers: true)
    #expect(orders.count == 2)
    schedule.finish(orders[0], Self.answer, at: Self.at(1))
    schedule.finish(orders[1], .failed, at: Self.at(1))
    schedule.noteComplete(at: Self.at(2))
    schedule.noteComplete(at: Self.at(2))
    orders = schedule.next(at: Self.at(2), wantsPeers: true)
    #expect(orders.map(\.event) == [.completed])
    schedule.finish(orders[0], Self.answer, at: Self.at(3))
    schedule.noteComplete(at: Self.at(4))
    orders = schedule.next(at: Self.at(30), wantsPeers: true)
    #expect(orders.map(\.event) == [.started], "b meets us as a seed")
    schedule.finish(orders[0], Self.answer, at: Self.at(31))
    #expect(schedule.next(at: Self.at(1000), wantsPeers: true).isEmpty)
    #expect(schedule.stop().allSatisfy { $0.event == .stopped && !$0.owesCompleted })
  }

  @Test func completionDuringAnAnnounceIsToldAfterIt() throws {
    for isAnswered in [true, false] {
      var schedule = Self.schedule([["a"]])
      let started = schedule.next(at: .zero, wantsPeers: true)[0]
      schedule.noteComplete(at: Self.at(1))
      schedule.finish(started, isAnswered ? Self.answer : .failed, at: Self.at(2))
      let order = try #require(schedule.next(at: Self.at(30), wantsPeers: true).first)
      #expect(order.event == (isAnswered ? .completed : .started))
      schedule.finish(order, Self.answer, at: Self.at(31))
      #expect(schedule.next(at: Self.at(100), wantsPeers: true).isEmpty)
    }
  }

  @Test func onlyTheTrackerThatHasNotHeardOfTheCompletionOwesItAtTheEnd() {
    var schedule = Self.schedule([["a"], ["b"]])
    for order in schedule.next(at: .zero, wantsPeers: true) {
      schedule.finish(order, Self.answer, at: Self.at(1))
    }
    schedule.noteComplete(at: Self.at(2))
    let orders = schedule.next(at: Self.at(2), wantsPeers: true)
    schedule.finish(orders[0], Self.answer, at: Self.at(3))
    let last = schedule.stop()
    #expect(last.map(\.owesCompleted) == [false, true])
    #expect(last[1].saying(.completed).event == .completed)
  }

  @Test func stoppedIsSaidOnlyToTrackersThatAnswered() {
    var schedule = Self.schedule([["a"], ["b"]])
    let orders = schedule.next(at: .zero, wantsPeers: true)
    schedule.finish(orders[0], Self.answer, at: Self.at(1))
    schedule.finish(orders[1], .failed, at: Self.at(1))
    #expect(schedule.stop().map(\.url) == [orders[0].url])
  }

  @Test func aTierIsShuffledOnceAndTheTrackerThatAnswersComesFirst() {
    var firsts: Set<String> = []
    for seed in UInt64(0)..<20 {
      var schedule = Self.schedule([["a", "b", "c"]], seed: seed)
      var seen: [String] = []
      var now = Moment.zero
      for place in 0..<3 {
        let order = schedule.next(at: now, wantsPeers: true)[0]
        seen.append(order.url.host)
        schedule.finish(order, place < 2 ? .failed : Self.answer, at: now)
        if place < 2 { #expect(schedule.nextDue == now + AnnounceSchedule.nextTrackerWait) }
        now = schedule.nextDue
      }
      #expect(seen.sorted() == ["a", "b", "c"], "seed \(seed)")
      firsts.insert(seen[0])
      let order = schedule.next(at: now, wantsPeers: true)[0]
      #expect(order.url.host == seen[2], "seed \(seed)")
      schedule.finish(order, .failed, at: now)
      now = schedule.nextDue
      #expect(schedule.next(at: now, wantsPeers: true)[0].url.host == seen[0], "seed \(seed)")
    }
    #expect(firsts == ["a", "b", "c"])
  }

  @Test func roundsThatFailAreEverFurtherApartWithJitter() {
    var waits: [[Double]] = []
    for seed in UInt64(1)...8 {
      var schedule = Self.schedule([["a"]], seed: seed)
      var now = Moment.zero
      var own: [Double] = []
      for _ in 0..<12 {
        schedule.finish(schedule.next(at: now, wantsPeers: true)[0], .failed, at: now)
        own.append((schedule.nextDue - now).seconds)
        now = schedule.nextDue
      }
      waits.append(own)
    }
    for (round, least) in [15.0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600].enumerated() {
      let round = waits.map { $0[round] }
      #expect(round.allSatisfy { $0 >= least && $0 <= least * 1.25 }, "\(round)")
      #expect(Set(round).count > 4, "no jitter: \(round)")
    }
  }

  @Test func morePeersAreAskedForNoSoonerThanTheTrackerAllows() {
    for (minInterval, due) in [(nil, 61), (30, 61), (600, 601), (3600, 3601)] as [(Int?, Int)] {
      var schedule = Self.schedule([["a"]])
      let order = schedule.next(at: .zero, wantsPeers: true)[0]
      schedule.finish(
        order, .answered(interval: 1800, minInterval: minInterval, trackerID: nil), at: Self.at(1))
      schedule.wantPeers(at: Self.at(2))
      #expect(schedule.nextDue == Self.at(due), "\(String(describing: minInterval))")
    }
  }

  @Test func aTrackerThatSaysNeverIsNeverAskedAgain() {
    var schedule = Self.schedule([["a"]])
    schedule.finish(schedule.next(at: .zero, wantsPeers: true)[0], .refused(.never), at: .zero)
    schedule.wantPeers(at: Self.at(5))
    #expect(schedule.nextDue == .distantFuture)
    #expect(schedule.next(at: Self.at(100_000), wantsPeers: true).isEmpty)
    #expect(schedule.stop().isEmpty)
  }

  @Test func aTrackerThatNamesADelayIsGivenIt() {
    var schedule = Self.schedule([["a"]])
    let order = schedule.next(at: .zero, wantsPeers: true)[0]
    schedule.finish(order, .refused(.after(minutes: 90)), at: .zero)
    for second in stride(from: 1, to: 90 * 60, by: 7) {
      schedule.wantPeers(at: Self.at(second))
      #expect(schedule.next(at: Self.at(second), wantsPeers: true).isEmpty, "\(second)")
    }
    #expect(schedule.nextDue == Self.at(90 * 60))
    #expect(schedule.next(at: Self.at(90 * 60), wantsPeers: true).map(\.event) == [.started])
  }

  /// A tier of two, of which the second is no use: the first is not asked every second.
  @Test(arguments: [TrackerFailure.Retry.never, .after(minutes: 600)])
  func aUselessNeighbourDoesNotHurryAFailingTracker(retry: TrackerFailure.Retry) {
    var schedule = Self.schedule([["a", "b"]])
    var asked: [String: Int] = [:]
    for second in 0..<3600 {
      for order in schedule.next(at: Self.at(second), wantsPeers: true) {
        asked[order.url.host, default: 0] += 1
        schedule.finish(
          order, order.url.host == "b" ? .refused(retry) : .failed, at: Self.at(second))
      }
    }
    #expect(asked["b"] == 1)
    #expect((6...9).contains(asked["a"] ?? 0), "\(asked)")
  }

  /// Whatever trackers answer, none is asked more often than every fifteen seconds or never.
  @Test(arguments: UInt64(1)...20)
  func trackersAreNeverHammeredNorForgotten(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var schedule = Self.schedule([["a", "b", "c"], ["d"], ["e", "f"]], seed: seed)
    var last: [String: Moment] = [:]
    var now = Moment.zero
    var count = 0
    while now < Self.at(100_000), schedule.nextDue != .distantFuture {
      now = max(now, schedule.nextDue)
      let orders = schedule.next(at: now, wantsPeers: true)
      for order in orders {
        if let before = last[order.url.host] {
          #expect(now - before >= .seconds(15), "seed \(seed): \(order.url)")
        }
        last[order.url.host] = now
        let outcome: AnnounceOutcome =
          switch random.below(10) {
          case 0..<5: .failed
          case 5: .refused(.after(minutes: random.below(100) + 1))
          case 6: .refused(nil)
          default: .answered(interval: 1800, minInterval: random.below(900), trackerID: nil)
          }
        schedule.finish(order, outcome, at: now)
        count += 1
      }
      if random.below(4) == 0 { schedule.wantPeers(at: now) }
    }
    #expect(now >= Self.at(100_000), "seed \(seed): forgotten at \(now)")
    #expect(count > 100 && count < 20_000, "seed \(seed): \(count)")
  }
}
