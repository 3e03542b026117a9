import CLinux
import Glibc
public import TorrentModel

/// A torrent's bytes in memory: an anonymous file, all files of the torrent end to end, so that
/// sendfile(2) works here as it does on a disk.
public final class MemoryStorage: PieceStorage {
  public let layout: FileLayout
  private let descriptor: Int32

  public init(layout: FileLayout) throws(StorageError) {
    self.layout = layout
    descriptor = shoal_anonymous_file("shoal")
    guard descriptor >= 0 else { throw StorageError(.create, code: errno, path: Self.path) }
    try Transfer.setLength(
      descriptor, to: layout.extent, reserving: false, path: Self.path)
  }

  deinit { close(descriptor) }

  private static let path = "memory"

  public func prepare() throws(StorageError) {}

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    check(offset: offset, length: UInt64(bytes.count))
    try Transfer.write(descriptor, bytes, at: offset, path: Self.path)
  }

  public func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(StorageError) {
    check(offset: offset, length: UInt64(bytes.count))
    try Transfer.read(descriptor, into: bytes, at: offset, path: Self.path)
  }

  public func send(
    offset: UInt64, length: Int,
    _ body: (_ descriptor: Int32, _ fileOffset: Int64, _ length: Int) -> Int
  ) throws(StorageError) -> Int {
    check(offset: offset, length: UInt64(length))
    return length > 0 ? body(descriptor, Int64(offset), length) : 0
  }

  public func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence {
    check(offset: offset, length: length)
    return try Transfer.presence(descriptor, offset: offset, length: length, path: Self.path)
  }

  public func readAhead(offset: UInt64, length: UInt64) {}

  public func sync() throws(StorageError) {}
}
