import Glibc
import TorrentModel

/// Small whole files: read with a bound, written all or not at all.
enum FileContents {
  /// The contents of a `.torrent` file; `-` is standard input.
  static func read(_ path: String) throws(CommandError) -> [UInt8] {
    if path == "-" { return try readAll(STDIN_FILENO, of: "standard input") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open the file", on: path, errno) }
    defer { close(descriptor) }
    return try readAll(descriptor, of: path)
  }

  private static func readAll(_ descriptor: Int32, of path: String) throws(CommandError) -> [UInt8]
  {
    // One byte beyond the limit tells a file that is too long; what is not touched costs nothing.
    let limit = Metainfo.longestDocument
    var code: Int32 = 0
    let contents = [UInt8](unsafeUninitializedCapacity: limit + 1) { space, count in
      while count < space.count {
        let got = Glibc.read(descriptor, space.baseAddress! + count, space.count - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        guard got > 0 else { return }
        count += got
      }
    }
    guard code == 0 else { throw failure("cannot read the file", on: path, code) }
    guard contents.count <= limit else {
      throw CommandError(
        .badMetainfo, "longer than the \(Format.size(UInt64(limit))) a .torrent file may have",
        on: path, remedy: "give a .torrent file, not the data")
    }
    return contents
  }

  /// Puts a file with these contents at a path: whoever looks, even after a power cut, finds the
  /// old file or the new one whole. The new file is written beside it, synced, and renamed over it.
  static func write(_ contents: [UInt8], to path: String) throws(CommandError) {
    let message = "cannot write the file"
    let folder = folder(of: path)
    let fresh = "\(folder)/.shoal-\(getpid()).new"
    // A name of our own: what stands there was left by a process of this number that was killed.
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(message, on: path, errno) }
    var isInPlace = false
    defer {
      close(descriptor)
      if !isInPlace { unlink(fresh) }
    }
    var written = 0
    while written < contents.count {
      let count = contents.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + written, contents.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(message, on: path, errno) }
      written += count
    }
    guard fsync(descriptor) == 0, rename(fresh, path) == 0 else {
      throw failure(message, on: path, errno)
    }
    isInPlace = true
    try sync(folder: folder, of: path)
  }

  /// Refuses a path that `write` could not write to, before hours of work are lost.
  static func checkWritable(_ path: String) throws(CommandError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw failure("cannot write the file", on: path, EISDIR)
    }
    guard access(folder(of: path), W_OK) == 0 else {
      throw failure("cannot write the file", on: path, errno)
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A rename lasts once its folder is on disk.
  private static func sync(folder: String, of path: String) throws(CommandError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot sync the folder", on: path, errno) }
    defer { close(descriptor) }
    // Some file systems cannot sync a folder and say so with EINVAL; there is no more to do.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw failure("cannot sync the folder", on: path, errno)
    }
  }

  /// A path that names nothing readable is the caller's mistake; anything else is the disk's.
  static func failure(_ message: String, on path: String, _ code: Int32) -> CommandError {
    let reason = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP:
      return .usage("\(message): \(reason)", on: path, remedy: "check the path")
    case EACCES, EPERM, EROFS:
      return CommandError(
        .disk, "\(message): \(reason)", on: path, remedy: "check its owner and permissions")
    case ENOSPC, EDQUOT:
      return CommandError(.disk, "\(message): \(reason)", on: path, remedy: "make room")
    default:
      return CommandError(.disk, "\(message): \(reason)", on: path, remedy: "check the disk")
    }
  }
}
