import DeterministicCore
import Testing
import TorrentModel

@Suite struct BitfieldTests {
  private static let counts = [1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000]

  @Test(arguments: counts, 0..<5 as Range<UInt64>) func aBitfieldIsASetOfPieces(
    count: Int, seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    var bitfield = Bitfield(count: count)
    var other = Bitfield(count: count)
    var set: Set<Int> = []
    var otherSet: Set<Int> = []
    for _ in 0..<count * 2 {
      let piece = random.below(count)
      if random.below(3) > 0 {
        #expect(bitfield.insert(PieceIndex(piece)) == set.insert(piece).inserted)
      } else {
        #expect(bitfield.remove(PieceIndex(piece)) == (set.remove(piece) != nil))
      }
      if random.below(2) == 0 {
        other.insert(PieceIndex(piece))
        otherSet.insert(piece)
      }
      #expect(bitfield.setCount == set.count)
    }
    #expect((0..<count).filter { bitfield[PieceIndex($0)] } == set.sorted())
    #expect(bitfield.isEmpty == set.isEmpty)
    #expect(bitfield.isFull == (set.count == count))
    var listed: [Int] = []
    let list = { (piece: PieceIndex) in listed.append(piece.index) }
    bitfield.forEach(list)
    #expect(listed == set.sorted())
    var shared: [Int] = []
    bitfield.forEachShared(with: other) {
      shared.append($0.index)
      return shared.count < 10
    }
    #expect(shared == Array(set.intersection(otherSet).sorted().prefix(10)))
    #expect(bitfield.countMissing(from: other) == set.subtracting(otherSet).count)
    #expect(Bitfield(wire: bitfield.wire, count: count) == bitfield)
  }

  @Test(arguments: counts) func aFullBitfieldHasEveryPieceAndNoSpareBit(count: Int) {
    let full = Bitfield.full(count: count)
    var built = Bitfield(count: count)
    for piece in 0..<count { built.insert(PieceIndex(piece)) }
    #expect(full == built)
    #expect(full.isFull)
    #expect(Bitfield(wire: full.wire, count: count) == full)
  }

  @Test func theFirstPieceIsTheHighestBitOnTheWire() {
    var bitfield = Bitfield(count: 10)
    bitfield.insert(0)
    bitfield.insert(9)
    #expect(bitfield.wire == [0x80, 0x40])
  }

  @Test func wrongLengthsAndSpareBitsAreRefused() {
    #expect(Bitfield(wire: [0xff], count: 9) == nil)
    #expect(Bitfield(wire: [0xff, 0x80, 0], count: 9) == nil)
    #expect(Bitfield(wire: [], count: 1) == nil)
    for spare in 0..<7 {
      #expect(Bitfield(wire: [0, 1 << UInt8(spare)], count: 9) == nil)
    }
    #expect(Bitfield(wire: [0xff, 0x80], count: 9)?.isFull == true)
    #expect(Bitfield(wire: [UInt8](repeating: 0xff, count: 8), count: 64)?.isFull == true)
    #expect(Bitfield(wire: [UInt8](repeating: 0, count: 8) + [1], count: 71) == nil)
  }
}
