public import Hashing

/// Nodes of one layer of a file's hash tree that a peer asks for, sends or refuses (BEP 52).
///
/// Read from a peer it promises nothing: whether the tree has such nodes is for whoever knows it.
public struct HashRange: Hashable, Sendable {
  /// The root of the file's tree, which names the file.
  public var root: Bytes32
  /// The layer of the nodes, counted from the leaves.
  public var layer: UInt32
  /// The first of them in its layer: a multiple of `count`.
  public var first: UInt32
  /// A power of two.
  public var count: UInt32
  /// Layers above theirs of which the node beside their ancestor is wanted, too. Those that lie
  /// inside the tree over the nodes themselves count and have none.
  public var proofLayers: UInt32

  /// The most nodes that are asked for at once (BEP 52).
  public static let mostNodes: UInt32 = 512
  /// Bytes on the wire.
  static let length = 48

  public init(root: Bytes32, layer: UInt32, first: UInt32, count: UInt32, proofLayers: UInt32) {
    self.root = root
    self.layer = layer
    self.first = first
    self.count = count
    self.proofLayers = proofLayers
  }
}
