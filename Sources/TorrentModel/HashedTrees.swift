import Bencoding
import Hashing

/// What a torrent of version 2 says of its files, from the nodes that stand for its pieces (BEP 52).
struct HashedTrees {
  private let layout: FileLayout
  /// Of each file, in the order of the layout; nil of those that have no byte.
  private var roots: [Bytes32?]
  /// The nodes of each file of several pieces, by its root: identical files share one.
  private var layers: [(root: Bytes32, layer: [UInt8])] = []

  /// - Precondition: files begin pieces, and there is a node for each piece.
  init(_ layout: FileLayout, pieceLength: UInt64, nodes: [Bytes32]) {
    guard let geometry = PieceGeometry(layout, pieceLength: pieceLength),
      let trees = TreeGeometry(layout, geometry), nodes.count == geometry.pieceCount
    else { preconditionFailure("a torrent of version 2 whose files do not begin pieces") }
    self.layout = layout
    roots = Array(repeating: nil, count: layout.files.count)
    var lanes = SHA256Lanes()
    var known: Set<Bytes32> = []
    for tree in trees.trees {
      let ofFile = nodes[tree.pieces]
      let root = trees.root(of: tree, pieceNodes: ofFile, with: &lanes)
      roots[tree.file] = root
      guard tree.pieceCount > 1, known.insert(root).inserted else { continue }
      layers.append((root, ofFile.flatMap(\.bytes)))
    }
  }

  /// `piece layers`, which stands beside the info dictionary.
  var pieceLayers: BencodeValue {
    let sorted = layers.sorted { $0.root < $1.root }
    return BencodeValue(
      .dictionary(sorted.map { .init(key: $0.root.bytes[...], value: .string($0.layer)) }))
  }

  var fileTree: BencodeValue {
    // In this order files of one folder stand side by side.
    let order = layout.files.indices.sorted {
      PathOrder.precedes(layout.files[$0].path, layout.files[$1].path)
    }
    return folder(of: order[...], depth: 0)
  }

  /// The folder that holds files whose paths are alike for `depth` components, which are at most
  /// `FileLayout.deepestPath`.
  private func folder(of files: ArraySlice<Int>, depth: Int) -> BencodeValue {
    var pairs: [(String, BencodeValue)] = []
    var rest = files
    while let first = rest.first {
      let name = layout.files[first].path[depth]
      if layout.files[first].path.count == depth + 1 {
        pairs.append((name, .dictionary([("", .dictionary(facts(of: first)))])))
        rest = rest.dropFirst()
        continue
      }
      let inner = rest.prefix { layout.files[$0].path[depth].utf8.elementsEqual(name.utf8) }
      pairs.append((name, folder(of: inner, depth: depth + 1)))
      rest = rest.dropFirst(inner.count)
    }
    return .dictionary(pairs)
  }

  private func facts(of file: Int) -> [(String, BencodeValue)] {
    var pairs = MetainfoBuilder.facts(of: layout.files[file])
    if let root = roots[file] { pairs.append(("pieces root", .string(root.bytes))) }
    return pairs
  }
}
