import DeterministicCore
import TorrentModel

/// How many connected peers have each piece, and which untouched pieces are the rarest.
///
/// The invariant: a piece is at as many peers as its entry counts and `everywhere`. A full bitfield, added or
/// removed, changes `everywhere` only. A peer that was counted piece by piece and leaves with all
/// of them therefore needs no record of how it came: its pieces stay counted and `everywhere`
/// falls by one, below zero if need be, and every sum is right. `rebase` folds the difference back
/// before it makes the numbers of the buckets grow.
///
/// The order depends on the entries alone, since `everywhere` is common to all pieces.
///
/// A piece that is announced is counted at once, but moves up in its order only before the order is
/// next looked at: a HAVE touches two cache lines instead of a dozen, and what ten HAVEs move is moved
/// when it is all at hand. The invariant: `announced` holds the moves not made, in their order.
struct Availability: ~Copyable {
  /// What is known of a piece, in one word.
  private struct Entry {
    var word: UInt32

    /// Peers that have the piece, of those that are counted piece by piece.
    var count: Int {
      get { Int(word >> 3) }
      set { word = UInt32(newValue) << 3 | word & 7 }
    }

    /// The priority under which it is listed as untouched; unwanted when it is not listed.
    var listing: PiecePriority {
      get { PiecePriority(rawValue: UInt8(word & 3)) ?? .unwanted }
      set { word = word & ~3 | UInt32(newValue.rawValue) }
    }

    /// It is wanted and not verified, listed or not.
    var isMissing: Bool {
      get { word & 4 != 0 }
      set { word = newValue ? word | 4 : word & ~4 }
    }
  }

  /// A listed piece that is at one peer more than its bucket says.
  struct Move {
    let piece: PieceIndex
    /// The bucket to move from.
    let bucket: UInt32
  }

  /// An `Entry` for each piece.
  var entries: NumberTable
  private(set) var everywhere = 0
  var announced = PlainList<Move>(capacity: mostAnnounced)
  var searchSteps = 0
  /// One order for each priority, for those above unwanted made when it is first used. In place: an
  /// array of them would be one object more on the way to a piece, and a look at a part of one of its
  /// elements may be a copy of it.
  var orders = InlineArray<4, RarityOrder> { _ in RarityOrder(pieceCount: 0) }
  private let inPlace = InPlace()

  /// Moves left undone at most.
  static let mostAnnounced = 64

  /// How far `everywhere` falls below zero before all pieces are counted anew: one pass over the
  /// pieces for a thousand departures.
  static let mostBorrowed = 1024

  init(pieceCount: Int) {
    entries = NumberTable(count: pieceCount)
  }

  /// Connected peers that have the piece. O(1).
  subscript(piece: PieceIndex) -> Int { entry(piece.index).count + everywhere }

  /// The priority under which a piece is listed as untouched; unwanted when it is not listed.
  func listing(of piece: PieceIndex) -> PiecePriority { entry(piece.index).listing }

  /// Pieces listed as untouched that at least one peer has. O(1).
  var fetchableCount: Int {
    var total = 0
    for level in orders.indices {
      total += orders[level].count - orders[level].count(in: -everywhere)
    }
    // Those that have come to be at a peer, and stand in their order as if they were at none.
    for place in announced.indices where Int(announced[place].bucket) == -everywhere { total += 1 }
    return total
  }

  /// How many whole copies the connected peers hold between them, the fraction counting the pieces
  /// of which there is one copy more. O(pieces), for display.
  var distributedCopies: Double {
    var (least, above) = (Int.max, 0)
    for piece in entries.indices { least = min(least, entry(piece).count) }
    for piece in entries.indices where entry(piece).count > least { above += 1 }
    guard least < .max else { return 0 }
    return Double(least + everywhere) + Double(above) / Double(entries.count)
  }

  /// Swaps, and pieces, buckets and words looked at.
  var steps: Int { orders.indices.reduce(searchSteps) { $0 + orders[$1].steps } }

  /// Buckets kept for the most used priority.
  var bucketCount: Int { orders.indices.reduce(0) { max($0, orders[$1].bucketCount) } }

  @inline(__always)
  private func entry(_ piece: Int) -> Entry { Entry(word: entries[piece]) }

  @inline(__always)
  private mutating func change(_ piece: Int, _ body: (inout Entry) -> Void) {
    var entry = entry(piece)
    body(&entry)
    entries[piece] = entry.word
  }

  // MARK: Peers come, announce and go

  mutating func add(_ bitfield: Bitfield, using generator: inout SeededGenerator) {
    if bitfield.isFull {
      everywhere += 1
    } else {
      bitfield.forEach({ increment($0, using: &generator) })
    }
  }

  mutating func remove(_ bitfield: Bitfield, using generator: inout SeededGenerator) {
    catchUp(using: &generator)
    if bitfield.isFull {
      everywhere -= 1
      if everywhere < -Self.mostBorrowed { rebase() }
    } else {
      bitfield.forEach({ decrement($0, using: &generator) })
    }
  }

  /// Counts a piece at one peer more. Returns whether it is missing. O(1).
  @discardableResult
  mutating func increment(_ piece: PieceIndex, using generator: inout SeededGenerator) -> Bool {
    let before = entry(piece.index)
    change(piece.index) { $0.count += 1 }
    guard before.listing != .unwanted else { return before.isMissing }
    announced.append(Move(piece: piece, bucket: UInt32(before.count)))
    if announced.count >= Self.mostAnnounced { catchUp(using: &generator) }
    return before.isMissing
  }

  /// Notes whether a piece is wanted and not verified, for those who announce it. O(1).
  mutating func setMissing(_ isMissing: Bool, _ piece: PieceIndex) {
    change(piece.index) { $0.isMissing = isMissing }
  }

  /// O(1), after the moves that are left to make.
  mutating func decrement(_ piece: PieceIndex, using generator: inout SeededGenerator) {
    precondition(self[piece] > 0, "a peer takes away a piece that no peer has")
    // A peer counted as full may be gone with a smaller bitfield only by a caller's mistake, so a
    // positive sum with nothing counted cannot happen.
    let (count, priority) = (entry(piece.index).count, listing(of: piece))
    precondition(count > 0, "a peer leaves with other pieces than it announced")
    catchUp(using: &generator)
    change(piece.index) { $0.count -= 1 }
    if priority != .unwanted {
      orders[Int(priority.rawValue)].lower(piece, from: count, using: &generator)
    }
  }

  private mutating func rebase() {
    let borrowed = -everywhere
    for piece in entries.indices { change(piece) { $0.count -= borrowed } }
    for level in orders.indices { orders[level].dropLowest(borrowed) }
    everywhere = 0
  }

  /// Makes the moves that announcements have left to make. O(them).
  mutating func catchUp(using generator: inout SeededGenerator) {
    guard !announced.isEmpty else { return }
    for place in announced.indices {
      let move = announced[place]
      let level = Int(listing(of: move.piece).rawValue)
      orders[level].raise(move.piece, from: Int(move.bucket), using: &generator)
    }
    announced.removeAll()
  }

  // MARK: What will be looked at soon

  /// Fetches how a piece is counted.
  @inline(__always)
  func prefetch(_ piece: PieceIndex) { entries.prefetch(piece.index) }

  /// Fetches where the next announcement is noted.
  @inline(__always)
  func prefetchNext() { announced.prefetch(announced.count) }

  /// Fetches where a search for the rarest begins, and where the moves begin that are made before.
  @inline(__always)
  func prefetchSearch() {
    let level = Int(PiecePriority.normal.rawValue)
    orders[level].prefetchSearch()
    for place in 0..<min(announced.count, 8) {
      let piece = announced[place].piece.index
      entries.prefetch(piece)
      orders[level].prefetchPosition(of: piece)
    }
  }

  // MARK: The untouched pieces, rarest first

  /// Lists a piece as untouched under its priority.
  mutating func list(
    _ piece: PieceIndex, priority: PiecePriority, using generator: inout SeededGenerator
  ) {
    precondition(listing(of: piece) == .unwanted, "a piece is listed once")
    guard priority != .unwanted else { return }
    catchUp(using: &generator)
    let level = Int(priority.rawValue)
    if orders[level].isUnused { orders[level] = RarityOrder(pieceCount: entries.count) }
    orders[level].insert(piece, bucket: entry(piece.index).count, using: &generator)
    change(piece.index) { $0.listing = priority }
  }

  /// Takes a piece off the list: it is being fetched, was verified or is not wanted any more.
  mutating func unlist(_ piece: PieceIndex, using generator: inout SeededGenerator) {
    let priority = listing(of: piece)
    guard priority != .unwanted else { return }
    catchUp(using: &generator)
    orders[Int(priority.rawValue)].remove(piece, bucket: entry(piece.index).count)
    change(piece.index) { $0.listing = .unwanted }
  }

  /// Whether any untouched piece has a higher priority.
  func hasPriority(above priority: PiecePriority) -> Bool {
    for level in (Int(priority.rawValue) + 1)..<max(orders.count, Int(priority.rawValue) + 1)
    where orders[level].count > 0 {
      return true
    }
    return false
  }

  /// The priority of all untouched pieces, by its place in `orders`, when nobody chose; nil when they
  /// differ.
  var onlyLevel: Int? {
    var (used, last) = (0, 0)
    for level in orders.indices where orders[level].count > 0 {
      used += 1
      last = level
    }
    return used <= 1 ? last : nil
  }
}
