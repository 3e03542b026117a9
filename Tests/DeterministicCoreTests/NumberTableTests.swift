import DeterministicCore
import Testing

@Suite struct NumberTableTests {
  /// Random changes to a table and to an array, numbers of two bytes at first and of four now and then:
  /// both hold the same after each.
  @Test(arguments: 1...20)
  func agreesWithAnArray(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = 1 + random.below(100)
    var table = NumberTable(count: count)
    var model = Array(repeating: UInt32(0), count: count)
    for step in 0..<400 {
      let (here, there) = (random.below(count), random.below(count))
      if random.below(3) == 0 {
        table.swapAt(here, there)
        model.swapAt(here, there)
      } else {
        let isLarge = step > 200 && random.below(50) == 0
        let number = UInt32(truncatingIfNeeded: random.next()) & (isLarge ? .max : 0xffff)
        table[here] = number
        model[here] = number
      }
      let agrees = table.indices.allSatisfy { table[$0] == model[$0] }
      #expect(agrees && table.count == count, "seed \(seed), step \(step)")
    }
  }

  @Test func theLargestNumberOfTwoBytesAndTheNext() {
    var table = NumberTable(count: 3)
    table[1] = 0xffff
    let narrow = [table[0], table[1], table[2]]
    #expect(narrow == [0, 0xffff, 0])
    table[2] = 0x1_0000
    let wide = [table[0], table[1], table[2]]
    #expect(wide == [0, 0xffff, 0x1_0000])
  }

  @Test func anEmptyTable() {
    let table = NumberTable(count: 0)
    #expect(table.indices.isEmpty)
  }
}
