import Bencoding
import Hashing

/// The `file tree` of a torrent of version 2 (BEP 52), as a list of files in the tree's order.
struct FileTree {
  /// Files with the roots of their hash trees; nil of those that have no byte.
  private(set) var files: [(file: ListedFile, root: Bytes32?)] = []
  /// Whether the tree is one file and no folder, which stands for itself.
  private(set) var isSingleFile = false

  /// Without recursion: a tree is as deep as whoever made it liked.
  init(_ tree: BencodeValue) throws(MetainfoError) {
    guard let entries = tree.entries else { throw .wrongType("file tree") }
    var open = [(entries: entries, next: 0)]
    var path: [String] = []
    while let folder = open.last {
      guard folder.next < folder.entries.count else {
        open.removeLast()
        _ = path.popLast()
        continue
      }
      open[open.count - 1].next += 1
      let entry = folder.entries[folder.next]
      // A name that is empty says that what holds it is a file, which has nothing beside that.
      guard !entry.key.isEmpty, let inner = entry.value.entries else {
        throw .badFileTree(path.joined(separator: "/"))
      }
      path.append(ListedFile.component(entry.key))
      try FileLayout.checkSize(of: path)
      guard let first = inner.first, first.key.isEmpty else {
        open.append((inner, 0))
        continue
      }
      guard inner.count == 1 else { throw .badFileTree(path.joined(separator: "/")) }
      try append(first.value, path: path)
      path.removeLast()
    }
    isSingleFile = files.count == 1 && entries.count == 1 && files[0].file.path.count == 1
    var paths = files.map(\.file.path)
    FileNames.tellApart(&paths)
    for index in files.indices { files[index].file.path = paths[index] }
  }

  private mutating func append(_ item: BencodeValue, path: [String]) throws(MetainfoError) {
    guard item.entries != nil else { throw .badFileTree(path.joined(separator: "/")) }
    let file = try ListedFile(item, path: path)
    guard !file.isPadding else { throw .badFileTree(path.joined(separator: "/")) }
    guard file.length > 0 else { return files.append((file, nil)) }
    guard let value = item["pieces root"] else { throw .missing("pieces root") }
    guard let root = value.string.flatMap({ Bytes32($0) }), root != .zero else {
      throw .wrongType("pieces root")
    }
    files.append((file, root))
  }
}
