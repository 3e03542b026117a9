import Bencoding
import Hashing
import TorrentModel

/// Torrents of version 2 put together by hand, with trees hashed as BEP 52 tells it, a node at a time.
struct Version2Fixture {
  var files: [(path: [String], content: [UInt8])]
  var name = "root"
  var pieceLength = 32_768

  /// 100,000 bytes in four pieces, an empty file, and one shorter than a block.
  static let folder = Version2Fixture(files: [
    (["a", "long"], content(100_000, 1)), (["b"], []), (["c"], content(100, 2)),
  ])

  private static let noise = (0..<100_100).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }

  static func content(_ count: Int, _ seed: Int) -> [UInt8] { Array(noise[seed..<seed + count]) }

  static func leaves(_ content: [UInt8]) -> [Bytes32] {
    stride(from: 0, to: content.count, by: 16_384).map {
      SHA256.hash(content[$0..<min($0 + 16_384, content.count)])
    }
  }

  /// The root over leaves, of which those that are missing are zeros.
  static func root(_ leaves: [Bytes32], width: Int) -> Bytes32 {
    guard width > 1 else { return leaves.first ?? .zero }
    let half = width / 2
    let left = root(Array(leaves.prefix(half)), width: half)
    let right = root(Array(leaves.dropFirst(half)), width: half)
    return SHA256.hash(left.bytes + right.bytes)
  }

  static func width(_ count: Int) -> Int {
    var width = 1
    while width < count { width *= 2 }
    return width
  }

  static func root(of content: [UInt8]) -> Bytes32 {
    let leaves = leaves(content)
    return root(leaves, width: width(leaves.count))
  }

  /// The node of each piece; of a file of one piece its root.
  func layer(of content: [UInt8]) -> [Bytes32] {
    let leaves = Self.leaves(content)
    let blocks = pieceLength / 16_384
    guard content.count > pieceLength else {
      return content.isEmpty ? [] : [Self.root(of: content)]
    }
    return stride(from: 0, to: leaves.count, by: blocks).map {
      Self.root(Array(leaves[$0..<min($0 + blocks, leaves.count)]), width: blocks)
    }
  }

  var info: BencodeValue {
    var tree = BencodeValue.dictionary([])
    for file in files {
      var facts: [(String, BencodeValue)] = [("length", .integer(Int64(file.content.count)))]
      if !file.content.isEmpty {
        facts.append(("pieces root", .string(Self.root(of: file.content).bytes)))
      }
      tree = Self.inserting(
        .dictionary([("", .dictionary(facts))]), at: file.path[...], into: tree)
    }
    return .dictionary([
      ("file tree", tree), ("meta version", .integer(2)), ("name", .string(name)),
      ("piece length", .integer(Int64(pieceLength))),
    ])
  }

  static func inserting(
    _ value: BencodeValue, at path: ArraySlice<String>, into tree: BencodeValue
  ) -> BencodeValue {
    guard let first = path.first else { return value }
    let inner = tree[first] ?? .dictionary([])
    return tree.setting(first, to: inserting(value, at: path.dropFirst(), into: inner))
  }

  var layers: BencodeValue {
    var entries: [BencodeValue.Entry] = []
    for file in files where file.content.count > pieceLength {
      let root = Self.root(of: file.content).bytes
      let layer = layer(of: file.content).flatMap(\.bytes)
      if !entries.contains(where: { $0.key == root[...] }) {
        entries.append(.init(key: root[...], value: .string(layer)))
      }
    }
    entries.sort { $0.key.lexicographicallyPrecedes($1.key) }
    return BencodeValue(.dictionary(entries))
  }

  /// The files and hashes of version 1 as well: padding behind each file.
  var hybridInfo: BencodeValue {
    var listed: [BencodeValue] = []
    var content: [UInt8] = []
    for file in files {
      listed.append(
        .dictionary([
          ("length", .integer(Int64(file.content.count))),
          ("path", .list(file.path.map { .string($0) })),
        ]))
      content += file.content
      let rest = content.count % pieceLength
      guard rest > 0 else { continue }
      let padding = pieceLength - rest
      content += [UInt8](repeating: 0, count: padding)
      listed.append(
        .dictionary([
          ("attr", .string("p")), ("length", .integer(Int64(padding))),
          ("path", .list([.string(".pad"), .string("\(padding)")])),
        ]))
    }
    let hashes = stride(from: 0, to: content.count, by: pieceLength).flatMap {
      SHA1.hash(content[$0..<$0 + pieceLength]).bytes
    }
    return info.setting("files", to: .list(listed)).setting("pieces", to: .string(hashes))
  }

  func read(_ info: BencodeValue? = nil) throws(MetainfoError) -> Metainfo {
    try MetainfoFixture.read(info ?? self.info, outer: [("piece layers", layers)])
  }
}
