import Glibc
import TorrentModel

/// What a file or folder on the disk holds for a torrent, in the one order in which every machine
/// would list it: component by component, by the bytes of the names. BEP 52 asks for the same order,
/// so that one tree has one order whatever the version of the torrent.
struct ContentScan {
  struct File {
    /// Below the torrent's root; of a single file, its name on the disk.
    let path: [String]
    let mark: FileMark
    let isExecutable: Bool

    init(path: [String], _ status: stat) {
      self.path = path
      mark = FileMark(status)
      isExecutable = status.st_mode & S_IXUSR != 0
    }
  }

  /// Where the files stand: the folder itself, or the folder of a single file.
  let folder: Folder
  /// The last component of the path as it was given; links are followed afterwards.
  let name: String
  let isSingleFile: Bool
  private(set) var files: [File] = []
  private(set) var skipped: [SkippedItem] = []

  /// - Throws: also when a folder cannot be listed or a name is not UTF-8: a torrent that silently
  ///   lacks something would be worse.
  init(path: String) throws(StorageError) {
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
      files = [File(path: [realName], status)]
    case S_IFDIR:
      isSingleFile = false
      folder = try Folder(path: real, makingIt: false)
      try walk()
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

  private struct Item {
    let path: [String]
    let status: stat
  }

  /// Depth first, without recursion: a tree is as deep as whoever made it liked.
  private mutating func walk() throws(StorageError) {
    var open = try list([])
    while let item = open.popLast() {
      switch item.status.st_mode & S_IFMT {
      case S_IFREG:
        files.append(File(path: item.path, item.status))
      case S_IFDIR:
        guard item.path.count < FileLayout.deepestPath else {
          throw StorageError(
            .share, path: fullPath(item.path),
            .unacceptable("folders are nested more than \(FileLayout.deepestPath) deep"))
        }
        let inner = try list(item.path)
        if inner.isEmpty { skip(item, .emptyFolder) }
        open += inner
      case S_IFLNK: skip(item, .symbolicLink)
      default: skip(item, .specialFile)
      }
    }
  }

  private mutating func skip(_ item: Item, _ reason: SkippedItem.Reason) {
    skipped.append(SkippedItem(path: item.path.joined(separator: "/"), reason: reason))
  }

  private func fullPath(_ path: [String]) -> String {
    folder.fullPath(path.joined(separator: "/"))
  }

  /// What a folder holds, last name first.
  private func list(_ path: [String]) throws(StorageError) -> [Item] {
    let descriptor = try folder.openFolder(path.isEmpty ? "." : path.joined(separator: "/"))
    guard let stream = fdopendir(descriptor) else {
      let error = StorageError(.scan, code: errno, path: fullPath(path))
      close(descriptor)
      throw error
    }
    defer { closedir(stream) }
    var items: [Item] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw StorageError(.scan, code: errno, path: fullPath(path)) }
        break
      }
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
        .assumingMemoryBound(to: CChar.self)
      guard let text = String(validatingCString: name) else {
        let repaired = String(cString: name)
        throw StorageError(.share, path: fullPath(path + [repaired]), .nameNotText)
      }
      if text == "." || text == ".." { continue }
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        throw StorageError(.scan, code: errno, path: fullPath(path + [text]))
      }
      items.append(Item(path: path + [text], status: status))
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

/// Something beneath a shared folder that no torrent can hold.
public struct SkippedItem: Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    case symbolicLink, specialFile, emptyFolder
  }

  /// Below the shared folder.
  public let path: String
  public let reason: Reason
}
