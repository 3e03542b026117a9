import TorrentModel

/// Who is here, and how many copies of each piece there are.
///
/// The invariant: `copies` counts the hosts that are online and no seeds from the start, `holders`
/// all that are online and honest; both count verified pieces.
struct Census {
  private(set) var copies: [UInt32]
  private(set) var holders: [UInt32]
  /// Pieces of which some host other than the first seeds has a copy.
  private(set) var copied = 0
  /// Bytes the first seeds have sent so far.
  private(set) var seedBytes: UInt64 = 0
  /// The same when the others first held a whole copy between them.
  private(set) var seedBytesAtFirstCopy: UInt64?
  /// Bytes a second that those online could send together.
  private(set) var capacity = 0.0
  private(set) var online = 0

  init(pieceCount: Int) {
    copies = Array(repeating: 0, count: pieceCount)
    holders = copies
  }

  mutating func noteSeedSent(_ bytes: UInt64) { seedBytes += bytes }

  mutating func come(_ host: SimulatedHost) {
    online += 1
    if host.role != .freeRider { capacity += host.plan.link.uplink }
    for piece in host.storage.verified.pieces { add(piece, at: host) }
  }

  mutating func go(_ host: SimulatedHost) {
    online -= 1
    if host.role != .freeRider { capacity -= host.plan.link.uplink }
    for piece in host.storage.verified.pieces {
      if host.plan.isHonest { holders[piece.index] -= 1 }
      guard host.role != .seed else { continue }
      copies[piece.index] -= 1
      if copies[piece.index] == 0 { copied -= 1 }
    }
  }

  mutating func add(_ piece: PieceIndex, at host: SimulatedHost) {
    if host.plan.isHonest { holders[piece.index] += 1 }
    guard host.role != .seed else { return }
    copies[piece.index] += 1
    if copies[piece.index] == 1 { copied += 1 }
    if copied == copies.count, seedBytesAtFirstCopy == nil { seedBytesAtFirstCopy = seedBytes }
  }

  /// Whether somebody honest and online has a piece that is not among these.
  func hasMore(than pieces: Bitfield) -> Bool {
    for piece in holders.indices where holders[piece] > 0 && !pieces[PieceIndex(piece)] {
      return true
    }
    return false
  }

  /// How evenly the copies are spread over the pieces: the square of their sum over the sum of their
  /// squares and the number of pieces (Jain's index), 1 when there are as many of each.
  var diversity: Double {
    let total = copies.reduce(0.0) { $0 + Double($1) }
    guard total > 0, copies.count > 1 else { return 0 }
    let squares = copies.reduce(0.0) { $0 + Double($1) * Double($1) }
    return total * total / (squares * Double(copies.count))
  }
}
