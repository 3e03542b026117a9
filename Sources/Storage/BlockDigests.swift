import Hashing
import TorrentModel

extension HashLanes {
  /// The hash of each block of a piece, by which two copies of it are told apart, and which are the
  /// leaves of its tree (BEP 52).
  mutating func hashBlocks(of piece: UnsafeRawBufferPointer) -> [Algorithm.Digest] {
    let length = Int(PieceGeometry.standardBlockLength)
    var blocks = stride(from: 0, to: piece.count, by: length).map { start in
      UnsafeRawBufferPointer(rebasing: piece[start..<min(start + length, piece.count)])
    }[...]
    var digests: [Algorithm.Digest] = []
    while let first = blocks.first {
      let batch = blocks.prefix(Self.widest).prefix { $0.count == first.count }
      blocks = blocks.dropFirst(batch.count)
      digests += finish(Array(batch))
    }
    return digests
  }
}
