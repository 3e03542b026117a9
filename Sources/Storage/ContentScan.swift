import Glibc
import TorrentModel

/// What a file or folder on the disk holds for a torrent, in the one order in which every machine
/// would list it: component by component, by the bytes of the names. BEP 52 asks for the same order,
/// so that one tree has one order whatever the version of the torrent.
struct ContentScan {
  struct File {
    private let item: ScannedItem
    /// Where a link that is kept leads, below the torrent's root.
    let linkTarget: [String]?

    fileprivate init(_ item: consuming ScannedItem, linkTarget: [String]? = nil) {
      self.item = item
      self.linkTarget = linkTarget
    }

    /// Below the torrent's root; of a single file, its name on the disk.
    var path: [String] { item.path }
    /// Beneath `folder`.
    var place: String { item.place }
    var mark: FileMark { item.status.mark }
    var identity: FileIdentity { item.status.identity }
    var isExecutable: Bool { linkTarget == nil && item.status.isExecutable }
    /// Where it is open to be read, if it is.
    var slot: OpenFiles.Slot? { item.slot }
    /// The folder that it stands in, if that is kept open.
    var parent: OpenFiles.FolderSlot? { item.parent }
    /// Bytes of it in the torrent: none of a link.
    var length: UInt64 { linkTarget == nil ? mark.length : 0 }
  }

  /// Where the files stand: the folder itself, or the folder of a single file; the root of the file
  /// system where links are followed, which lead anywhere.
  let folder: Folder
  /// The last component of the path as it was given; links are followed afterwards.
  let name: String
  let isSingleFile: Bool
  private(set) var files: [File] = []
  private(set) var skipped: [SkippedItem] = []
  private let listing: FolderListing
  /// What folders hold that are still to be walked, by their path in the torrent.
  private var listed: [[String]: FolderListing.Listed] = [:]

  private var rules: ContentRules { listing.rules }
  private var passesOverTrouble: Bool { listing.passesOverTrouble }

  /// Files of one scan: more have no metainfo that anybody reads.
  static let mostFiles = 1 << 20

  /// - Parameters:
  ///   - passesOverTrouble: whether what cannot be listed or named is passed over, and a tree too
  ///     large is cut short.
  ///   - openFiles: keeps small files of a folder open to be read, if anything is to be read.
  /// - Throws: also when a folder cannot be listed or a name is not UTF-8: a torrent that silently
  ///   lacks something would be worse.
  init(
    path: String, rules: ContentRules = ContentRules(), passesOverTrouble: Bool = false,
    openFiles: OpenFiles? = nil
  ) throws(StorageError) {
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
      listing = FolderListing(folder: folder, rules: rules, passesOverTrouble: passesOverTrouble)
      files = [File(ScannedItem(path: [realName], place: realName, status: FileStatus(status)))]
    case S_IFDIR:
      isSingleFile = false
      let isRooted = rules.links == .follow
      folder = try Folder(path: isRooted ? "/" : real, makingIt: false)
      listing = FolderListing(
        folder: folder, rules: rules, passesOverTrouble: passesOverTrouble, openFiles: openFiles)
      try walk(
        ScannedItem(
          path: [], place: isRooted ? String(real.dropFirst()) : "", status: FileStatus(status)))
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

  /// Depth first, without recursion: a tree is as deep as whoever made it liked.
  private mutating func walk(_ root: ScannedItem) throws(StorageError) {
    var links: [ScannedItem] = []
    // Of each folder on the way what is still to come, last name first.
    var open = [try listing.list(root)]
    listAhead(open[0])
    while !open.isEmpty {
      guard var item = open[open.count - 1].popLast() else {
        open.removeLast()
        continue
      }
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
        files.append(File(consume item))
      case S_IFDIR:
        guard let inner = try content(of: item) else { continue }
        if inner.isEmpty { skip(item, .emptyFolder) }
        listAhead(inner)
        open.append(inner)
      case S_IFLNK where rules.links == .keep: links.append(item)
      case S_IFLNK: skip(item, rules.links == .follow ? .deadLink : .symbolicLink)
      default: skip(item, .specialFile)
      }
    }
    if !links.isEmpty { keep(links) }
  }

  /// What a folder holds; nil where it is passed over.
  private mutating func content(of item: ScannedItem) throws(StorageError) -> [ScannedItem]? {
    guard !item.ancestors.contains(item.status.identity) else {
      skip(item, .loop)
      return nil
    }
    do throws(StorageError) {
      guard item.path.count < FileLayout.deepestPath else {
        throw StorageError(
          .share, path: fullPath(item),
          .unacceptable("folders are nested more than \(FileLayout.deepestPath) deep"))
      }
      if let listed = listed.removeValue(forKey: item.path) { return try listed.get() }
      return try listing.list(item)
    } catch {
      guard passesOverTrouble else { throw error }
      return nil
    }
  }

  /// Lists the folders among what a folder holds, all at once.
  private mutating func listAhead(_ items: [ScannedItem]) {
    let folders = items.filter { item in
      item.kind == S_IFDIR && item.path.count < FileLayout.deepestPath
        && rules.reasonToSkip(item.path) == nil
    }
    guard folders.count >= Self.leastAhead else { return }
    var count = 0
    for (folder, result) in zip(folders, listing.list(folders)) {
      listed[folder.path] = result
      if case .success(let items)? = result { count += items.count }
    }
    // Less would grow step by step, and copy what is there each time.
    if count > files.count { files.reserveCapacity(files.count + count) }
  }

  /// Fewer folders are listed before threads for them would have started.
  private static let leastAhead = 8

  private mutating func skip(_ item: ScannedItem, _ reason: SkippedItem.Reason) {
    skipped.append(SkippedItem(path: item.path.joined(separator: "/"), reason: reason))
  }

  private func fullPath(_ item: ScannedItem) -> String { listing.fullPath(item) }

  // MARK: Links

  /// Puts what a link leads to in its place; leaves it a link where it leads nowhere.
  private func follow(_ item: inout ScannedItem) {
    guard let real = try? Self.resolve(fullPath(item)) else { return }
    var status = stat()
    guard lstat(real, &status) == 0 else { return }
    item.place = String(real.dropFirst())
    item.parent = nil
    item.status = FileStatus(status)
  }

  /// Takes the links that lead to a file of the torrent or to a folder of one; `FileLayout` would make
  /// empty files of the others.
  private mutating func keep(_ links: [ScannedItem]) {
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
    files.sort { PathOrder.precedes($0.path, $1.path) }
  }

  /// Where a link leads, by its text: below the root, or nil.
  private func target(of item: ScannedItem) -> [String]? {
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
}
