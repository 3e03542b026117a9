/// The hash trees of BitTorrent v2 (BEP 52): every file has one over the SHA-256 of its blocks of
/// 16 KiB, as wide as the next power of two, with zeros for the leaves that are missing.
///
/// A layer is the nodes of one height from the first; height 0 are the leaves.
public enum MerkleTree {
  /// The node above two.
  public static func parent(_ left: Bytes32, _ right: Bytes32) -> Bytes32 {
    SHA256.hash(left.bytes + right.bytes)
  }

  /// The node of a height all of whose leaves are missing.
  public static func padding(height: Int) -> Bytes32 {
    var node = Bytes32.zero
    for _ in 0..<height { node = parent(node, node) }
    return node
  }

  /// The least power of two that is not below a count.
  public static func width(for count: Int) -> Int {
    precondition(count > 0, "a tree without leaves")
    return 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
  }

  /// The root of the tree that a layer of some height stands for.
  ///
  /// - Parameters:
  ///   - width: nodes of the layer with those that are missing, a power of two.
  ///   - lanes: where they are hashed.
  public static func root(
    of layer: [Bytes32], height: Int = 0, width: Int? = nil, with lanes: inout SHA256Lanes
  ) -> Bytes32 {
    var nodes = layer
    // Of the height of `nodes`, as soon as it is needed.
    var missing: (node: Bytes32, height: Int) = (.zero, 0)
    var height = height
    var width = width ?? Self.width(for: layer.count)
    precondition(!layer.isEmpty && layer.count <= width && width.nonzeroBitCount == 1)
    while width > 1 {
      // An odd node's sibling is missing; whole pairs that are missing need no node.
      if !nodes.count.isMultiple(of: 2) {
        while missing.height < height {
          missing = (parent(missing.node, missing.node), missing.height + 1)
        }
        nodes.append(missing.node)
      }
      nodes = parents(of: nodes, with: &lanes)
      height += 1
      width /= 2
    }
    return nodes[0]
  }

  /// The layer above one of some height.
  public static func layer(
    above layer: [Bytes32], height: Int, with lanes: inout SHA256Lanes
  ) -> [Bytes32] {
    let nodes = layer.count.isMultiple(of: 2) ? layer : layer + [padding(height: height)]
    return parents(of: nodes, with: &lanes)
  }

  /// The node that nodes side by side lead to, given those beside their ancestors from below.
  ///
  /// - Parameter first: the number of the first node in its layer, a multiple of their count.
  /// - Precondition: the count of nodes is a power of two.
  public static func root(
    of nodes: [Bytes32], first: Int, uncles: some Sequence<Bytes32>
  ) -> Bytes32 {
    var lanes = SHA256Lanes()
    var node = root(of: nodes, width: nodes.count, with: &lanes)
    var place = first / nodes.count
    for uncle in uncles {
      node = place.isMultiple(of: 2) ? parent(node, uncle) : parent(uncle, node)
      place /= 2
    }
    return node
  }

  private static func parents(of nodes: [Bytes32], with lanes: inout SHA256Lanes) -> [Bytes32] {
    // The words as they are hashed: most significant byte first.
    var words: [UInt64] = []
    words.reserveCapacity(nodes.count * 4)
    for node in nodes { for word in 0..<4 { words.append(node.words[word].bigEndian) } }
    var parents: [Bytes32] = []
    parents.reserveCapacity(nodes.count / 2)
    words.withUnsafeBytes { bytes in
      var pairs: [UnsafeRawBufferPointer] = []
      pairs.reserveCapacity(SHA256Lanes.widest)
      for start in stride(from: 0, to: bytes.count, by: 64) {
        pairs.append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 64]))
        guard pairs.count == SHA256Lanes.widest || start + 64 == bytes.count else { continue }
        parents += lanes.finish(pairs)
        pairs.removeAll(keepingCapacity: true)
      }
    }
    return parents
  }
}
