import DeterministicCore
import Testing

@testable import Networking

@Suite("Timers")
struct TimersTests {
  /// Runs all that is due and returns the names of what ran.
  private func run(_ timers: inout Timers, _ ran: Ran, by now: UInt64) -> [Int] {
    ran.names = []
    for id in timers.popDue(by: Moment(nanoseconds: now)) { timers.take(id)?() }
    return ran.names
  }

  private final class Ran {
    var names: [Int] = []
  }

  @Test("fire in order of their moments, those of one moment in the order they were set")
  func order() {
    var timers = Timers()
    let ran = Ran()
    for (name, moment) in [5, 3, 9, 3, 1, 5, 3].enumerated() {
      _ = timers.set(at: Moment(nanoseconds: UInt64(moment))) { ran.names.append(name) }
    }
    #expect(timers.next == Moment(nanoseconds: 1))
    #expect(run(&timers, ran, by: 0) == [])
    #expect(run(&timers, ran, by: 4) == [4, 1, 3, 6])
    #expect(run(&timers, ran, by: 4) == [])
    #expect(run(&timers, ran, by: 9) == [0, 5, 2])
    #expect(timers.next == nil)
  }

  @Test("that were cancelled never fire, also when another that is due cancels them")
  func cancelling() {
    var timers = Timers()
    let ran = Ran()
    let ids = (0..<4).map { name in
      timers.set(at: Moment(nanoseconds: 7)) { ran.names.append(name) }
    }
    timers.cancel(ids[1])
    let due = timers.popDue(by: Moment(nanoseconds: 7))
    for id in due {
      timers.take(id)?()
      if id == ids[0] { timers.cancel(ids[2]) }
    }
    #expect(ran.names == [0, 3])
    timers.cancel(ids[3])
  }

  @Test("fire as a sorted list of them would", arguments: 0..<20 as Range<UInt64>)
  func againstModel(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var timers = Timers()
    let ran = Ran()
    var model: [(moment: UInt64, name: Int, id: SlabID)] = []
    var now: UInt64 = 0
    for name in 0..<2000 {
      switch generator.below(4) {
      case 0, 1:
        let moment = now + UInt64(generator.below(50))
        let id = timers.set(at: Moment(nanoseconds: moment)) { ran.names.append(name) }
        model.append((moment, name, id))
      case 2 where !model.isEmpty:
        timers.cancel(model.remove(at: generator.below(model.count)).id)
      default:
        now += UInt64(generator.below(10))
        let due = model.filter { $0.moment <= now }.sorted {
          ($0.moment, $0.name) < ($1.moment, $1.name)
        }
        model.removeAll { $0.moment <= now }
        #expect(run(&timers, ran, by: now) == due.map(\.name), "seed \(seed), step \(name)")
      }
    }
  }

  @Test("set anew over and over take no more room than a few")
  func sweeping() {
    var timers = Timers()
    let ran = Ran()
    for name in 0..<10 {
      _ = timers.set(at: Moment(nanoseconds: UInt64(100 - name))) { ran.names.append(name) }
    }
    for count in 0..<10_000 {
      let id = timers.set(at: Moment(nanoseconds: UInt64(1_000_000 - count))) {
        Issue.record("a cancelled timer fired")
      }
      timers.cancel(id)
    }
    #expect(timers.entryCount < 200)
    #expect(run(&timers, ran, by: 2_000_000) == Array((0..<10).reversed()))
  }
}
