public import Hashing

/// How the pieces of a torrent stand in the hash trees of its files (BEP 52).
///
/// The invariant: every file that is not empty begins a piece, the piece length is a power of two of
/// at least one block, and every piece belongs to one file.
public struct TreeGeometry: Hashable, Sendable {
  /// Bytes under a leaf.
  public static let blockLength: UInt64 = 16 << 10

  /// A file that is not empty, and so has a tree.
  public struct Tree: Hashable, Sendable {
    /// Its number in the layout.
    public let file: Int
    public let firstPiece: Int
    public let pieceCount: Int
    /// Blocks in the file: leaves that are not missing.
    public let leafCount: Int

    public var pieces: Range<Int> { firstPiece..<firstPiece + pieceCount }
    /// Layers from the leaves to the root, both counted.
    public var layerCount: Int { MerkleTree.width(for: leafCount).trailingZeroBitCount + 1 }
  }

  /// In the order of their pieces.
  public let trees: [Tree]
  /// The layer whose nodes stand for pieces, counted from the leaves.
  public let pieceLayer: Int

  /// - Returns: nil where files and pieces do not lie so.
  public init?(_ layout: FileLayout, _ geometry: PieceGeometry) {
    let length = UInt64(geometry.pieceLength)
    guard Self.isPossible(pieceLength: length) else { return nil }
    var trees: [Tree] = []
    var next = 0
    for (number, file) in layout.files.enumerated() where file.length > 0 {
      guard file.offset == UInt64(next) * length else { return nil }
      let pieceCount = Int((file.length - 1) / length + 1)
      trees.append(
        Tree(
          file: number, firstPiece: next, pieceCount: pieceCount,
          leafCount: Int((file.length - 1) / Self.blockLength + 1)))
      next += pieceCount
    }
    guard next == geometry.pieceCount else { return nil }
    self.trees = trees
    pieceLayer = (length / Self.blockLength).trailingZeroBitCount
  }

  /// Whether trees have a layer whose nodes stand for pieces of a length: BEP 52 wants a power of
  /// two from 16 KiB.
  public static func isPossible(pieceLength: UInt64) -> Bool {
    pieceLength >= blockLength && pieceLength.nonzeroBitCount == 1
  }

  /// The tree that a piece is in, by its number in `trees`.
  public func tree(of piece: PieceIndex) -> Int {
    var low = 0
    var high = trees.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if trees[middle].firstPiece <= piece.index { low = middle } else { high = middle }
    }
    return low
  }

  /// The tree of a file, by its number in `trees`; nil for a file without one.
  public func tree(ofFile file: Int) -> Int? {
    var low = 0
    var high = trees.count
    while low < high {
      let middle = (low + high) / 2
      if trees[middle].file < file { low = middle + 1 } else { high = middle }
    }
    return low < trees.count && trees[low].file == file ? low : nil
  }

  /// Leaves under the node of a piece, those that are missing counted: of a file shorter than a
  /// piece the node is the root, under which there are fewer.
  public func width(of piece: PieceIndex) -> Int {
    let tree = trees[tree(of: piece)]
    return tree.pieceCount == 1 ? MerkleTree.width(for: tree.leafCount) : 1 << pieceLayer
  }

  /// The root of a tree whose pieces' nodes are known.
  public func root(
    of tree: Tree, pieceNodes: ArraySlice<Bytes32>, with lanes: inout SHA256Lanes
  ) -> Bytes32 {
    precondition(pieceNodes.count == tree.pieceCount, "a node for each piece")
    guard tree.pieceCount > 1 else { return pieceNodes[pieceNodes.startIndex] }
    return MerkleTree.root(of: Array(pieceNodes), height: pieceLayer, with: &lanes)
  }
}
