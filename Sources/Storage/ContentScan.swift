import Glibc
import TorrentModel

/// What a file or folder on the disk holds for a torrent, in the one order in which every machine
/// would list it: component by component, by the bytes of the names. BEP 52 asks for the same order,
/// so that one tree has one order whatever the version of the torrent.
struct ContentScan {
  struct File {
    /// Below the torrent's root; of a single file, its name on the disk.
    let path: [String]
    /// Beneath `folder`.
    let place: String
    let mark: FileMark
    let identity: FileIdentity
    let isExecutable: Bool
    /// Where a link that is kept leads, below the torrent's root.
    let linkTarget: [String]?

    /// Bytes of it in the torrent: none of a link.
    var length: UInt64 { linkTarget == nil ? mark.length : 0 }

    fileprivate init(_ item: Item, linkTarget: [String]? = nil) {
      path = item.path
      place = item.place
      mark = FileMark(item.status)
      identity = FileIdentity(item.status)
      isExecutable = linkTarget == nil && item.status.st_mode & S_IXUSR != 0
      self.linkTarget = linkTarget
    }
  }

  /// Where the files stand: the folder itself, or the folder of a single file; the root of the file
  /// system where links are followed, which lead anywhere.
  let folder: Folder
  /// The last component of the path as it was given; links are followed afterwards.
  let name: String
  let isSingleFile: Bool
  private(set) var files: [File] = []
  private(set) var skipped: [SkippedItem] = []
  private let rules: ContentRules
  /// Whether what cannot be listed or named is passed over, and a tree too large is cut short.
  private let passesOverTrouble: Bool

  /// Files of one scan: more have no metainfo that anybody reads.
  static let mostFiles = 1 << 20

  /// - Throws: also when a folder cannot be listed or a name is not UTF-8: a torrent that silently
  ///   lacks something would be worse.
  init(
    path: String, rules: ContentRules = ContentRules(), passesOverTrouble: Bool = false
  ) throws(StorageError) {
    self.rules = rules
    self.passesOverTrouble = passesOverTrouble
    let real = try Self.resolve(path)
    let given = path.split(separator: "/").last.map(String.init) ?? ""
    let (parent, realName) = Self.split(real)
    name = given.isEmpty || given == "." || given == ".." ? realName : given

    var status = stat()
    guard stat(real, &status) == 0 else { throw StorageError(.scan, code: errno, path: path) }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      isSingleFile = true
      folder = try Folder(path: parent, makingIt: false)
      files = [File(Item(path: [realName], place: realName, status: status))]
    case S_IFDIR:
      isSingleFile = false
      let isRooted = rules.links == .follow
      folder = try Folder(path: isRooted ? "/" : real, makingIt: false)
      try walk(Item(path: [], place: isRooted ? String(real.dropFirst()) : "", status: status))
    default:
      throw StorageError(.share, path: path, .notAFile)
    }
  }

  /// The path with all links in it followed.
  static func resolve(_ path: String) throws(StorageError) -> String {
    guard let resolved = realpath(path, nil) else {
      throw StorageError(.open, code: errno, path: path)
    }
    defer { free(resolved) }
    guard let text = String(validatingCString: resolved) else {
      throw StorageError(.share, path: String(cString: resolved), .nameNotText)
    }
    return text
  }

  /// The folder and the last component of an absolute path.
  static func split(_ path: String) -> (parent: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let parent = path[..<slash]
    return (parent.isEmpty ? "/" : String(parent), String(path[path.index(after: slash)...]))
  }

  fileprivate struct Item {
    let path: [String]
    /// Beneath `folder`; empty for that itself.
    var place: String
    var status: stat
    /// The folders that it lies in, where links are followed: one of them would have no end.
    var ancestors: [FileIdentity] = []

    var kind: mode_t { status.st_mode & S_IFMT }
  }

  /// Depth first, without recursion: a tree is as deep as whoever made it liked.
  private mutating func walk(_ root: Item) throws(StorageError) {
    var links: [Item] = []
    var open = try list(root)
    while var item = open.popLast() {
      if let reason = rules.reasonToSkip(item.path) {
        skip(item, reason)
        continue
      }
      if item.kind == S_IFLNK, rules.links == .follow { follow(&item) }
      switch item.kind {
      case S_IFREG:
        guard files.count < Self.mostFiles else {
          if passesOverTrouble { return }
          throw StorageError(
            .share, path: fullPath(root), .unacceptable("it has more than \(Self.mostFiles) files"))
        }
        files.append(File(item))
      case S_IFDIR:
        guard let inner = try content(of: item) else { continue }
        if inner.isEmpty { skip(item, .emptyFolder) }
        open += inner
      case S_IFLNK where rules.links == .keep: links.append(item)
      case S_IFLNK: skip(item, rules.links == .follow ? .deadLink : .symbolicLink)
      default: skip(item, .specialFile)
      }
    }
    if !links.isEmpty { keep(links) }
  }

  /// What a folder holds; nil where it is passed over.
  private mutating func content(of item: Item) throws(StorageError) -> [Item]? {
    guard !item.ancestors.contains(FileIdentity(item.status)) else {
      skip(item, .loop)
      return nil
    }
    do throws(StorageError) {
      guard item.path.count < FileLayout.deepestPath else {
        throw StorageError(
          .share, path: fullPath(item),
          .unacceptable("folders are nested more than \(FileLayout.deepestPath) deep"))
      }
      return try list(item)
    } catch {
      guard passesOverTrouble else { throw error }
      return nil
    }
  }

  private mutating func skip(_ item: Item, _ reason: SkippedItem.Reason) {
    skipped.append(SkippedItem(path: item.path.joined(separator: "/"), reason: reason))
  }

  private func fullPath(_ item: Item) -> String {
    item.place.isEmpty ? folder.path : folder.fullPath(item.place)
  }

  // MARK: Links

  /// Puts what a link leads to in its place; leaves it a link where it leads nowhere.
  private func follow(_ item: inout Item) {
    guard let real = try? Self.resolve(fullPath(item)) else { return }
    var status = stat()
    guard lstat(real, &status) == 0 else { return }
    item.place = String(real.dropFirst())
    item.status = status
  }

  /// Takes the links that lead to a file of the torrent or to a folder of one; `FileLayout` would make
  /// empty files of the others.
  private mutating func keep(_ links: [Item]) {
    var places: Set<[String]> = []
    for file in files {
      for depth in 1...file.path.count { places.insert(Array(file.path.prefix(depth))) }
    }
    for item in links {
      if let target = target(of: item), places.contains(target) {
        files.append(File(item, linkTarget: target))
      } else {
        skip(item, .leadsOut)
      }
    }
    files.sort { left, right in
      left.path.lexicographicallyPrecedes(right.path) {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
    }
  }

  /// Where a link leads, by its text: below the root, or nil.
  private func target(of item: Item) -> [String]? {
    guard let text = folder.target(ofLink: item.place), !text.hasPrefix("/") else { return nil }
    var target = Array(item.path.dropLast())
    for component in text.split(separator: "/") where component != "." {
      guard component == ".." else {
        target.append(String(component))
        continue
      }
      guard target.popLast() != nil else { return nil }
    }
    return target
  }

  // MARK: Listing

  /// What a folder holds, last name first.
  private func list(_ parent: Item) throws(StorageError) -> [Item] {
    let descriptor = try folder.openFolder(parent.place.isEmpty ? "." : parent.place)
    guard let stream = fdopendir(descriptor) else {
      let error = StorageError(.scan, code: errno, path: fullPath(parent))
      close(descriptor)
      throw error
    }
    defer { closedir(stream) }
    var items: [Item] = []
    let ancestors =
      rules.links == .follow ? parent.ancestors + [FileIdentity(parent.status)] : []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw StorageError(.scan, code: errno, path: fullPath(parent)) }
        break
      }
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
        .assumingMemoryBound(to: CChar.self)
      guard let text = String(validatingCString: name) else {
        if passesOverTrouble { continue }
        throw StorageError(
          .share, path: fullPath(parent) + "/" + String(cString: name), .nameNotText)
      }
      if text == "." || text == ".." { continue }
      let place = parent.place.isEmpty ? text : parent.place + "/" + text
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        if passesOverTrouble { continue }
        throw StorageError(.scan, code: errno, path: folder.fullPath(place))
      }
      items.append(
        Item(path: parent.path + [text], place: place, status: status, ancestors: ancestors))
    }
    items.sort { left, right in
      // By bytes: the order of Swift's own strings depends on its version of Unicode.
      right.path[right.path.count - 1].utf8.lexicographicallyPrecedes(
        left.path[left.path.count - 1].utf8)
    }
    return items
  }

  /// `d_name` is an array in C and a tuple of 256 here; its address will do.
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
}
