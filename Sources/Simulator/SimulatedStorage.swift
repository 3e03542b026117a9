import Hashing
import SwarmLogic
import TorrentModel

/// A host's pieces as the world knows them, whatever its swarm believes. Of a block's payload only
/// this counts: whether it is what the torrent's hash names.
///
/// The invariant: `verified` grows only by pieces whose blocks have all landed and are all right.
struct SimulatedStorage {
  /// A piece's buffer: of each block who made it false, or that it is right, or missing. What is
  /// written last stands.
  private struct PartialPiece {
    let piece: UInt32
    var blocks: [UInt32]
  }

  private static let right = UInt32.max
  private static let missing = UInt32.max - 1

  private(set) var verified: Bitfield
  private var partials: [PartialPiece] = []

  init(_ verified: Bitfield) { self.verified = verified }

  /// - Parameters:
  ///   - blockCount: of the whole piece.
  ///   - poisoner: who made the block false; nil for a right one.
  mutating func land(
    _ block: UInt16, of piece: UInt32, blockCount: Int, poisonedBy poisoner: UInt32?
  ) {
    let place: Int
    if let known = partials.firstIndex(where: { $0.piece == piece }) {
      place = known
    } else {
      place = partials.count
      partials.append(
        PartialPiece(piece: piece, blocks: Array(repeating: Self.missing, count: blockCount)))
    }
    partials[place].blocks[Int(block)] = poisoner ?? Self.right
  }

  /// The buffer of a piece is given up.
  mutating func abandon(_ piece: PieceIndex) {
    partials.removeAll { $0.piece == piece.number }
  }

  /// Hashes a piece: whether it is right, and the digests of its blocks where they are wanted.
  mutating func verify(
    _ piece: PieceIndex, isSuspect: Bool
  ) -> (isRight: Bool, digests: [Bytes20]) {
    guard let place = partials.firstIndex(where: { $0.piece == piece.number }) else {
      return (false, [])
    }
    let blocks = partials.remove(at: place).blocks
    let isRight = blocks.allSatisfy { $0 == Self.right }
    if isRight { verified.insert(piece) }
    guard isSuspect || !isRight else { return (isRight, []) }
    return (isRight, blocks.map { $0 == Self.right ? .zero : Self.digest(of: $0) })
  }

  /// What stands for the digest of a block that a host made false.
  private static func digest(of sender: UInt32) -> Bytes20 {
    let name = (0..<4).map { UInt8(truncatingIfNeeded: sender >> (24 - 8 * UInt32($0))) }
    guard let digest = Bytes20(Array(repeating: 0xff, count: 16) + name) else {
      preconditionFailure("twenty bytes make a digest")
    }
    return digest
  }

  /// What survives a crash: verified pieces only.
  mutating func loseMemory() { partials = [] }
}
