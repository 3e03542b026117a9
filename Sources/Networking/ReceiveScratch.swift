import Glibc
import PeerWire
import TorrentModel

/// The memory that one loop's connections read and encrypt through, shared because only one does so at
/// a time: a thousand idle connections cost no buffers.
public final class ReceiveScratch {
  /// Blocks whose arrival is guessed in one read: a mebibyte.
  static let mostPredictions = 64
  /// Bytes read behind the guesses, or at all when there are none.
  static let tailLength = 128 << 10
  /// Room for a header, aligned.
  private static let headerStride = 16

  let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: 2 * mostPredictions + 2)
  /// Where the bytes behind all guesses go.
  let tail = UnsafeMutableRawPointer.allocate(byteCount: tailLength, alignment: 64)
  /// Where payload goes that nobody wants.
  let sink = UnsafeMutableRawPointer.allocate(
    byteCount: Int(PieceGeometry.standardBlockLength), alignment: 64)
  /// Where what leaves encrypted connections is encrypted: some blocks, for one system call. The
  /// kernel gives it no memory until the first such connection writes there.
  let cipherSpace = UnsafeMutableRawBufferPointer.allocate(
    byteCount: 128 << 10, alignment: 64)
  private let headers = UnsafeMutableRawPointer.allocate(
    byteCount: mostPredictions * headerStride, alignment: headerStride)
  /// The guesses of the read under way.
  var predicted: [Block] = []
  /// Where the payload of each goes.
  var places: [UnsafeMutableRawPointer] = []

  public init() {}

  deinit {
    vectors.deallocate()
    tail.deallocate()
    sink.deallocate()
    headers.deallocate()
    cipherSpace.deallocate()
  }

  func header(_ index: Int) -> UnsafeMutableRawPointer { headers + index * Self.headerStride }
}
