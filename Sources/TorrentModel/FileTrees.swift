import Bencoding
public import Hashing

/// The hash trees of a torrent's files as far as they are known: the roots, and for each piece the
/// node that stands for it (BEP 52).
///
/// The invariant: where nodes are known they are those of every piece, and hash to the roots.
public struct FileTrees: Sendable {
  public let geometry: TreeGeometry
  /// In the order of `geometry.trees`.
  public let roots: [Bytes32]
  /// By piece; empty while the layer of some file is not known.
  public private(set) var nodes: [Bytes32]

  /// Trees of which the roots are known, and so all of those whose files have one piece.
  init(_ geometry: TreeGeometry, roots: [Bytes32]) {
    precondition(roots.count == geometry.trees.count, "a root for each tree")
    self.geometry = geometry
    self.roots = roots
    nodes = geometry.trees.allSatisfy { $0.pieceCount == 1 } ? roots : []
  }

  /// Whether every piece can be told from a false one.
  public var isComplete: Bool { !nodes.isEmpty }

  /// Takes the `piece layers` of a `.torrent` file.
  ///
  /// - Throws: `badPieceLayer` with the path of the first file whose layer is not below its root.
  mutating func take(_ layers: BencodeValue?, of layout: FileLayout) throws(MetainfoError) {
    guard !isComplete else { return }
    guard let layers else { throw .missing("piece layers") }
    guard layers.entries != nil else { throw .wrongType("piece layers") }
    var nodes: [Bytes32] = []
    nodes.reserveCapacity(geometry.trees.last.map { $0.pieces.upperBound } ?? 0)
    for (tree, root) in zip(geometry.trees, roots) {
      guard tree.pieceCount > 1 else {
        nodes.append(root)
        continue
      }
      guard let layer = layers[root.bytes[...]]?.string, layer.count == 32 * tree.pieceCount else {
        throw .badPieceLayer(layout.files[tree.file].path.joined(separator: "/"))
      }
      layer.withUnsafeBytes { bytes in
        for piece in 0..<tree.pieceCount { nodes.append(Bytes32(bytes.bytes, at: 32 * piece)) }
      }
    }
    try take(nodes: nodes, of: layout)
  }

  /// Takes the nodes of all pieces.
  mutating func take(nodes: [Bytes32], of layout: FileLayout) throws(MetainfoError) {
    var lanes = SHA256Lanes()
    for (tree, root) in zip(geometry.trees, roots) {
      guard tree.pieces.upperBound <= nodes.count,
        geometry.root(of: tree, pieceNodes: nodes[tree.pieces], with: &lanes) == root
      else { throw .badPieceLayer(layout.files[tree.file].path.joined(separator: "/")) }
    }
    self.nodes = nodes
  }
}
