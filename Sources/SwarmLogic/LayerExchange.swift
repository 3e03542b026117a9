import DeterministicCore
import Hashing
import PeerWire
import TorrentModel

/// Gathers the nodes that stand for the pieces in their files' hash trees, which are no part of the
/// metadata that peers hand over (BEP 52), in ranges of up to 512.
///
/// The invariant: every range that is here was seen to lead to its file's root, so that a false one
/// is its sender's alone.
struct LayerExchange: Sendable {
  private struct Part {
    let tree: Int
    let range: HashRange
    var isHere = false
    var askedOf: PeerKey?
    var askedAt = Moment.zero
  }

  enum Outcome: Equatable {
    /// Not asked for, or no more.
    case unwanted
    /// It does not lead to the root.
    case wrong
    case taken
    /// All nodes are here, by their pieces.
    case complete([Bytes32])
  }

  private let trees: FileTrees
  private var parts: [Part] = []
  private var nodes: [Bytes32]
  private var missing: Int

  /// Ranges asked of one peer at once.
  static let mostRequestsPerPeer = 4

  init(_ trees: FileTrees) {
    self.trees = trees
    nodes = Array(
      repeating: .zero, count: trees.geometry.trees.last.map { $0.pieces.upperBound } ?? 0)
    for (number, tree) in trees.geometry.trees.enumerated() {
      guard tree.pieceCount > 1 else {
        nodes[tree.firstPiece] = trees.roots[number]
        continue
      }
      let step = Int(HashRange.mostNodes)
      for first in stride(from: 0, to: tree.pieceCount, by: step) {
        // A range has two nodes at the least; that a second is missing is a node, too.
        let count = min(step, MerkleTree.width(for: max(2, tree.pieceCount - first)))
        let above = tree.layerCount - 1 - trees.geometry.pieceLayer
        parts.append(
          Part(
            tree: number,
            range: HashRange(
              root: trees.roots[number], layer: UInt32(trees.geometry.pieceLayer),
              first: UInt32(first), count: UInt32(count), proofLayers: UInt32(above - 1))))
      }
    }
    missing = parts.count
  }

  /// Takes back what was asked and not answered in time. Returns the peers that were silent, each
  /// once.
  mutating func expire(at now: Moment, patience: TimeSpan) -> [PeerKey] {
    var silent: [PeerKey] = []
    for index in parts.indices {
      guard let peer = parts[index].askedOf, now - parts[index].askedAt >= patience else {
        continue
      }
      parts[index].askedOf = nil
      if !silent.contains(peer) { silent.append(peer) }
    }
    return silent
  }

  /// The ranges to ask a peer for now.
  mutating func request(of peer: PeerKey, at now: Moment) -> [HashRange] {
    var room = Self.mostRequestsPerPeer - parts.count { $0.askedOf == peer }
    var chosen: [HashRange] = []
    for index in parts.indices where room > 0 && !parts[index].isHere {
      guard parts[index].askedOf == nil else { continue }
      parts[index].askedOf = peer
      parts[index].askedAt = now
      chosen.append(parts[index].range)
      room -= 1
    }
    return chosen
  }

  /// Takes an answer. Files that are alike have a range in common, and are served at once.
  mutating func take(_ range: HashRange, _ answer: [Bytes32], from peer: PeerKey) -> Outcome {
    let waiting = parts.indices.filter { !parts[$0].isHere && parts[$0].range == range }
    guard waiting.contains(where: { parts[$0].askedOf == peer }) else { return .unwanted }
    let count = Int(range.count)
    guard answer.count == count + range.uncleCount else { return .wrong }
    let found = MerkleTree.root(
      of: Array(answer.prefix(count)), first: Int(range.first), uncles: answer.dropFirst(count))
    guard found == range.root else { return .wrong }
    for index in waiting {
      let tree = trees.geometry.trees[parts[index].tree]
      let present = min(count, tree.pieceCount - Int(range.first))
      let start = tree.firstPiece + Int(range.first)
      nodes.replaceSubrange(start..<start + present, with: answer.prefix(present))
      parts[index].isHere = true
      parts[index].askedOf = nil
      missing -= 1
    }
    return missing == 0 ? .complete(nodes) : .taken
  }

  /// A peer refused a range, or is gone: others may be asked. Returns whether it had been asked.
  @discardableResult
  mutating func release(_ range: HashRange? = nil, of peer: PeerKey) -> Bool {
    var wasAsked = false
    for index in parts.indices where parts[index].askedOf == peer {
      guard range == nil || parts[index].range == range else { continue }
      parts[index].askedOf = nil
      wasAsked = true
    }
    return wasAsked
  }
}
