import CLinux
import Glibc
import TorrentModel

/// A folder on the disk and everything beneath it, and nothing else: no path given to it leads out
/// or through a symbolic link, whatever a torrent or another process put there.
final class Folder: Sendable {
  let path: String
  /// What names the file system takes.
  let nameRules: FileNames.Rules
  private let descriptor: Int32

  /// - Parameter makingIt: whether to make the folder, and those that lead to it, when missing.
  init(path: String, makingIt: Bool) throws(StorageError) {
    self.path = path
    var descriptor = shoal_open_folder(path)
    if descriptor < 0, errno == ENOENT, makingIt {
      try Self.make(path)
      descriptor = shoal_open_folder(path)
    }
    guard descriptor >= 0 else { throw StorageError(.open, code: errno, path: path) }
    self.descriptor = descriptor
    nameRules = shoal_takes_windows_names(descriptor) == 1 ? .windows : .linux
  }

  deinit { close(descriptor) }

  /// The user's own path: links in it are the user's business.
  private static func make(_ path: String) throws(StorageError) {
    if mkdir(path, newFolderMode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw StorageError(.create, code: errno, path: path)
    }
    try make(String(path[..<slash]))
    guard mkdir(path, newFolderMode) == 0 || errno == EEXIST else {
      throw StorageError(.create, code: errno, path: path)
    }
  }

  /// What a person reads: the folder's path and the one beneath it.
  func fullPath(_ below: String) -> String {
    path.hasSuffix("/") ? path + below : path + "/" + below
  }

  /// Opens an existing file, which must be a regular one. - Returns: its descriptor and length.
  func openFile(_ below: String, writing: Bool) throws(StorageError) -> OpenedFile {
    let descriptor = shoal_open_beneath(self.descriptor, below, writing ? O_RDWR : O_RDONLY, 0)
    guard descriptor >= 0 else {
      throw StorageError(.open, code: errno, path: fullPath(below))
    }
    return try check(descriptor, below, for: .open)
  }

  /// Reads a file from its first byte on, without keeping it open.
  ///
  /// - Parameters:
  ///   - opened: its descriptor, which is closed, if somebody opened it before.
  ///   - parent: the folder that holds it, if somebody opened that before.
  ///   - mark: what the file looked like before.
  /// - Throws: `changed` when it is gone, or another one by the time that it has been read.
  func readWhole(
    _ below: String, opened: Int32?, parent: Int32?, into bytes: UnsafeMutableRawBufferPointer,
    mark: FileMark
  ) throws(StorageError) {
    do throws(StorageError) {
      let descriptor = opened ?? open(below, parent: parent)
      guard descriptor >= 0 else {
        throw StorageError(.open, code: errno, path: fullPath(below))
      }
      defer { close(descriptor) }
      try Transfer.read(descriptor, into: bytes, at: 0, path: fullPath(below))
      var status = stat()
      guard fstat(descriptor, &status) == 0, FileMark(status) == mark, status.st_nlink > 0 else {
        throw StorageError(.share, path: fullPath(below), .changed)
      }
    } catch {
      throw error.isAbsence ? StorageError(.share, path: fullPath(below), .changed) : error
    }
  }

  private func open(_ below: String, parent: Int32?) -> Int32 {
    guard let parent else { return shoal_open_beneath(descriptor, below, O_RDONLY, 0) }
    return below.withCString { path in
      let name = strrchr(path, Int32(UInt8(ascii: "/"))).map { UnsafePointer($0 + 1) }
      return shoal_open_within(parent, name ?? path)
    }
  }

  /// Opens a file for reading and writing; makes it, and the folders that lead to it, when missing.
  ///
  /// - Parameter isExecutable: of a file that is made.
  func makeFile(_ below: String, isExecutable: Bool = false) throws(StorageError) -> OpenedFile {
    let flags = O_RDWR | O_CREAT
    let mode = isExecutable ? Self.newFolderMode : Self.newFileMode
    var descriptor = shoal_open_beneath(self.descriptor, below, flags, mode)
    if descriptor < 0, errno == ENOENT {
      try makeFolders(leadingTo: below)
      descriptor = shoal_open_beneath(self.descriptor, below, flags, mode)
    }
    guard descriptor >= 0 else {
      throw StorageError(.create, code: errno, path: fullPath(below))
    }
    return try check(descriptor, below, for: .create)
  }

  func makeFolders(leadingTo below: String) throws(StorageError) {
    guard shoal_make_folders_beneath(descriptor, below, Self.newFolderMode) == 0 else {
      throw StorageError(.create, code: errno, path: fullPath(below))
    }
  }

  /// Makes a symbolic link, and the folders that lead to it. What stands there already is left
  /// alone.
  func makeLink(_ below: String, to target: String) throws(StorageError) {
    try makeFolders(leadingTo: below)
    let (parent, name) =
      below.lastIndex(of: "/").map {
        (String(below[..<$0]), String(below[below.index(after: $0)...]))
      } ?? (".", below)
    let descriptor = try openFolder(parent)
    defer { close(descriptor) }
    // EPERM: the file system has no links, and the torrent is no worse for it.
    guard symlinkat(target, descriptor, name) == 0 || errno == EEXIST || errno == EPERM else {
      throw StorageError(.create, code: errno, path: fullPath(below))
    }
  }

  /// Opens a folder beneath this one, for listing. - Returns: a descriptor that the caller closes.
  func openFolder(_ below: String) throws(StorageError) -> Int32 {
    let opened = shoal_open_beneath(descriptor, below, O_RDONLY | O_DIRECTORY, 0)
    guard opened >= 0 else { throw StorageError(.scan, code: errno, path: fullPath(below)) }
    return opened
  }

  /// What a file looks like now; `nil` when it cannot be looked at.
  func mark(of below: String) -> FileMark? {
    var status = stat()
    guard fstatat(descriptor, below, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return FileMark(status)
  }

  /// Whether a file can be opened for reading.
  func canRead(_ below: String) -> Bool {
    guard let opened = try? openFile(below, writing: false) else { return false }
    close(opened.descriptor)
    return true
  }

  /// Which file stands at a path; `nil` when it cannot be looked at.
  func identity(of below: String) -> FileIdentity? {
    var status = stat()
    guard fstatat(descriptor, below, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return FileIdentity(status)
  }

  /// The text of a symbolic link; `nil` for what is none, and for a text that is not UTF-8.
  func target(ofLink below: String) -> String? {
    var text = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = text.withUnsafeMutableBytes { space in
      readlinkat(
        descriptor, below, space.baseAddress!.assumingMemoryBound(to: CChar.self), space.count)
    }
    return count > 0 ? String(validating: text.prefix(count), as: UTF8.self) : nil
  }

  private func check(
    _ descriptor: Int32, _ below: String, for operation: StorageError.Operation
  ) throws(StorageError) -> OpenedFile {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = StorageError(operation, code: errno, path: fullPath(below))
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw StorageError(operation, path: fullPath(below), .notAFile)
    }
    return OpenedFile(descriptor: descriptor, length: UInt64(status.st_size))
  }

  // The process's umask takes from these what its user does not grant.
  private static let newFileMode: mode_t = 0o666
  private static let newFolderMode: mode_t = 0o777
}

struct OpenedFile {
  let descriptor: Int32
  /// Bytes in the file when it was opened.
  let length: UInt64
}
