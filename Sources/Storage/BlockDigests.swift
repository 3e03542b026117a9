import Hashing
import TorrentModel

extension SHA1Lanes {
  /// The hash of each block of a piece, by which two copies of it are told apart.
  mutating func hashBlocks(of piece: UnsafeRawBufferPointer) -> [Bytes20] {
    let length = Int(PieceGeometry.standardBlockLength)
    var blocks = stride(from: 0, to: piece.count, by: length).map { start in
      UnsafeRawBufferPointer(rebasing: piece[start..<min(start + length, piece.count)])
    }[...]
    var digests: [Bytes20] = []
    while let first = blocks.first {
      let batch = blocks.prefix(Self.width).prefix { $0.count == first.count }
      blocks = blocks.dropFirst(batch.count)
      digests += finish(Array(batch))
    }
    return digests
  }
}
