import Glibc
import Synchronization

/// Descriptors of small files that a scan opened to look at them, until the files are read: opening a
/// file and asking its descriptor costs little more than asking for its status by name, and saves the
/// second way to it. Where there are more files than may be open it is their folders that stay open,
/// which shortens that way.
///
/// The invariant: each descriptor is closed once, by who takes it or at the end, and all of them
/// leave `reserve` to the rest of the process.
final class OpenFiles: Sendable {
  /// Names one of the files.
  struct Slot: Sendable {
    fileprivate let index: UInt32
  }

  /// Names one of the folders.
  struct FolderSlot: Sendable {
    fileprivate let index: UInt32
  }

  private let capacity: Int
  private let folderCapacity: Int
  private let descriptors: Mutex<[Int32]>
  private let folders: Mutex<[Int32]>

  /// Descriptors of files at most, however many the process may have.
  private static let mostKept = 1 << 16
  /// Of folders.
  private static let mostFolders = 1 << 12
  /// What the rest of the process may need.
  private static let reserve = 256

  convenience init() {
    var limit = rlimit()
    let known = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    let granted = known ? Int(clamping: limit.rlim_cur) : 0
    let folderCapacity = min(Self.mostFolders, granted / 16)
    self.init(
      capacity: min(Self.mostKept, max(0, granted - folderCapacity - Self.reserve)),
      folderCapacity: folderCapacity)
  }

  /// - Parameters:
  ///   - capacity: files kept open at most.
  ///   - folderCapacity: folders kept open at most.
  init(capacity: Int, folderCapacity: Int) {
    self.capacity = capacity
    self.folderCapacity = folderCapacity
    descriptors = Mutex([])
    folders = Mutex([])
    Self.makeRoom(for: capacity + folderCapacity)
  }

  /// The kernel's table of descriptors doubles when it is full, and with several threads each time
  /// waits some ten milliseconds for all processors; so it grows once, before there are threads.
  private static func makeRoom(for count: Int) {
    let descriptor = Glibc.open("/", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let last = fcntl(descriptor, F_DUPFD_CLOEXEC, Int32(clamping: max(0, count - 1)))
    if last >= 0 { close(last) }
    close(descriptor)
  }

  deinit { closeAll() }

  /// Closes what nobody has taken, such as files that were read in parts, and the folders.
  func closeAll() {
    folders.withLock { folders in
      for descriptor in folders { close(descriptor) }
      folders = []
    }
    descriptors.withLock { descriptors in
      for index in descriptors.indices where descriptors[index] >= 0 {
        close(descriptors[index])
        descriptors[index] = -1
      }
    }
  }

  /// Opens a file in a folder, if there is room for it and it is what can be read through a kept
  /// descriptor: a regular file of at most `longest` bytes.
  ///
  /// - Returns: what it is, whatever became of its descriptor; nil when it cannot be opened.
  func open(
    _ name: UnsafePointer<CChar>, in folder: Int32, longest: Int
  ) -> (status: stat, slot: Slot?)? {
    guard hasRoom else { return nil }
    let descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      return nil
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0, status.st_size <= longest else {
      close(descriptor)
      return (status, nil)
    }
    let index = descriptors.withLock { descriptors in
      descriptors.append(descriptor)
      return UInt32(descriptors.count - 1)
    }
    return (status, Slot(index: index))
  }

  /// Whether another file might be kept open.
  var hasRoom: Bool { descriptors.withLock { $0.count < capacity } }

  /// Keeps a folder open, by a descriptor of its own, until everything is closed; nil when there are
  /// enough of them.
  func keep(folder: Int32) -> FolderSlot? {
    folders.withLock { folders in
      guard folders.count < folderCapacity else { return nil }
      let descriptor = fcntl(folder, F_DUPFD_CLOEXEC, 0)
      guard descriptor >= 0 else { return nil }
      folders.append(descriptor)
      return FolderSlot(index: UInt32(folders.count - 1))
    }
  }

  /// The descriptor of a folder; nil once everything was closed.
  func folder(_ slot: FolderSlot) -> Int32? {
    folders.withLock { Int(slot.index) < $0.count ? $0[Int(slot.index)] : nil }
  }

  /// Hands over a descriptor, to be closed by the caller; nil when it was handed over before.
  func take(_ slot: Slot) -> Int32? {
    descriptors.withLock { descriptors in
      let descriptor = descriptors[Int(slot.index)]
      descriptors[Int(slot.index)] = -1
      return descriptor < 0 ? nil : descriptor
    }
  }
}
