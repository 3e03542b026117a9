/// How much a piece is wanted. Unwanted pieces are never asked for.
public enum PiecePriority: UInt8, Comparable, Sendable, CaseIterable {
  case unwanted
  case low
  case normal
  case high

  @inlinable
  public static func < (left: PiecePriority, right: PiecePriority) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// What decides between two pieces that a peer could give us: the whole policy, in one comparator.
///
/// The smaller preference is fetched first. `RarityOrder` keeps untouched pieces sorted by the same
/// rule without comparing them, one bucket for each availability.
struct PiecePreference: Comparable {
  var priority: PiecePriority
  /// Some of the piece's blocks have been asked for already.
  var isPartial: Bool
  /// Connected peers that have the piece.
  var availability: Int
  /// Blocks that have not arrived.
  var missingBlocks: Int
  /// Settles what is equal otherwise: drawn at random for untouched pieces, so that the peers of a
  /// swarm choose differently; the age of partial pieces, the older first.
  var tieBreak: UInt32

  static func < (left: PiecePreference, right: PiecePreference) -> Bool {
    // What the user wants most comes first.
    if left.priority != right.priority { return left.priority > right.priority }
    // A piece can be served and hashed only when it is whole: finish before starting another.
    if left.isPartial != right.isPartial { return left.isPartial }
    // The piece that fewest peers have is the one the swarm may lose (Legout et al., IMC 2006).
    if left.availability != right.availability { return left.availability < right.availability }
    // Of equally rare pieces the one that is nearly whole can be shared soonest.
    if left.missingBlocks != right.missingBlocks { return left.missingBlocks < right.missingBlocks }
    return left.tieBreak < right.tieBreak
  }
}
