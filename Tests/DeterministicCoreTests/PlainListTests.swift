import DeterministicCore
import Testing

@Suite struct PlainListTests {
  /// Random changes to a list and to an array: both hold the same after each.
  @Test(arguments: 1...20)
  func agreesWithAnArray(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var list = PlainList<UInt64>(capacity: 1 + random.below(5))
    var model: [UInt64] = []
    for step in 0..<1000 {
      switch random.below(8) {
      case 0..<4:
        let number = random.next()
        list.append(number)
        model.append(number)
      case 4:
        let last = list.popLast()
        #expect(last == model.popLast(), "seed \(seed), step \(step)")
      case 5 where !model.isEmpty:
        let place = random.below(model.count)
        list[place] &+= 7
        model[place] &+= 7
      case 6 where random.below(20) == 0:
        let dropped = random.below(model.count + 1)
        list.removeFirst(dropped)
        model.removeFirst(dropped)
      default:
        guard random.below(200) == 0 else { break }
        list.removeAll()
        model.removeAll()
      }
      let (count, isEmpty) = (list.count, list.isEmpty)
      #expect(count == model.count && isEmpty == model.isEmpty, "seed \(seed), step \(step)")
      let agrees = list.indices.allSatisfy { list[$0] == model[$0] }
      #expect(agrees, "seed \(seed), step \(step)")
    }
  }
}
