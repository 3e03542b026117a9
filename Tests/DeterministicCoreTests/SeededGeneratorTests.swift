import DeterministicCore
import Testing

@Suite struct SeededGeneratorTests {
  /// The sequence is part of every recorded run: a change of it makes old seeds mean new runs.
  /// Words of an independent reckoning of the published algorithms.
  static let firstWords: [(seed: UInt64, words: [UInt64])] = [
    (0, [0x99ec_5f36_cb75_f2b4, 0xbf6e_1f78_4956_452a, 0x1a5f_849d_4933_e6e0]),
    (1, [0xb3f2_af6d_0fc7_10c5, 0x853b_5596_4736_4cea, 0x92f8_9756_082a_4514]),
    (.max, [0x8f55_20d5_2a7e_ad08, 0xc476_a018_caa1_802d, 0x81de_31c0_d260_469e]),
  ]

  @Test(arguments: firstWords) func firstWordsOfASeedAreFixed(seed: UInt64, words: [UInt64]) {
    var generator = SeededGenerator(seed: seed)
    #expect(words.map { _ in generator.next() } == words)
  }

  @Test func theSameSeedGivesTheSameChoices() {
    var first = SeededGenerator(seed: 42)
    var second = SeededGenerator(seed: 42)
    var left = Array(0..<100)
    var right = left
    first.shuffle(&left)
    second.shuffle(&right)
    #expect(left == right)
    #expect(left.sorted() == Array(0..<100))
    #expect(left != Array(0..<100))
    #expect((0..<50).map { _ in first.below(7) } == (0..<50).map { _ in second.below(7) })
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func choicesStayBelowTheirBoundAndReachAllOfIt(bound: Int) {
    var generator = SeededGenerator(seed: 9)
    var seen = Array(repeating: 0, count: bound)
    for _ in 0..<bound * 100 { seen[generator.below(bound)] += 1 }
    #expect(seen.allSatisfy { $0 > 40 && $0 < 180 })
  }

  @Test func fractionsAreInTheHalfOpenUnitInterval() {
    var generator = SeededGenerator(seed: 3)
    let fractions = (0..<10_000).map { _ in generator.fraction() }
    #expect(fractions.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(fractions.reduce(0, +) / 10_000 - 0.5) < 0.02)
  }

  @Test func shufflingNothingOrOneChangesNothing() {
    var generator = SeededGenerator(seed: 5)
    var none: [Int] = []
    var one = [1]
    generator.shuffle(&none)
    generator.shuffle(&one)
    #expect(none.isEmpty)
    #expect(one == [1])
  }
}
