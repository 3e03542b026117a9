import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

/// What the picker's operations cost, counted in the steps they take: pieces, buckets and words
/// looked at, and swaps. The counts are the same on every machine and in every run.
@Suite struct PickerCostTests {
  static func picker(pieces: Int, seed: UInt64 = 1) -> PiecePicker {
    let geometry = PieceGeometry(
      totalLength: UInt64(pieces) * 32, pieceLength: 32, blockLength: 16)!
    return PiecePicker(
      geometry: geometry, have: Bitfield(count: pieces), generator: SeededGenerator(seed: seed))
  }

  /// Steps for each HAVE while `peers` peers announce pieces at random.
  static func stepsPerHave(peers: Int, pieces: Int) -> Double {
    var picker = picker(pieces: pieces)
    var random = SeededGenerator(seed: 2)
    // The swarm is half way: every piece is at some of the seeds and leechers.
    for _ in 0..<peers / 2 { picker.add(.full(count: pieces)) }
    for piece in 0..<pieces {
      for _ in 0..<random.below(20) { picker.addHave(PieceIndex(piece)) }
    }
    // That nobody leaves makes the moves that are left to make.
    picker.remove(Bitfield(count: pieces))
    let before = picker.steps
    let haves = 20_000
    for _ in 0..<haves { picker.addHave(PieceIndex(random.below(pieces))) }
    return Double(picker.steps - before) / Double(haves)
  }

  @Test func aHaveCostsTwoStepsHoweverLargeTheSwarm() {
    for (peers, pieces) in [(20, 200), (200, 2000), (2000, 20_000)] {
      let steps = Self.stepsPerHave(peers: peers, pieces: pieces)
      #expect(steps <= 2, "\(peers) peers, \(pieces) pieces: \(steps)")
    }
  }

  @Test func aSeedComesAndGoesWithoutASingleStep() {
    var picker = Self.picker(pieces: 20_000)
    let before = picker.steps
    for _ in 0..<2000 { picker.add(.full(count: 20_000)) }
    #expect(picker.availability(of: 7) == 2000)
    for _ in 0..<1000 { picker.remove(.full(count: 20_000)) }
    #expect(picker.availability(of: 7) == 1000)
    #expect(picker.steps == before)
  }

  /// A download from a swarm of `peers` leechers with a random half of the pieces each, picking,
  /// receiving and verifying piece by piece; steps for each piece.
  static func stepsPerPiece(peers: Int, pieces: Int) -> Double {
    var picker = picker(pieces: pieces)
    var random = SeededGenerator(seed: 3)
    let bitfields = (0..<peers).map { _ in
      var bitfield = Bitfield(count: pieces)
      for piece in 0..<pieces where random.below(2) == 0 { bitfield.insert(PieceIndex(piece)) }
      return bitfield
    }
    for bitfield in bitfields { picker.add(bitfield) }
    let before = picker.steps
    var blocks: [Block] = []
    var others: [PeerKey] = []
    var idle = 0
    while idle < 4 * peers {
      let peer = random.below(peers)
      let key = PeerKey(slot: UInt32(peer), generation: 1)
      blocks.removeAll(keepingCapacity: true)
      picker.pick(for: key, has: bitfields[peer], atMost: 2, into: &blocks)
      idle = blocks.isEmpty ? idle + 1 : 0
      for block in blocks {
        if picker.arrived(block, from: key, others: &others) == .accepted(completesPiece: true) {
          picker.verified(block.piece)
        }
      }
    }
    #expect(picker.have.setCount > pieces * 9 / 10)
    return Double(picker.steps - before) / Double(pieces)
  }

  @Test func aPickedPieceCostsAboutTheSameInALargeTorrent() {
    let small = Self.stepsPerPiece(peers: 20, pieces: 500)
    let large = Self.stepsPerPiece(peers: 20, pieces: 8000)
    #expect(small < 8 && large < 8, "\(small), then \(large)")
  }

  @Test func manyPeersCostAPickedPieceNoMore() {
    let few = Self.stepsPerPiece(peers: 30, pieces: 1000)
    let many = Self.stepsPerPiece(peers: 600, pieces: 1000)
    #expect(few < 8 && many < 8, "\(few), then \(many)")
  }

  /// A leecher that has nothing for us, and one that has a few pieces that are not rare, are
  /// searched by their own bitfields.
  @Test func aPeerWithLittleIsSearchedByWhatItHas() {
    let pieces = 64_000
    var picker = Self.picker(pieces: pieces)
    picker.add(.full(count: pieces))
    for piece in 0..<PiecePicker.randomFirstPieces { picker.verified(PieceIndex(piece)) }
    var few = Bitfield(count: pieces)
    for piece in stride(from: 100, to: pieces, by: 6400) { few.insert(PieceIndex(piece)) }
    picker.add(few)
    for bitfield in [Bitfield(count: pieces), few] {
      let before = picker.steps
      var blocks: [Block] = []
      picker.pick(
        for: PeerKey(slot: 0, generation: 1), has: bitfield, atMost: 2, into: &blocks)
      #expect(blocks.isEmpty == bitfield.isEmpty)
      let steps = picker.steps - before
      #expect(steps <= 2 * (pieces / 64 + 2 * few.setCount), "\(steps)")
    }
  }

  /// A flash crowd: what the leechers have is common to them, and the rest is at the seed only, so
  /// that whatever a leecher can give stands in the second half of the order.
  @Test func aPeerWithoutTheRarestPiecesIsSearchedInBoundedSteps() {
    let pieces = 64_000
    var picker = Self.picker(pieces: pieces)
    for piece in 0..<PiecePicker.randomFirstPieces { picker.verified(PieceIndex(piece)) }
    picker.add(.full(count: pieces))
    var common = Bitfield(count: pieces)
    for piece in stride(from: 1, to: pieces, by: 2) { common.insert(PieceIndex(piece)) }
    for _ in 0..<3 { picker.add(common) }
    // One of them is at a peer less, and still rare among 1024 is what is picked.
    for piece in stride(from: 1, to: pieces, by: 4) { picker.addHave(PieceIndex(piece)) }
    let before = picker.steps
    let picks = 200
    var blocks: [Block] = []
    for _ in 0..<picks {
      picker.pick(for: PeerKey(slot: 0, generation: 1), has: common, atMost: 2, into: &blocks)
    }
    #expect(blocks.count == 2 * picks)
    #expect(blocks.allSatisfy { picker.availability(of: $0.piece) == 4 })
    let steps = (picker.steps - before) / picks
    #expect(steps <= 2 * (pieces / 64) + 2 * Availability.mostCompared + 64, "\(steps)")
  }

  /// Peers that came as leechers and leave as seeds, one after the other for months.
  @Test func leechersThatLeaveAsSeedsDoNotMakeTheNumbersGrow() {
    let pieces = 50
    var picker = Self.picker(pieces: pieces)
    picker.addHave(3)
    for _ in 0..<5000 {
      for piece in 0..<pieces { picker.addHave(PieceIndex(piece)) }
      picker.remove(.full(count: pieces))
    }
    for piece in 0..<pieces {
      #expect(picker.availability(of: PieceIndex(piece)) == (piece == 3 ? 1 : 0))
    }
    #expect(picker.availability.bucketCount <= Availability.mostBorrowed + 3)
    #expect(picker.distributedCopies == 0.02)
  }
}
