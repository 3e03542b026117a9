import Hashing
import PeerWire
import TorrentModel

/// Answers peers that ask for nodes of hash trees (BEP 52).
///
/// The piece layers and what is above them are at hand; leaves have to be read from the disk.
struct NodeServer: Sendable {
  enum Answer: Hashable, Sendable {
    /// The nodes asked for, and behind them those beside their ancestors.
    case nodes([Bytes32])
    /// The answer takes the leaves of this piece: `answer(_:leaves:of:)`.
    case needsLeaves(PieceIndex)
    case none
  }

  /// The most nodes in an answer: the blocks of the longest piece.
  static let mostNodes = 8192

  private let trees: FileTrees
  private let treeOfRoot: [Bytes32: Int]
  /// The layers of trees that were asked about, from that of the pieces to below the root.
  private var layers: [Int: [[Bytes32]]] = [:]
  /// The node of each height all of whose leaves are missing.
  private let padding: [Bytes32]

  init(_ trees: FileTrees) {
    self.trees = trees
    treeOfRoot = Dictionary(
      zip(trees.roots, trees.roots.indices), uniquingKeysWith: { first, _ in first })
    let top = trees.geometry.trees.map(\.layerCount).max() ?? 1
    var padding = [Bytes32.zero]
    while padding.count < top {
      padding.append(MerkleTree.parent(padding[padding.count - 1], padding[padding.count - 1]))
    }
    self.padding = padding
  }

  mutating func answer(_ range: HashRange) -> Answer {
    guard let number = treeOfRoot[range.root], isPossible(range, in: number) else { return .none }
    let tree = trees.geometry.trees[number]
    let layer = Int(range.layer)
    if tree.pieceCount > 1, layer >= trees.geometry.pieceLayer {
      let above = layersAbovePieces(of: number)
      return .nodes(collect(range) { node($1, at: $0, in: above) })
    }
    guard layer == 0 else { return .none }
    return .needsLeaves(piece(of: range, in: tree))
  }

  /// The answer to a range of leaves, from all leaves of the piece that they are in.
  mutating func answer(_ range: HashRange, leaves: [Bytes32], of piece: PieceIndex) -> [Bytes32] {
    let number = trees.geometry.tree(of: piece)
    let tree = trees.geometry.trees[number]
    let above = layersAbovePieces(of: number)
    let height = trees.geometry.width(of: piece).trailingZeroBitCount
    var lanes = SHA256Lanes()
    var below = [leaves]
    while below.count < height {
      below.append(
        MerkleTree.layer(above: below[below.count - 1], height: below.count - 1, with: &lanes))
    }
    return collect(range) { layer, index in
      guard layer < height else { return node(index, at: layer, in: above) }
      let first = (piece.index - tree.firstPiece) << (height - layer)
      let nodes = below[layer]
      return nodes.indices.contains(index - first) ? nodes[index - first] : padding[layer]
    }
  }

  /// What BEP 52 asks of a request, and what the tree has.
  private func isPossible(_ range: HashRange, in number: Int) -> Bool {
    let top = trees.geometry.trees[number].layerCount - 1
    let (layer, first, count) = (Int(range.layer), Int(range.first), Int(range.count))
    guard count >= 2, count <= Self.mostNodes, count.nonzeroBitCount == 1,
      first.isMultiple(of: count), layer < top, first + count <= 1 << (top - layer),
      range.proofLayers < top - layer
    else { return false }
    return layer > 0 || count <= trees.geometry.width(of: firstPiece(of: number))
      || trees.geometry.pieceLayer == 0
  }

  private func firstPiece(of number: Int) -> PieceIndex {
    PieceIndex(trees.geometry.trees[number].firstPiece)
  }

  private func piece(of range: HashRange, in tree: TreeGeometry.Tree) -> PieceIndex {
    guard tree.pieceCount > 1 else { return PieceIndex(tree.firstPiece) }
    let place = Int(range.first) >> trees.geometry.pieceLayer
    // Behind the last piece every leaf is missing; whoever asks for those asks for its neighbours.
    return PieceIndex(tree.firstPiece + min(place, tree.pieceCount - 1))
  }

  private mutating func layersAbovePieces(of number: Int) -> [[Bytes32]] {
    if let known = layers[number] { return known }
    let tree = trees.geometry.trees[number]
    var lanes = SHA256Lanes()
    var built = [Array(trees.nodes[tree.pieces])]
    while built.count < tree.layerCount - trees.geometry.pieceLayer - 1 {
      built.append(
        MerkleTree.layer(
          above: built[built.count - 1], height: trees.geometry.pieceLayer + built.count - 1,
          with: &lanes))
    }
    layers[number] = built
    return built
  }

  private func node(_ index: Int, at layer: Int, in above: [[Bytes32]]) -> Bytes32 {
    let nodes = above[layer - trees.geometry.pieceLayer]
    return nodes.indices.contains(index) ? nodes[index] : padding[layer]
  }

  private func collect(
    _ range: HashRange, _ node: (_ layer: Int, _ index: Int) -> Bytes32
  ) -> [Bytes32] {
    let layer = Int(range.layer)
    let (first, count) = (Int(range.first), Int(range.count))
    var nodes = (first..<first + count).map { node(layer, $0) }
    let height = count.trailingZeroBitCount
    for step in 0..<range.uncleCount {
      nodes.append(node(layer + height + step, (first >> (height + step)) ^ 1))
    }
    return nodes
  }
}

extension HashRange {
  /// Nodes beside ancestors that belong to it: one of each layer asked for but those that lie inside
  /// the tree over the nodes themselves (BEP 52).
  var uncleCount: Int {
    max(0, Int(proofLayers) - (Int(count).trailingZeroBitCount - 1))
  }
}
