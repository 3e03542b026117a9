import CLinux
import Glibc

/// Whole transfers at a position: interrupted and partial calls are continued until all bytes are
/// through. None moves the descriptor's own position, which all users of a descriptor share.
/// `path` is asked for only when a call fails.
enum Transfer {
  /// - Throws: `truncated` when the file ends first.
  static func read(
    _ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64,
    path: @autoclosure () -> String
  ) throws(StorageError) {
    var done = 0
    while done < bytes.count {
      let count = pread(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + done)
      if count == 0 { throw StorageError(.read, path: path(), .truncated) }
      if count < 0 {
        if errno == EINTR { continue }
        throw StorageError(.read, code: errno, path: path())
      }
      done += count
    }
  }

  static func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: UInt64,
    path: @autoclosure () -> String
  ) throws(StorageError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + done)
      if count < 0 {
        if errno == EINTR { continue }
        throw StorageError(.write, code: errno, path: path())
      }
      done += count
    }
  }

  /// Copies a range of one file to the same place in another.
  ///
  /// - Returns: when the range is through, or `cancellation` has asked to stop.
  /// - Throws: `read` when it is the first that refuses or ends, `write` when it is the second.
  static func copy(
    from source: Int32, path sourcePath: @autoclosure () -> String, to target: Int32,
    path targetPath: @autoclosure () -> String, offset: UInt64, length: UInt64,
    cancellation: Cancellation
  ) throws(StorageError) {
    var position = offset
    let end = offset + length
    while position < end, !cancellation.isCancelled {
      let part = Int(min(end - position, 16 << 20))
      let count = shoal_copy_range(source, target, off_t(position), part)
      if count > 0 {
        position += UInt64(count)
        continue
      }
      if count < 0, errno == EINTR { continue }
      // Two file systems, or one that cannot; and where a disk refuses, which of the two it is.
      try copyThroughMemory(
        from: source, path: sourcePath(), to: target, path: targetPath(), offset: position,
        length: min(part, 1 << 20))
      position += UInt64(min(part, 1 << 20))
    }
  }

  private static func copyThroughMemory(
    from source: Int32, path sourcePath: @autoclosure () -> String, to target: Int32,
    path targetPath: @autoclosure () -> String, offset: UInt64, length: Int
  ) throws(StorageError) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 4096)
    defer { memory.deallocate() }
    try read(source, into: memory, at: offset, path: sourcePath())
    try write(target, UnsafeRawBufferPointer(memory), at: offset, path: targetPath())
  }

  /// What a file holds between two positions.
  static func presence(
    _ descriptor: Int32, offset: UInt64, length: UInt64, path: @autoclosure () -> String
  ) throws(StorageError) -> DataPresence {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw StorageError(.read, code: errno, path: path())
    }
    guard UInt64(status.st_size) >= offset + length else { return .absent }
    let data = shoal_next_data(descriptor, off_t(offset))
    if data < 0 {
      // A file system that knows no holes answers EINVAL: all of the file is data there.
      return errno == ENXIO ? .hole : .data
    }
    return UInt64(data) < offset + length ? .data : .hole
  }

  /// Hints in parts: Linux cuts one hint to what a device takes at once (128 KiB at the least).
  static func readAhead(_ descriptor: Int32, offset: UInt64, length: UInt64) {
    for start in stride(from: offset, to: offset + length, by: 128 << 10) {
      let part = min(128 << 10, offset + length - start)
      _ = posix_fadvise(descriptor, off_t(start), off_t(part), POSIX_FADV_WILLNEED)
    }
  }

  /// Cuts a file or extends it by a hole; reserves its room where the file system can.
  static func setLength(
    _ descriptor: Int32, to length: UInt64, reserving: Bool, path: @autoclosure () -> String
  ) throws(StorageError) {
    while ftruncate(descriptor, off_t(length)) != 0 {
      if errno != EINTR { throw StorageError(.create, code: errno, path: path()) }
    }
    guard reserving, length > 0, shoal_allocate(descriptor, off_t(length)) != 0 else { return }
    guard errno == EOPNOTSUPP || errno == ENOSYS else {
      throw StorageError(.create, code: errno, path: path())
    }
  }

  static func sync(
    _ descriptor: Int32, path: @autoclosure () -> String
  ) throws(StorageError) {
    while fdatasync(descriptor) != 0 {
      if errno != EINTR { throw StorageError(.sync, code: errno, path: path()) }
    }
  }
}
