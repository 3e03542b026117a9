import Glibc
import TorrentModel

/// Why a file could not be opened, read, written or shared: what failed, on which path, and what to
/// do about it, in one line.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Operation: String, Hashable, Sendable {
    case open, create, read, write, sync, scan, share
  }

  public enum Cause: Hashable, Sendable {
    /// The `errno` of a failed call.
    case system(Int32)
    /// The file ends before the byte asked for.
    case truncated
    /// A folder, device, pipe or socket stands where a file belongs.
    case notAFile
    /// A file of our own that is not as we wrote it.
    case damaged
    /// The file was written to while it was being hashed.
    case changed
    /// There is not a byte to share.
    case nothingToShare
    /// A file's name is not UTF-8, which BEP 3 requires.
    case nameNotText
    /// The torrent would be one that nobody accepts.
    case unacceptable(String)
    /// Somebody asked to stop.
    case cancelled
  }

  public let operation: Operation
  public let path: String
  public let cause: Cause

  public init(_ operation: Operation, path: String, _ cause: Cause) {
    self.operation = operation
    self.path = path
    self.cause = cause
  }

  /// The failure that `errno` told of: taken before the path is put together, which may change it.
  init(_ operation: Operation, code: Int32, path: String) {
    self.init(operation, path: path, .system(code))
  }

  /// The file, or a folder on the way to it, is not there.
  public var isMissing: Bool {
    cause == .system(ENOENT) || cause == .system(ENOTDIR)
  }

  /// The data is not there, and nothing is wrong with the disk: a missing or short file.
  public var isAbsence: Bool { isMissing || cause == .truncated }

  /// Whether the same call may succeed later.
  public enum Outlook: Hashable, Sendable {
    /// Once somebody has made room: it is worth waiting for.
    case passes
    /// Perhaps: a disk that failed a few times in a row will go on failing.
    case mayPass
    /// Not before somebody has changed something and begins anew.
    case stays
  }

  public var outlook: Outlook {
    guard case .system(let code) = cause else { return .stays }
    switch code {
    case ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM: return .passes
    // After a failed sync the kernel counts the lost pages as written: a second would succeed.
    case EIO: return operation == .sync ? .stays : .mayPass
    default: return .stays
    }
  }

  public var description: String {
    let subject = "cannot \(operation.rawValue) '\(SafeText.visible(path))': "
    switch cause {
    case .system(let code): return subject + Self.reason(code) + (Self.mend(code) ?? "")
    case .truncated: return subject + "the file is shorter than the torrent says"
    case .notAFile: return subject + "it is not a regular file; move it out of the way"
    case .damaged: return subject + "it is damaged: its checksum does not match"
    case .changed: return subject + "it changed while it was hashed; try again when it rests"
    case .nothingToShare: return subject + "there is not a byte in it"
    case .nameNotText: return subject + "its name is not UTF-8; rename it"
    case .unacceptable(let reason): return subject + reason
    case .cancelled: return subject + "interrupted"
    }
  }

  private static func reason(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }

  private static func mend(_ code: Int32) -> String? {
    switch code {
    case ENOSPC: "; free some space"
    case EDQUOT: "; free some of your quota"
    case EROFS: "; choose another folder or mount it writable"
    case EACCES, EPERM: "; change its permissions or choose another folder"
    case ELOOP: "; a symbolic link is in the way, remove it"
    case EXDEV: "; the path leads out of the folder"
    case EISDIR, ENOTDIR: "; something else is in the way, move it"
    case EMFILE, ENFILE: "; raise the limit of open files (ulimit -n)"
    case EFBIG: "; the file system or a limit (ulimit -f) refuses files this large"
    case ENAMETOOLONG: "; choose a folder with a shorter path"
    case EAGAIN: "; raise the limit of processes (ulimit -u)"
    case EIO: "; check the disk (dmesg)"
    case ENOENT: "; check the path"
    default: nil
    }
  }
}
