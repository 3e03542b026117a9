public import Hashing
import TorrentModel

/// Where a piece is hashed: one for each thread, which owns the digest's context.
public struct PieceHasher: ~Copyable {
  private let sha1 = SHA1()

  public init() {}

  /// The hash of a piece that is in memory as a whole.
  public func hash(_ piece: UnsafeRawBufferPointer) -> Bytes20 {
    sha1.update(piece)
    return sha1.finish()
  }

  /// The hash of each block of a piece, by which two copies of it are told apart.
  public func hashBlocks(of piece: UnsafeRawBufferPointer) -> [Bytes20] {
    let length = Int(PieceGeometry.standardBlockLength)
    return stride(from: 0, to: piece.count, by: length).map { start in
      hash(UnsafeRawBufferPointer(rebasing: piece[start..<min(start + length, piece.count)]))
    }
  }

  /// The next part of a piece that comes in parts.
  func update(_ part: UnsafeRawBufferPointer) { sha1.update(part) }

  /// The hash of the parts since the last call.
  func finish() -> Bytes20 { sha1.finish() }
}
