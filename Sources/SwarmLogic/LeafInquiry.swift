import DeterministicCore
import Hashing
import PeerWire
import TorrentModel

/// Asks for the leaves of pieces that several peers sent and that failed: they tell which block is
/// false, and so its sender, before the piece is fetched again (BEP 52).
///
/// The invariant: leaves are believed when they lead to the piece's node, whoever sends them.
struct LeafInquiry: Sendable {
  private struct Inquiry {
    let piece: PieceIndex
    let node: Bytes32
    let blockCount: Int
    var parts: [(range: HashRange, leaves: [Bytes32]?)]
    var peer: PeerKey
    var askedAt: Moment
    var attempts = 1
  }

  enum Outcome: Equatable {
    case unwanted
    /// The answer does not lead to the piece's node.
    case wrong
    case taken
    /// The leaves of the whole piece are known.
    case complete(PieceIndex, [Bytes32])
  }

  /// Pieces asked about at once: a swarm in which more fail is spoiled in other ways.
  static let mostInquiries = 16
  /// Peers asked about one piece; then it waits for its right copy, which tells the same.
  static let mostAttempts = 3

  private var inquiries: [Inquiry] = []

  /// Whether a piece is asked about, or could be.
  func hasRoom(for piece: PieceIndex) -> Bool {
    place(of: piece) == nil && inquiries.count < Self.mostInquiries
  }

  /// Begins to ask a peer about a piece. Returns what to ask.
  mutating func begin(
    _ piece: PieceIndex, of trees: FileTrees, blockCount: Int, from peer: PeerKey, at now: Moment
  ) -> [HashRange] {
    let ranges = Self.ranges(of: piece, in: trees)
    guard !ranges.isEmpty else { return [] }
    inquiries.append(
      Inquiry(
        piece: piece, node: trees.nodes[piece.index], blockCount: blockCount,
        parts: ranges.map { ($0, nil) }, peer: peer, askedAt: now))
    return ranges
  }

  private func place(of piece: PieceIndex) -> Int? {
    inquiries.firstIndex { $0.piece == piece }
  }

  /// The leaves under the node of a piece, in ranges of up to 512 that lead to it.
  private static func ranges(of piece: PieceIndex, in trees: FileTrees) -> [HashRange] {
    let number = trees.geometry.tree(of: piece)
    let tree = trees.geometry.trees[number]
    let width = trees.geometry.width(of: piece)
    let start = (piece.index - tree.firstPiece) * width
    // A piece of one block needs no leaves to tell which block is false.
    guard width >= 2, start + width <= Int(UInt32.max) else { return [] }
    let count = min(width, Int(HashRange.mostNodes))
    let height = width.trailingZeroBitCount
    return stride(from: start, to: start + width, by: count).map { first in
      HashRange(
        root: trees.roots[number], layer: 0, first: UInt32(first), count: UInt32(count),
        proofLayers: UInt32(height - 1))
    }
  }

  mutating func take(_ range: HashRange, _ answer: [Bytes32], from peer: PeerKey) -> Outcome {
    let asked = inquiries.firstIndex { inquiry in
      inquiry.peer == peer && inquiry.parts.contains { $0.range == range && $0.leaves == nil }
    }
    guard let asked,
      let part = inquiries[asked].parts.firstIndex(where: { $0.range == range })
    else { return .unwanted }
    let count = Int(range.count)
    guard answer.count == count + range.uncleCount,
      MerkleTree.root(
        of: Array(answer.prefix(count)), first: Int(range.first), uncles: answer.dropFirst(count))
        == inquiries[asked].node
    else {
      inquiries.remove(at: asked)
      return .wrong
    }
    inquiries[asked].parts[part].leaves = Array(answer.prefix(count))
    guard inquiries[asked].parts.allSatisfy({ $0.leaves != nil }) else { return .taken }
    let inquiry = inquiries.remove(at: asked)
    let leaves = inquiry.parts.flatMap { $0.leaves ?? [] }
    return .complete(inquiry.piece, Array(leaves.prefix(inquiry.blockCount)))
  }

  /// The pieces that a peer refused to tell of.
  func pieces(askedWith range: HashRange, of peer: PeerKey) -> [PieceIndex] {
    inquiries.filter { inquiry in
      inquiry.peer == peer && inquiry.parts.contains { $0.range == range }
    }.map(\.piece)
  }

  /// The pieces of which nobody has told, though asked before a moment.
  func pieces(askedBefore deadline: Moment) -> [PieceIndex] {
    inquiries.filter { $0.askedAt <= deadline }.map(\.piece)
  }

  /// Asks another peer. Returns what to ask; nothing when enough were asked.
  mutating func ask(_ piece: PieceIndex, of peer: PeerKey, at now: Moment) -> [HashRange] {
    guard let place = place(of: piece), inquiries[place].attempts < Self.mostAttempts else {
      end(piece)
      return []
    }
    inquiries[place].attempts += 1
    inquiries[place].peer = peer
    inquiries[place].askedAt = now
    return inquiries[place].parts.filter { $0.leaves == nil }.map(\.range)
  }

  /// The piece is right, or its leaves are of no more use.
  mutating func end(_ piece: PieceIndex) {
    if let place = place(of: piece) { inquiries.remove(at: place) }
  }

  /// The peer that a piece is asked of.
  func peer(askedAbout piece: PieceIndex) -> PeerKey? {
    place(of: piece).map { inquiries[$0].peer }
  }
}
