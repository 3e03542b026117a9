import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct RarityOrderTests {
  /// Random insertions, removals and moves, after each of which the listed pieces must be the
  /// naive ones, in the order of their buckets.
  @Test(arguments: UInt64(1)...30)
  func staysSorted(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let pieces = 1 + random.below(12)
    var order = RarityOrder(pieceCount: pieces)
    var buckets: [Int?] = Array(repeating: nil, count: pieces)
    for _ in 0..<1000 {
      let number = random.below(pieces)
      let piece = PieceIndex(number)
      switch (buckets[number], random.below(4)) {
      case (nil, _):
        let bucket = random.below(6)
        order.insert(piece, bucket: bucket, using: &random)
        buckets[number] = bucket
      case (let bucket?, 0):
        order.remove(piece, bucket: bucket)
        buckets[number] = nil
      case (let bucket?, 1) where bucket > 0:
        order.lower(piece, from: bucket, using: &random)
        buckets[number] = bucket - 1
      case (let bucket?, 2):
        order.raise(piece, from: bucket, using: &random)
        buckets[number] = bucket + 1
      default:
        // Finding the first piece moves the mark of the lowest bucket.
        var budget = pieces
        let first = order.first(in: .full(count: pieces), but: -1, budget: &budget)
        #expect(first.map { buckets[$0.index] } == buckets.compactMap { $0 }.min(), "seed \(seed)")
      }
      let listed = (0..<order.count).map { order[$0] }
      let expected = buckets.compactMap { $0 }.sorted()
      #expect(listed.map { buckets[$0.index] } == expected, "seed \(seed)")
      #expect(Set(listed).count == listed.count, "seed \(seed)")
      for (rank, piece) in listed.enumerated() {
        #expect(order.rank(of: piece) == rank, "seed \(seed)")
      }
      for bucket in 0..<8 {
        #expect(
          order.count(in: bucket) == buckets.count { $0 == bucket }, "seed \(seed), \(bucket)")
      }
    }
  }

  /// Every order of equally rare pieces is as likely, whichever way they came together.
  @Test func tiesAreUniform() {
    var orders: [[PieceIndex]: Int] = [:]
    for seed in UInt64(0)..<6000 {
      var random = SeededGenerator(seed: seed)
      var order = RarityOrder(pieceCount: 3)
      order.insert(0, bucket: 2, using: &random)
      order.insert(1, bucket: 1, using: &random)
      order.insert(2, bucket: 3, using: &random)
      order.raise(1, from: 1, using: &random)
      order.lower(2, from: 3, using: &random)
      orders[(0..<3).map { order[$0] }, default: 0] += 1
    }
    #expect(orders.count == 6)
    #expect(orders.values.allSatisfy { (850...1150).contains($0) }, "\(orders)")
  }
}
