import Glibc
public import Storage

/// Where a tracker keeps its swarms between two runs: one file, replaced whole.
public struct SwarmsFile: Sendable {
  public let path: String

  /// Bytes: twenty million peers. What is longer was not written by us.
  private static let longest = 1 << 30

  /// - Parameter folder: made when the file is first written.
  public init(in folder: String) { path = folder + "/swarms" }

  /// The contents, or `nil` when there is no such file.
  public func read() throws(StorageError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw StorageError(.open, path: path, .system(errno))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw StorageError(.read, path: path, .system(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.longest else {
      throw StorageError(.open, path: path, .notAFile)
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { space, filled in
      while filled < space.count {
        let count = Glibc.read(descriptor, space.baseAddress! + filled, space.count - filled)
        if count < 0, errno == EINTR { continue }
        if count < 0 { code = errno }
        guard count > 0 else { return }
        filled += count
      }
    }
    guard code == 0 else { throw StorageError(.read, path: path, .system(code)) }
    return bytes
  }

  /// Writes the file anew: whoever looks, even after a power cut, finds the old one or the new one
  /// whole.
  public func write(_ bytes: [UInt8]) throws(StorageError) {
    let folder = String(path.dropLast("/swarms".count))
    if mkdir(folder, 0o777) < 0, errno != EEXIST {
      throw StorageError(.create, path: folder, .system(errno))
    }
    let fresh = path + ".new"
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StorageError(.create, path: fresh, .system(errno)) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw StorageError(.write, path: fresh, .system(errno)) }
      written += count
    }
    guard fsync(descriptor) == 0, rename(fresh, path) == 0 else {
      throw StorageError(.sync, path: path, .system(errno))
    }
  }
}
