import Glibc

/// What tells that a file is still the one it was: all that changes with a write.
///
/// The device is not part of it: it is numbered anew with each boot, and a mark may be kept longer.
public struct FileMark: Hashable, Sendable {
  /// Bytes.
  public let length: UInt64
  /// Unique within a file system; 0 where there is no file.
  public let inode: UInt64
  /// When the content last changed, in nanoseconds since 1970.
  public let modified: Int64

  public init(length: UInt64, inode: UInt64, modified: Int64) {
    self.length = length
    self.inode = inode
    self.modified = modified
  }

  /// Of a file that is not there or cannot be looked at.
  public static let absent = FileMark(length: 0, inode: 0, modified: 0)

  init(_ status: stat) {
    let seconds = Int64(status.st_mtim.tv_sec)
    self.init(
      length: UInt64(status.st_size), inode: UInt64(status.st_ino),
      // Wraps beyond the year 2262, which two marks of one time do alike.
      modified: seconds &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
  }
}

/// Which file it is, while it is there: two names of one file have it in common.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64

  init(_ status: stat) { self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }

  init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

/// What the file system says of a file, as much of it as a scan keeps for each.
struct FileStatus: Sendable {
  let mark: FileMark
  let device: UInt64
  let mode: mode_t

  init(_ status: stat) {
    mark = FileMark(status)
    device = UInt64(status.st_dev)
    mode = status.st_mode
  }

  var identity: FileIdentity { FileIdentity(device: device, inode: mark.inode) }
  var kind: mode_t { mode & S_IFMT }
  var isExecutable: Bool { mode & S_IXUSR != 0 }
}
