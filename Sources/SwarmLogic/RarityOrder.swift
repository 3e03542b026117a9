import DeterministicCore
import TorrentModel

/// Pieces sorted by availability, kept sorted as peers announce pieces, in constant time for each
/// announcement.
///
/// The invariant: `order` is a permutation of all pieces. Those that are not listed come first, in
/// any order; then each bucket's pieces, buckets rising, without gaps. Inside a
/// bucket every order is equally likely, which is the random tie-break. An empty bucket's `start`
/// means nothing.
struct RarityOrder: ~Copyable {
  struct Bucket {
    var start: UInt32 = 0
    var count: UInt32 = 0
  }

  private var order: NumberTable
  private var position: NumberTable
  private var buckets = PlainList<Bucket>()
  /// Pieces that are not listed.
  private var unlisted: UInt32
  /// No bucket below this one holds a piece.
  @Short private var lowest = 0

  /// Swaps, and pieces and buckets looked at.
  private(set) var steps = 0

  init(pieceCount: Int) {
    order = NumberTable(count: pieceCount)
    position = NumberTable(count: pieceCount)
    for piece in 0..<pieceCount {
      order[piece] = UInt32(piece)
      position[piece] = UInt32(piece)
    }
    unlisted = UInt32(pieceCount)
  }

  /// The first listed piece's place in `order`.
  private var origin: Int { Int(unlisted) }

  /// It has room for no piece: none was ever listed.
  var isUnused: Bool { order.count == 0 }

  /// Pieces listed.
  var count: Int { order.count - origin }

  /// Buckets kept, empty ones included.
  var bucketCount: Int { buckets.count }

  /// Pieces listed in a bucket.
  func count(in bucket: Int) -> Int {
    bucket < buckets.count && bucket >= 0 ? Int(buckets[bucket].count) : 0
  }

  /// Where a listed piece stands: the smaller, the earlier it is fetched.
  func rank(of piece: PieceIndex) -> Int { Int(position[piece.index]) - origin }

  /// The listed piece at a rank.
  subscript(rank: Int) -> PieceIndex { PieceIndex(number: order[origin + rank]) }

  /// Fetches where a search begins, and where the buckets do.
  @inline(__always)
  func prefetchSearch() {
    order.prefetch(origin, lines: 2)
    buckets.prefetch(0)
  }

  /// Fetches where it is kept where a piece stands.
  @inline(__always)
  func prefetchPosition(of piece: Int) { position.prefetch(piece) }

  /// Lists a piece. O(buckets from the lowest occupied one to `bucket`).
  mutating func insert(
    _ piece: PieceIndex, bucket: Int, using generator: inout SeededGenerator
  ) {
    while buckets.count <= bucket { buckets.append(Bucket()) }
    unlisted -= 1
    var place = origin
    swapPlaces(Int(position[piece.index]), place)
    for below in min(lowest, bucket)..<bucket {
      steps += 1
      guard buckets[below].count > 0 else { continue }
      let last = Int(buckets[below].start + buckets[below].count) - 1
      swapPlaces(place, last)
      buckets[below].start -= 1
      place = last
    }
    lowest = min(lowest, bucket)
    prepend(place, to: bucket, using: &generator)
  }

  /// Takes a listed piece off the list. O(buckets from the lowest occupied one to `bucket`), which
  /// are few because the rarest pieces go first.
  mutating func remove(_ piece: PieceIndex, bucket: Int) {
    var place = Int(buckets[bucket].start)
    swapPlaces(Int(position[piece.index]), place)
    buckets[bucket].start += 1
    buckets[bucket].count -= 1
    for below in stride(from: bucket - 1, through: lowest, by: -1) {
      steps += 1
      guard buckets[below].count > 0 else { continue }
      let first = Int(buckets[below].start)
      swapPlaces(place, first)
      buckets[below].start += 1
      place = first
    }
    unlisted += 1
  }

  /// Moves a listed piece from `bucket` to the next one up. O(1).
  mutating func raise(
    _ piece: PieceIndex, from bucket: Int, using generator: inout SeededGenerator
  ) {
    if bucket + 1 == buckets.count { buckets.append(Bucket()) }
    let last = Int(buckets[bucket].start + buckets[bucket].count) - 1
    swapPlaces(Int(position[piece.index]), last)
    buckets[bucket].count -= 1
    prepend(last, to: bucket + 1, using: &generator)
  }

  /// Moves a listed piece from `bucket` to the next one down. O(1). - Precondition: `bucket > 0`.
  mutating func lower(
    _ piece: PieceIndex, from bucket: Int, using generator: inout SeededGenerator
  ) {
    let first = Int(buckets[bucket].start)
    swapPlaces(Int(position[piece.index]), first)
    buckets[bucket].start += 1
    buckets[bucket].count -= 1
    lowest = min(lowest, bucket - 1)
    if buckets[bucket - 1].count == 0 { buckets[bucket - 1].start = UInt32(first) }
    buckets[bucket - 1].count += 1
    settle(first, in: bucket - 1, using: &generator)
  }

  /// Renumbers the buckets downwards. - Precondition: the first `count` buckets are empty.
  mutating func dropLowest(_ count: Int) {
    buckets.removeFirst(min(count, buckets.count))
    lowest = max(0, lowest - count)
  }

  /// The first listed piece of a set, of the first `budget` in the order. Leaves the rest of the budget:
  /// with none left the search may have ended early. None of the set is in the bucket `nobodys`, below
  /// which there are none: those are not looked at.
  mutating func first(in set: Bitfield, but nobodys: Int, budget: inout Int) -> PieceIndex? {
    while lowest < buckets.count && buckets[lowest].count == 0 {
      steps += 1
      lowest += 1
    }
    let skipped = min(count(in: nobodys), budget)
    budget -= skipped
    var place = origin + skipped
    while place < order.count && budget > 0 {
      steps += 1
      budget -= 1
      let piece = PieceIndex(number: order[place])
      if set[piece] { return piece }
      place += 1
    }
    return nil
  }

  /// Makes the piece at `place`, just below the bucket's first, its member.
  private mutating func prepend(
    _ place: Int, to bucket: Int, using generator: inout SeededGenerator
  ) {
    buckets[bucket].start = UInt32(place)
    buckets[bucket].count += 1
    settle(place, in: bucket, using: &generator)
  }

  /// Swaps a bucket's newest member with any of its members, itself included: if every order of
  /// the others was equally likely, so is now every order of all.
  private mutating func settle(
    _ place: Int, in bucket: Int, using generator: inout SeededGenerator
  ) {
    let choice = generator.below(Int(buckets[bucket].count))
    swapPlaces(place, Int(buckets[bucket].start) + choice)
  }

  private mutating func swapPlaces(_ left: Int, _ right: Int) {
    steps += 1
    guard left != right else { return }
    order.swapAt(left, right)
    position[Int(order[left])] = UInt32(left)
    position[Int(order[right])] = UInt32(right)
  }
}
