import DeterministicCore
import Testing

@testable import SwarmLogic

@Suite struct ChokerTests {
  @Test func aFreeSlotIsFilledAtOnce() {
    var script = ChokerScript(regular: 2, optimistic: 1)
    script.play(
      """
      0 join a b c d
      1 wants a        -> +a
      2 wants b        -> +b
      3 wants c        -> +c
      4 wants d        ->
      5 leave b        -> +d
      """)
  }

  @Test func theBestSendersGetTheRegularSlots() {
    var script = ChokerScript(regular: 2, optimistic: 0)
    script.play(
      """
      0 join a b c d
      1 wants a b      -> +a +b
      2 wants c d      ->
      3 gives a 10
      3 gives b 30
      3 gives c 20
      3 gives d 5
      10 round         -> -a +c
      15 gives d 90
      20 round         -> -c +d
      30 round         ->
      """)
  }

  @Test func aNewRateCountsOnlyInTheNextRound() {
    var script = ChokerScript(regular: 1, optimistic: 0)
    script.play(
      """
      0 join a b
      0 wants a        -> +a
      1 gives b 90
      2 wants b        ->
      10 round         -> -a +b
      """)
  }

  @Test func peersThatWantNothingUseNoSlot() {
    var script = ChokerScript(regular: 1, optimistic: 0)
    script.play(
      """
      0 join a b c
      0 gives a 90
      1 wants b        -> +b
      2 bored b        ->
      3 wants c        -> +c -b
      10 round         ->
      11 wants a       ->
      20 round         -> +a -c
      """)
  }

  @Test func aPeerThatWantsNothingKeepsASlotNobodyNeeds() {
    var script = ChokerScript(regular: 2, optimistic: 0)
    script.play(
      """
      0 join a b c
      1 wants a b      -> +a +b
      2 bored a        ->
      10 round         ->
      11 wants a       ->
      12 bored a       ->
      13 wants c       -> +c -a
      """)
  }

  @Test func aSnubbingPeerLosesItsRegularSlot() {
    var script = ChokerScript(regular: 1, optimistic: 0)
    script.play(
      """
      0 join a b
      1 wants a b
      2 gives a 50
      10 round
      60 snubs a
      70 round         -> -a +b
      75 sends a
      80 round         -> +a -b
      """)
    #expect(script.unchoked == "a")
  }

  @Test func aSnubbingPeerMayHoldTheOptimisticSlot() {
    var script = ChokerScript(regular: 1, optimistic: 1)
    script.play(
      """
      0 join a b
      1 wants a b      -> +a +b
      2 gives a 50
      60 snubs a
      70 round         ->
      """)
  }

  /// Whoever gives nothing is served by optimistic unchokes alone, while enough others give: it
  /// never has a regular slot, and the optimistic one goes round.
  @Test(arguments: UInt64(1)...20)
  func freeRidersHaveOnlyTheOptimisticSlot(seed: UInt64) {
    var script = ChokerScript(regular: 4, optimistic: 1, seed: seed)
    script.play(
      """
      0 join a b c d f g h
      1 gives a 40
      1 gives b 30
      1 gives c 20
      1 gives d 10
      2 wants a b c d f g h
      """)
    var served: [Character: Int] = [:]
    for round in 1...180 {
      script.play("\(round * 10) round")
      #expect("abcd".allSatisfy(script.unchoked.contains), "seed \(seed): \(script.unchoked)")
      for peer in script.unchoked where "fgh".contains(peer) { served[peer, default: 0] += 1 }
    }
    // Of half an hour a third each, give or take what the draw gives.
    #expect(served.values.reduce(0, +) <= 180, "seed \(seed): \(served)")
    #expect(served.values.allSatisfy { (30...90).contains($0) }, "seed \(seed): \(served)")
  }

  @Test func whoCouldGiveAndGivesNothingHasTheOptimisticSlotForOneRound() {
    var script = ChokerScript(regular: 1, optimistic: 1)
    script.play(
      """
      0  join a b
      0  wants a        -> +a
      0  has a b
      1  wants b        -> +b
      5  gives a 100
      10 round          ->
      20 round          -> -b
      21 join c
      21 wants c        ->
      30 round          -> +c
      """)
  }

  @Test func whoHasNothingToGiveKeepsTheOptimisticSlotItsTime() {
    var script = ChokerScript(regular: 1, optimistic: 1)
    script.play(
      """
      0  join a b
      0  wants a        -> +a
      1  wants b        -> +b
      5  gives a 100
      10 round          ->
      20 round          ->
      """)
  }

  @Test func aRegularSlotOfOneThatGivesNothingGoesToAnother() {
    var script = ChokerScript(regular: 1, optimistic: 0)
    script.play(
      """
      0  join a b
      0  has a b
      0  wants a        -> +a
      1  wants b        ->
      10 round          -> -a +b
      """)
  }

  @Test func theOptimisticSlotGoesRoundEveryThirtySeconds() {
    var script = ChokerScript(regular: 1, optimistic: 1)
    script.play(
      """
      0 join a b c
      1 gives a 50
      1 wants a        -> +a
      2 wants b        -> +b
      3 wants c        ->
      10 round         ->
      20 round         ->
      30 round         -> -b +c
      40 round         ->
      50 round         ->
      60 round         -> +b -c
      """)
  }

  @Test func anOptimisticPeerThatGivesMostGetsARegularSlotAndAnotherIsTried() {
    var script = ChokerScript(regular: 1, optimistic: 1)
    script.play(
      """
      0 join a b c
      1 gives a 50
      1 wants a        -> +a
      2 wants b        -> +b
      3 wants c        ->
      8 gives b 90
      10 round
      """)
    // Peer b has the regular slot; the optimistic one goes to a or c, drawn at random.
    #expect(script.unchoked == "ab" || script.unchoked == "bc")
    #expect(script.unchoked.contains("b"))
  }

  @Test func newPeersAreThreeTimesAsLikelyToBeTried() {
    var wins = [0, 0]
    for seed in UInt64(0)..<2000 {
      var script = ChokerScript(regular: 1, optimistic: 1, seed: seed)
      script.play(
        """
        0 join a b o
        1 gives a 50
        1 wants a b
        2 wants o
        29 join n
        29 wants n
        30 round
        """)
      if script.unchoked == "ao" { wins[0] += 1 }
      if script.unchoked == "an" { wins[1] += 1 }
    }
    #expect(wins[0] + wins[1] == 2000)
    #expect((1400...1600).contains(wins[1]), "\(wins): the new peer should win three in four")
  }

  @Test func aSeedServesTheFastestTakersAndTheOthersInTurn() {
    var script = ChokerScript(regular: 2, optimistic: 0, isSeeding: true)
    script.play(
      """
      0 join a b c d
      0 wants a        -> +a
      0 wants b        -> +b
      1 wants c        ->
      2 wants d        ->
      3 takes a 90
      3 takes b 10
      10 round         ->
      20 round         ->
      30 round         -> -b +c
      31 takes b 0
      31 takes c 20
      40 round         ->
      60 round         -> -c +d
      61 takes c 0
      61 takes d 95
      70 round         -> -a +b
      90 round         ->
      """)
  }

  @Test func ofTooManyInTheirTermASeedKeepsTheLatest() {
    let served = [("a", 0, 90.0), ("b", 5, 10.0), ("c", 8, 5.0)].map { name, second, rate in
      Choker.Candidate(
        id: ChokerScript.key(Character(name)), isInterested: true, isUnchoked: true, sendRate: rate,
        connectedAt: .zero, changedAt: .zero + .seconds(second))
    }
    let chosen = SeedingOrder.choose(2, from: served, but: [], at: .zero + .seconds(10))
    #expect(chosen.map(ChokerScript.letter) == ["a", "c"])
  }

  @Test func aSeedKeepsServingWhenNobodyWaits() {
    var script = ChokerScript(regular: 2, optimistic: 1, isSeeding: true)
    script.play(
      """
      0 join a b
      0 wants a b      -> +a +b
      30 round         ->
      60 round         ->
      """)
  }

  /// Forty takers: two slots go round every 30 seconds, so that all have had one in ten minutes.
  @Test func aSeedStarvesNobody() {
    var script = ChokerScript(isSeeding: true)
    let letters = Array("ABCDEFGHIJKLMNOPQRSTabcdefghijklmnopqrst")
    for letter in letters { _ = script.handle("join", [String(letter)], at: .zero) }
    for letter in letters { _ = script.handle("wants", [String(letter)], at: .zero) }
    var served: Set<Character> = []
    for round in 1...60 {
      for letter in letters {
        let isServed = script.unchoked.contains(letter)
        let rate = isServed ? Int(letter.asciiValue!) : 0
        _ = script.handle("takes", [String(letter), String(rate)], at: .zero)
        if isServed { served.insert(letter) }
      }
      _ = script.handle("round", [], at: .zero + .seconds(10 * round))
    }
    #expect(served.count == letters.count)
  }

  @Test func aSeedRepaysThoseThatGave() {
    var script = ChokerScript(regular: 2, optimistic: 0, isSeeding: true)
    script.play(
      """
      0 join a b c d
      0 wants a b c    -> +a +b
      1 gave c
      10 round         -> -b +c
      11 gave d
      12 wants d       ->
      20 round         -> -a +d
      60 round         ->
      61 leave c       -> +b
      """)
  }

  /// The others get the optimistic slot, and so are all served in time.
  @Test func aSeedThatRepaysStarvesNobody() {
    var script = ChokerScript(isSeeding: true)
    let givers = "ABCDEFG".map(String.init)
    let others = "abcdefghijklmno".map(String.init)
    _ = script.handle("join", givers + others, at: .zero)
    _ = script.handle("gave", givers, at: .zero)
    _ = script.handle("wants", givers + others, at: .zero)
    var served: Set<Character> = []
    for round in 1...600 {
      _ = script.handle("round", [], at: .zero + .seconds(10 * round))
      served.formUnion(script.unchoked)
      #expect(script.unchoked.filter { others.contains(String($0)) }.count <= 1)
    }
    #expect(served.count == givers.count + others.count)
  }

  @Test func anUnearnedSlotGoesToWhoGaveBefore() {
    var script = ChokerScript(regular: 1, optimistic: 0)
    script.play(
      """
      0 join a b c d
      0 wants a        -> +a
      1 wants b c d    ->
      2 gave c
      10 round         -> -a +c
      11 leave c
      """)
    #expect(script.unchoked != "c")
  }

  /// Of twenty that wait, one gave before, and one has nothing to give; these are drawn eight times
  /// as often as each of the others, which have had no chance or wasted it.
  @Test func aChanceIsLikelierForThoseWhoMayGive() {
    var script = ChokerScript(regular: 1, optimistic: 1)
    let others = "bcdefghijklmnopqrst".map(String.init)
    _ = script.handle("join", ["A", "G", "N"] + others, at: .zero)
    _ = script.handle("gives", ["A", "100"], at: .zero)
    _ = script.handle("has", ["A", "G"] + others, at: .zero)
    _ = script.handle("gave", ["A", "G"], at: .zero)
    _ = script.handle("wants", ["A", "G", "N"] + others, at: .zero)
    var draws: [Character: Int] = [:]
    let rotations = 2000
    for round in 1...3 * rotations {
      _ = script.handle("round", [], at: .zero + .seconds(60 + 10 * round))
      guard round % 3 == 1 else { continue }
      for letter in script.unchoked where letter != "A" { draws[letter, default: 0] += 1 }
    }
    let (gave, new) = (draws["G", default: 0], draws["N", default: 0])
    let rest = others.reduce(0) { $0 + draws[Character($1), default: 0] }
    #expect(gave * others.count > 3 * rest && new * others.count > 3 * rest)
    #expect(others.allSatisfy { draws[Character($0), default: 0] > 0 })
  }

  @Test func roundsAreDueEveryTenSeconds() {
    var script = ChokerScript()
    #expect(script.choker.nextRound == .zero + .seconds(10))
    script.play("12 round ->")
    #expect(script.choker.nextRound == .zero + .seconds(22))
  }

  @Test(arguments: [
    (0.0, 4), (30_000, 4), (100_000, 7), (1_000_000, 24), (100_000_000, 50),
  ])
  func automaticSlotsGrowWithTheRootOfTheRate(rate: Double, slots: Int) {
    #expect(Choker.automaticSlots(uploadRate: rate) == slots)
    var script = ChokerScript(regular: 0, optimistic: 1)
    script.play("0 join a")
    _ = script.handle("takes", ["a", String(rate)], at: .zero)
    script.play("10 round ->")
    #expect(script.choker.slotCount == slots + 1)
  }

  /// Whatever happens, the slots are never exceeded and never left free while somebody waits.
  @Test(arguments: UInt64(1)...20, [false, true])
  func slotsAreFullAndNeverExceeded(seed: UInt64, isSeeding: Bool) {
    var random = SeededGenerator(seed: seed)
    var script = ChokerScript(
      regular: 1 + random.below(5), optimistic: random.below(3), isSeeding: isSeeding, seed: seed)
    let letters = (0..<20).map { String(UnicodeScalar(UInt8(97 + $0))) }
    for second in 1...400 {
      let now = Moment.zero + .seconds(second)
      let letter = letters[random.below(letters.count)]
      let isHere = script.candidates.contains { ChokerScript.letter($0.id) == Character(letter) }
      let events = [
        "wants", "wants", "bored", "leave", "gives", "takes", "snubs", "sends", "wants",
      ]
      let event = isHere ? events[random.below(events.count)] : "join"
      _ = script.handle(event, [letter, String(random.below(100))], at: now)
      if now >= script.choker.nextRound { _ = script.handle("round", [], at: now) }
      let unchoked = script.candidates.count { $0.isUnchoked }
      let waiting = script.candidates.count { $0.isInterested && !$0.isUnchoked }
      let served = script.candidates.count { $0.isInterested && $0.isUnchoked }
      #expect(unchoked <= script.choker.slotCount, "seed \(seed), second \(second)")
      #expect(
        waiting == 0 || served == script.choker.slotCount, "seed \(seed), second \(second): free")
    }
  }
}
