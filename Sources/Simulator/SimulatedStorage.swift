import SwarmLogic
import TorrentModel

/// A host's pieces as the world knows them, whatever its swarm believes. Of a block's payload only
/// this counts: whether it is what the torrent's hash names.
///
/// The invariant: `verified` grows only by pieces whose blocks have all landed and are all right.
struct SimulatedStorage {
  private struct PartialPiece {
    var piece: UInt32
    /// Blocks that landed and are false.
    var poisoned: [UInt16] = []
    var landed = 0
  }

  private(set) var verified: Bitfield
  private var partials: [PartialPiece] = []

  init(_ verified: Bitfield) { self.verified = verified }

  mutating func land(_ block: UInt16, of piece: UInt32, isPoisoned: Bool) {
    let place: Int
    if let known = partials.firstIndex(where: { $0.piece == piece }) {
      place = known
    } else {
      place = partials.count
      partials.append(PartialPiece(piece: piece))
    }
    partials[place].landed += 1
    if isPoisoned { partials[place].poisoned.append(block) }
  }

  /// The buffer of a piece is given up.
  mutating func abandon(_ piece: PieceIndex) {
    partials.removeAll { $0.piece == piece.number }
  }

  /// Hashes a piece of so many blocks. Returns whether it is right.
  mutating func verify(_ piece: PieceIndex, blockCount: Int) -> Bool {
    guard let place = partials.firstIndex(where: { $0.piece == piece.number }) else { return false }
    let partial = partials.remove(at: place)
    guard partial.landed >= blockCount, partial.poisoned.isEmpty else { return false }
    verified.insert(piece)
    return true
  }

  /// What survives a crash: verified pieces only.
  mutating func loseMemory() { partials = [] }
}
