import Glibc

/// Small files as wholes: read with a bound, written all or not at all.
///
/// The invariant: whoever looks at a path that `write` was given, even after a power cut, finds the
/// old file or the new one whole, never a part of either; where the old one is kept, it may for a
/// moment stand under its second name only.
public enum WholeFile {
  /// Reads the regular file at a path.
  ///
  /// - Parameter limit: bytes.
  /// - Returns: nil when there is no such file.
  /// - Throws: also for a file that is longer than the limit, as `notAFile` of ours.
  public static func read(at path: String, atMost limit: Int) throws(StorageError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw StorageError(.open, code: errno, path: path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw StorageError(.read, code: errno, path: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      throw StorageError(.open, path: path, .notAFile)
    }
    // What grew since it was looked at is not whole.
    guard let bytes = try read(descriptor, atMost: Int(status.st_size), of: path) else {
      throw StorageError(.read, path: path, .changed)
    }
    return bytes
  }

  /// Reads a descriptor to its end.
  ///
  /// - Parameters:
  ///   - limit: bytes. One more tells a file that is too long; what is not touched costs nothing.
  ///   - path: for the error.
  /// - Returns: nil when there is more than the limit.
  public static func read(
    _ descriptor: Int32, atMost limit: Int, of path: String
  ) throws(StorageError) -> [UInt8]? {
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
    guard code == 0 else { throw StorageError(.read, code: code, path: path) }
    return contents.count <= limit ? contents : nil
  }

  /// Puts a file at a path: written beside it, synced, renamed over it, and the folder synced.
  ///
  /// - Parameters:
  ///   - mode: permissions of the new file, before the process's mask.
  ///   - previous: where the file goes that stood there, in the same folder; nil for nowhere. Such
  ///     a file has one writer.
  public static func write(
    _ contents: [UInt8], to path: String, mode: UInt32 = 0o666, keeping previous: String? = nil
  ) throws(StorageError) {
    if previous != nil { try requireNothingElse(at: path) }
    // A name of our own: what stands there was left by a process of this number, or the one writer,
    // that was killed.
    let fresh = previous == nil ? "\(folder(of: path))/.shoal-\(getpid()).new" : path + ".new"
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw StorageError(.create, code: errno, path: path) }
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
      guard count > 0 else { throw StorageError(.write, code: errno, path: path) }
      written += count
    }
    guard fsync(descriptor) == 0 else { throw StorageError(.sync, code: errno, path: path) }
    if let previous, rename(path, previous) < 0, errno != ENOENT {
      throw StorageError(.sync, code: errno, path: previous)
    }
    guard rename(fresh, path) == 0 else { throw StorageError(.sync, code: errno, path: path) }
    isInPlace = true
    try syncFolder(of: path)
  }

  /// Makes the folder that a path lies in, and those that lead to it, where they are missing.
  public static func makeFolder(of path: String) throws(StorageError) {
    _ = try Folder(path: folder(of: path), makingIt: true)
  }

  /// A folder would be renamed like a file, and is somebody else's.
  private static func requireNothingElse(at path: String) throws(StorageError) {
    var status = stat()
    guard lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw StorageError(.create, path: path, .notAFile)
    }
  }

  public static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A rename lasts once its folder is on disk.
  private static func syncFolder(of path: String) throws(StorageError) {
    let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StorageError(.sync, code: errno, path: path) }
    defer { close(descriptor) }
    // Some file systems cannot sync a folder and say so with EINVAL; there is no more to do.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw StorageError(.sync, code: errno, path: path)
    }
  }
}
