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
    // What grew since it was looked at is not whole either.
    return try WholeFile.read(descriptor, atMost: Int(status.st_size), of: path)
  }

  /// Writes the file anew: see `WholeFile`.
  public func write(_ bytes: [UInt8]) throws(StorageError) {
    let folder = WholeFile.folder(of: path)
    if mkdir(folder, 0o777) < 0, errno != EEXIST {
      throw StorageError(.create, path: folder, .system(errno))
    }
    try WholeFile.write(bytes, to: path, mode: 0o600)
  }
}
