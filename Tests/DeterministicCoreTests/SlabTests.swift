import Testing

@testable import DeterministicCore

/// Counts the living.
private final class Tally {
  var count = 0
}

private final class Counted {
  let tally: Tally

  init(_ tally: Tally) {
    self.tally = tally
    tally.count += 1
  }

  deinit { tally.count -= 1 }
}

@Suite struct SlabTests {
  @Test func thereIsRoomForWhatIsExpectedAndMoreOnlyIfThereIsMore() {
    var slab = Slab<UInt64>(expecting: 20)
    for number in UInt64(0)..<20 { _ = slab.insert(number) }
    let expected = slab.capacity
    #expect(expected == 20)
    _ = slab.insert(20)
    let (beyond, sum) = (slab.capacity, slab.ids.reduce(0) { $0 + slab[$1] })
    #expect(beyond == 40 && sum == 210)
  }

  @Test func aNameOutlivesItsElementWithoutFindingAStranger() {
    var slab = Slab<String>()
    let first = slab.insert("first")
    let removed = slab.remove(first)
    #expect(removed == "first")
    let second = slab.insert("second")
    #expect(second.slot == first.slot)
    #expect(second != first)
    let (stale, isStranger, again) = (slab.find(first), slab.contains(first), slab.remove(first))
    #expect(stale == nil && again == nil && !isStranger)
    let (found, count) = (slab.find(second), slab.count)
    #expect(found == "second" && count == 1)
  }

  @Test func elementsAreChangedInPlace() {
    var slab = Slab<[Int]>()
    let name = slab.insert([1])
    slab[name].append(2)
    let element = slab[name]
    #expect(element == [1, 2])
  }

  @Test func aNameFitsOneWord() {
    let name = SlabID(slot: 7, generation: .max)
    #expect(SlabID(word: name.word) == name)
  }

  @Test func aNameThatWasNeverGivenFindsNothing() {
    var slab = Slab<Int>()
    let invented = [
      SlabID(slot: 0, generation: 0), SlabID(slot: 0, generation: 2),
      SlabID(slot: 9, generation: 1),
    ]
    for name in invented {
      let found = slab.find(name)
      #expect(found == nil)
    }
    let name = slab.insert(1)
    for name in invented {
      let found = slab.find(name)
      #expect(found == nil)
    }
    slab.remove(name)
    for name in invented {
      let found = slab.find(name)
      #expect(found == nil)
    }
  }

  @Test func whatGoesInComesOutOnceOrEndsWithTheSlab() {
    let tally = Tally()
    do {
      var slab = Slab<Counted>()
      let names = (0..<9).map { _ in slab.insert(Counted(tally)) }
      #expect(tally.count == 9)
      for name in names.prefix(4) { slab.remove(name) }
      #expect(tally.count == 5)
      _ = slab.insert(Counted(tally))
      #expect(tally.count == 6)
    }
    #expect(tally.count == 0)
  }

  /// Larger than a cache line, and no multiple of one.
  private struct Large: ~Copyable {
    var name: String
    var words = InlineArray<21, UInt64>(repeating: 7)
    var last: UInt8 = 9
  }

  @Test func largeElementsStayWholeWhenThereComeMore() {
    var slab = Slab<Large>()
    let names = (0..<40).map { slab.insert(Large(name: "element \($0)")) }
    for (number, name) in names.enumerated() where number % 3 == 0 { slab.remove(name) }
    let others = (0..<30).map { slab.insert(Large(name: "other \($0)")) }
    for (number, name) in names.enumerated() {
      let isThere = slab.contains(name)
      #expect(isThere == (number % 3 != 0))
      guard isThere else { continue }
      let (text, word, last) = (slab[name].name, slab[name].words[20], slab[name].last)
      #expect(text == "element \(number)" && word == 7 && last == 9)
    }
    for (number, name) in others.enumerated() {
      let text = slab[name].name
      #expect(text == "other \(number)")
    }
    let count = slab.count
    #expect(count == 56)
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func aSlabIsADictionaryByName(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var slab = Slab<Int>()
    var model: [(name: SlabID, value: Int)] = []
    var gone: [SlabID] = []
    for step in 0..<500 {
      if model.isEmpty || generator.below(5) < 3 {
        model.append((slab.insert(step), step))
      } else {
        let victim = model.remove(at: generator.below(model.count))
        let value = slab.remove(victim.name)
        #expect(value == victim.value)
        gone.append(victim.name)
      }
      let (count, isEmpty) = (slab.count, slab.isEmpty)
      #expect(count == model.count)
      #expect(isEmpty == model.isEmpty)
    }
    for (name, value) in model {
      let found = slab.find(name)
      #expect(found == value)
    }
    for name in gone {
      let isThere = slab.contains(name)
      #expect(!isThere)
    }
    let ids = slab.ids
    #expect(ids == model.map(\.name).sorted { $0.slot < $1.slot })
    var bySlot: [SlabID] = []
    for slot in slab.slots {
      if let name = slab.id(at: slot) { bySlot.append(name) }
    }
    #expect(bySlot == ids)
  }
}
