import CLinux
import Glibc

/// Padding (BEP 47, BEP 52) as sendfile(2) takes it: an anonymous file that is one hole.
enum Zeros {
  /// Bytes in the file: more than a block, which is what is sent at once.
  private static let length: UInt64 = 1 << 20

  /// -1 where the machine grants none. Never closed.
  private static let descriptor: Int32 = {
    let descriptor = shoal_anonymous_file("shoal-zeros")
    guard descriptor >= 0, ftruncate(descriptor, off_t(length)) == 0 else { return -1 }
    return descriptor
  }()

  /// Offers zeros as `PieceStorage.send` offers a part of a file. - Returns: bytes taken.
  static func offer(
    _ count: UInt64, _ body: (_ descriptor: Int32, _ fileOffset: Int64, _ length: Int) -> Int
  ) throws(StorageError) -> UInt64 {
    guard descriptor >= 0 else { throw StorageError(.read, path: "padding", .system(ENOMEM)) }
    return UInt64(body(descriptor, 0, Int(min(count, length))))
  }
}
