import Testing

@testable import DeterministicCore

@Suite struct QueueTests {
  @Test(arguments: 0..<30 as Range<UInt64>) func aQueueIsAnArrayTakenFromTheFront(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var queue = Queue<Int>()
    var model: [Int] = []
    let growth = generator.below(4) + 3
    for step in 0..<2000 {
      switch generator.below(growth + 4) {
      case 0..<growth:
        queue.append(step)
        model.append(step)
      case growth, growth + 1:
        #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      case growth + 2 where !model.isEmpty:
        let index = generator.below(model.count)
        #expect(queue.remove(at: index) == model.remove(at: index))
      case growth + 3 where !model.isEmpty && generator.below(10) == 0:
        let index = generator.below(model.count)
        queue[index] = -step
        model[index] = -step
      default:
        if generator.below(400) == 0 {
          queue.removeAll()
          model.removeAll()
        }
      }
      #expect(queue.count == model.count)
      #expect(queue.isEmpty == model.isEmpty)
      #expect(queue.first == model.first)
      if let wanted = model.last {
        #expect(queue.firstIndex { $0 == wanted } == model.firstIndex(of: wanted))
      }
    }
    #expect(queue.firstIndex { $0 == .max } == nil)
    #expect((0..<queue.count).map { queue[$0] } == model)
    while let next = queue.popFirst() { #expect(next == model.removeFirst()) }
    #expect(model.isEmpty)
  }

  /// However much goes through it.
  @Test func aShortQueueKeepsLittleRoom() {
    var queue = Queue<UInt64>()
    for number in UInt64(0)..<10_000 {
      queue.append(number)
      if number >= 3 { #expect(queue.popFirst() == number - 3) }
    }
    #expect(queue.count == 3)
    #expect(queue.storage.capacity <= 12)
  }
}
