import TorrentModel

/// Of which version a torrent is made, and of which piece length, where nobody has said.
///
/// In version 2 each file begins a piece (BEP 52), and in a hybrid torrent the space up to there is
/// padding that version 1 hashes and that clients without BEP 47 fetch: pieces much larger than the
/// files would make a torrent of little else.
struct VersionChoice {
  let version: TorrentVersion
  let pieceLength: UInt64

  /// - Parameters:
  ///   - lengths: of the files, in bytes.
  ///   - version: nil for both versions, unless padding would be more than the content or the
  ///     metainfo longer than clients read.
  ///   - pieceLength: nil for one that suits the total, and no larger than the files are.
  init(lengths: [UInt64], version: TorrentVersion?, pieceLength: UInt64?) {
    let total = lengths.reduce(0, &+)
    let suitsTotal = pieceLength ?? PieceGeometry.recommendedPieceLength(for: total)
    guard version != .v1, lengths.count > 1 else {
      self.version = version ?? .hybrid
      self.pieceLength = suitsTotal
      return
    }
    var length = suitsTotal
    if pieceLength == nil {
      while length > Self.shortestPiece, Self.padding(lengths, to: length) > total / 8 {
        length /= 2
      }
    }
    let isWasteful = Self.padding(lengths, to: length) > max(total, Self.harmlessPadding)
    if version == nil, isWasteful || lengths.count > Self.mostFiles {
      self.version = .v1
      self.pieceLength = suitsTotal
    } else {
      self.version = version ?? .hybrid
      self.pieceLength = length
    }
  }

  private static let shortestPiece = UInt64(PieceGeometry.standardBlockLength)
  /// Bytes that nobody minds, however small the files are.
  private static let harmlessPadding: UInt64 = 16 << 20
  /// Each file stands in the metainfo twice, and its padding once more, of what a strict reader takes.
  private static let mostFiles = 30_000

  private static func padding(_ lengths: [UInt64], to pieceLength: UInt64) -> UInt64 {
    lengths.reduce(0) { sum, length in
      let rest = length % pieceLength
      return rest == 0 ? sum : sum &+ (pieceLength - rest)
    }
  }
}
