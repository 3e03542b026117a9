import DeterministicCore
import Testing

@Suite struct SlabTests {
  @Test func aNameOutlivesItsElementWithoutFindingAStranger() {
    var slab = Slab<String>()
    let first = slab.insert("first")
    #expect(slab.remove(first) == "first")
    let second = slab.insert("second")
    #expect(second.slot == first.slot)
    #expect(second != first)
    #expect(slab.find(first) == nil)
    #expect(!slab.contains(first))
    #expect(slab.remove(first) == nil)
    #expect(slab.find(second) == "second")
    #expect(slab.count == 1)
  }

  @Test func elementsAreChangedInPlace() {
    var slab = Slab<[Int]>()
    let name = slab.insert([1])
    slab[name].append(2)
    #expect(slab[name] == [1, 2])
  }

  @Test func aNameFitsOneWord() {
    let name = SlabID(slot: 7, generation: .max)
    #expect(SlabID(word: name.word) == name)
  }

  @Test func aNameThatWasNeverGivenFindsNothing() {
    var slab = Slab<Int>()
    #expect(slab.find(SlabID(slot: 0, generation: 0)) == nil)
    _ = slab.insert(1)
    #expect(slab.find(SlabID(slot: 0, generation: 0)) == nil)
    #expect(slab.find(SlabID(slot: 9, generation: 1)) == nil)
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
        #expect(slab.remove(victim.name) == victim.value)
        gone.append(victim.name)
      }
      #expect(slab.count == model.count)
      #expect(slab.isEmpty == model.isEmpty)
    }
    for (name, value) in model { #expect(slab.find(name) == value) }
    for name in gone { #expect(!slab.contains(name)) }
    #expect(slab.ids == model.map(\.name).sorted { $0.slot < $1.slot })
  }
}
