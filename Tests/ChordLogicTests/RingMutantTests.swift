import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@testable import ChordLogic

/// The test of the test: each rule of the ring taken away in turn is noticed.
@Suite("A ring with a rule missing") struct RingMutantTests {
  /// The first seed whose schedule shows that something is wrong.
  private func firstFailure(
    _ rules: ChordRules, r: Int, of seeds: Range<UInt64>
  ) -> (seed: UInt64, broken: [String])? {
    for seed in seeds {
      var schedule = RingSchedule(seed: seed, r: r, rules: rules)
      let verdict = schedule.run()
      if !verdict.broken.isEmpty { return (seed, verdict.broken) }
    }
    return nil
  }

  @Test("is caught when joiners take no list")
  func joinersWithoutLists() throws {
    var rules = ChordRules()
    rules.joinersTakeLists = false
    let caught = try #require(firstFailure(rules, r: 3, of: 0..<20))
    #expect(caught.broken.contains { $0.contains("successors, not 3") }, "\(caught)")
  }

  @Test("is caught when a dead predecessor is kept")
  func keptPredecessors() throws {
    var rules = ChordRules()
    rules.predecessorsAreChecked = false
    let caught = try #require(firstFailure(rules, r: 2, of: 0..<40))
    #expect(caught.broken.contains { $0.contains("wrong predecessor") }, "\(caught)")
  }

  @Test("is caught when notifications are lost")
  func lostNotifications() throws {
    let schedule = RingSchedule(seed: 1, r: 2)
    schedule.model.tamper = { message, _ in
      if case .query(.notify, _) = message.body { nil } else { message }
    }
    var tampered = schedule
    #expect(!tampered.run().broken.isEmpty)
    var rules = ChordRules()
    rules.successorsAreNotified = false
    _ = try #require(firstFailure(rules, r: 2, of: 0..<20))
  }

  @Test("is caught when who waits is not busy")
  func neverBusy() throws {
    var rules = ChordRules()
    rules.waitersAreBusy = false
    // It takes a joiner, a crash and an answer on its way at once: one schedule in a thousand.
    let failure = try #require(firstFailure(rules, r: 3, of: 1000..<1100))
    print("never busy: seed \(failure.seed), \(failure.broken)")
    #expect(!failure.broken.isEmpty)
  }

  @Test("answers lookups wrongly when owners are not asked")
  func ownersNotAsked() {
    func wrong(_ rules: ChordRules) -> (wrong: Int, answered: Int) {
      var total = (wrong: 0, answered: 0)
      for seed in UInt64(0)..<48 {
        var schedule = RingSchedule(seed: seed, r: 2, rules: rules)
        let verdict = schedule.run()
        total.wrong += verdict.wrong
        total.answered += verdict.answered
      }
      return total
    }
    var rules = ChordRules()
    rules.ownersAreAsked = false
    let without = wrong(rules)
    let with = wrong(ChordRules())
    print("wrong answers: \(without) without the owner check, \(with) with it")
    #expect(with.wrong * 200 <= with.answered)
    #expect(without.wrong > max(4, 4 * with.wrong))
  }

  /// A trace by hand: the successor still believes in a predecessor that died, and the crash of the
  /// one live successor left in the list would be legal if the dead had not pushed the others out.
  @Test("is caught when candidates are not asked")
  func candidatesNotAsked() {
    let contacts = (0..<6).map { number in
      Contact(
        Identifier(high: UInt32(number + 1) << 24, middle: 0, low: 0), RingModel.endpoint(number))
    }
    func list(after rules: ChordRules) -> [Contact] {
      var stabilizer = Stabilizer(contacts[0], lengths: 2...2, rules: rules)
      stabilizer.set(predecessor: contacts[5], head: contacts[3], then: [contacts[4]])
      #expect(stabilizer.begin() == .askSuccessor(contacts[3]))
      // Node 2 joined, was noticed by node 3 and died; node 3 then hears of node 1 no more.
      for dead in [contacts[2], contacts[1]] {
        var step = stabilizer.successorAnswered(
          predecessor: dead, successors: [contacts[4], contacts[5]])
        if case .askCandidate = step { step = stabilizer.candidateFailed() }
        _ = stabilizer.begin()
      }
      return stabilizer.successors.contacts
    }
    #expect(list(after: ChordRules()) == [contacts[3], contacts[4]])
    var rules = ChordRules()
    rules.candidatesAreAsked = false
    let mutant = list(after: rules)
    // Of two successors at least one is dead, where there were none: the crash of node 3, legal by
    // what the ring knows, orphans this node.
    #expect(mutant.first == contacts[2] || mutant.first == contacts[1])
    #expect(!mutant.contains(contacts[4]))
  }
}
