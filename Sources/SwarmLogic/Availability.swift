import DeterministicCore
import TorrentModel

/// How many connected peers have each piece, and which untouched pieces are the rarest.
///
/// The invariant: a piece is at `counts[piece] + everywhere` peers. A full bitfield, added or
/// removed, changes `everywhere` only. A peer that was counted piece by piece and leaves with all
/// of them therefore needs no record of how it came: its pieces stay in `counts` and `everywhere`
/// falls by one, below zero if need be, and every sum is right. `rebase` folds the difference back
/// before it makes the numbers of the buckets grow.
///
/// The order depends on `counts` alone, since `everywhere` is common to all pieces.
struct Availability {
  private var counts: [UInt32]
  private var everywhere = 0
  /// The priority under which a piece is listed as untouched; unwanted when it is not listed.
  private(set) var listing: [PiecePriority]
  /// One order for each priority above unwanted, made when it is first used.
  var orders: [RarityOrder?]

  /// How far `everywhere` falls below zero before all pieces are counted anew: one pass over the
  /// pieces for a thousand departures.
  static let mostBorrowed = 1024

  init(pieceCount: Int) {
    counts = Array(repeating: 0, count: pieceCount)
    listing = Array(repeating: .unwanted, count: pieceCount)
    orders = Array(repeating: nil, count: PiecePriority.allCases.count)
  }

  /// Connected peers that have the piece. O(1).
  subscript(piece: PieceIndex) -> Int { Int(counts[piece.index]) + everywhere }

  /// Pieces listed as untouched that at least one peer has. O(1).
  var fetchableCount: Int {
    var total = 0
    for level in orders.indices where orders[level] != nil {
      total += orders[level]!.count - orders[level]!.count(in: -everywhere)
    }
    return total
  }

  /// How many whole copies the connected peers hold between them, the fraction counting the pieces
  /// of which there is one copy more. O(pieces), for display.
  var distributedCopies: Double {
    guard let least = counts.min() else { return 0 }
    let above = counts.reduce(0) { $0 + ($1 > least ? 1 : 0) }
    return Double(Int(least) + everywhere) + Double(above) / Double(counts.count)
  }

  /// Swaps, and pieces, buckets and words looked at.
  var steps: Int { orders.reduce(searchSteps) { $0 + ($1?.steps ?? 0) } }
  var searchSteps = 0

  /// Buckets kept for the most used priority.
  var bucketCount: Int { orders.reduce(0) { max($0, $1?.bucketCount ?? 0) } }

  // MARK: Peers come, announce and go

  mutating func add(_ bitfield: Bitfield, using generator: inout SeededGenerator) {
    if bitfield.isFull {
      everywhere += 1
    } else {
      bitfield.forEach({ increment($0, using: &generator) })
    }
  }

  mutating func remove(_ bitfield: Bitfield, using generator: inout SeededGenerator) {
    if bitfield.isFull {
      everywhere -= 1
      if everywhere < -Self.mostBorrowed { rebase() }
    } else {
      bitfield.forEach({ decrement($0, using: &generator) })
    }
  }

  /// O(1).
  mutating func increment(_ piece: PieceIndex, using generator: inout SeededGenerator) {
    let count = Int(counts[piece.index])
    counts[piece.index] += 1
    let priority = listing[piece.index]
    if priority != .unwanted {
      orders[Int(priority.rawValue)]!.raise(piece, from: count, using: &generator)
    }
  }

  /// O(1).
  mutating func decrement(_ piece: PieceIndex, using generator: inout SeededGenerator) {
    precondition(self[piece] > 0, "a peer takes away a piece that no peer has")
    // A peer counted as full may be gone with a smaller bitfield only by a caller's mistake, so a
    // positive sum with nothing in `counts` cannot happen.
    precondition(counts[piece.index] > 0, "a peer leaves with other pieces than it announced")
    let count = Int(counts[piece.index])
    counts[piece.index] -= 1
    let priority = listing[piece.index]
    if priority != .unwanted {
      orders[Int(priority.rawValue)]!.lower(piece, from: count, using: &generator)
    }
  }

  private mutating func rebase() {
    let borrowed = -everywhere
    for piece in counts.indices { counts[piece] -= UInt32(borrowed) }
    for level in orders.indices { orders[level]?.dropLowest(borrowed) }
    everywhere = 0
  }

  // MARK: The untouched pieces, rarest first

  /// Lists a piece as untouched under its priority.
  mutating func list(
    _ piece: PieceIndex, priority: PiecePriority, using generator: inout SeededGenerator
  ) {
    precondition(listing[piece.index] == .unwanted, "a piece is listed once")
    guard priority != .unwanted else { return }
    let level = Int(priority.rawValue)
    if orders[level] == nil { orders[level] = RarityOrder(pieceCount: counts.count) }
    orders[level]!.insert(piece, bucket: Int(counts[piece.index]), using: &generator)
    listing[piece.index] = priority
  }

  /// Takes a piece off the list: it is being fetched, was verified or is not wanted any more.
  mutating func unlist(_ piece: PieceIndex) {
    let priority = listing[piece.index]
    guard priority != .unwanted else { return }
    orders[Int(priority.rawValue)]!.remove(piece, bucket: Int(counts[piece.index]))
    listing[piece.index] = .unwanted
  }

  /// Whether any untouched piece has a higher priority.
  func hasPriority(above priority: PiecePriority) -> Bool {
    for level in (Int(priority.rawValue) + 1)..<max(orders.count, Int(priority.rawValue) + 1)
    where (orders[level]?.count ?? 0) > 0 {
      return true
    }
    return false
  }

  /// Whether all untouched pieces have the same priority, as when nobody chose.
  var hasOnePriority: Bool {
    var used = 0
    for level in orders.indices where (orders[level]?.count ?? 0) > 0 { used += 1 }
    return used <= 1
  }
}
