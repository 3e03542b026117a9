/// How a torrent's bytes fall into pieces and blocks: the only place with length arithmetic.
///
/// The invariant: `totalLength > 0`, `pieceLength > 0` and the count of pieces fits 32 bits, so that
/// none of the products below can overflow.
public struct PieceGeometry: Hashable, Sendable {
  /// The length of a request that every client serves (BEP 3 by convention): 16 KiB.
  public static let standardBlockLength: UInt32 = 16 << 10

  /// Bytes in all files together.
  public let totalLength: UInt64
  /// Bytes in every piece but the last.
  public let pieceLength: UInt32
  /// Bytes in every block but a piece's last.
  public let blockLength: UInt32
  public let pieceCount: Int

  /// `nil` when the lengths describe no torrent: nothing to share, an empty or enormous piece, or
  /// more pieces than a HAVE message can name.
  public init?(
    totalLength: UInt64, pieceLength: UInt64, blockLength: UInt32 = standardBlockLength
  ) {
    guard totalLength > 0, totalLength <= UInt64(Int64.max), pieceLength > 0,
      pieceLength <= Self.longestPiece, blockLength > 0
    else { return nil }
    let pieces = (totalLength - 1) / pieceLength + 1
    guard pieces <= UInt64(Self.mostPieces) else { return nil }
    self.totalLength = totalLength
    self.pieceLength = UInt32(pieceLength)
    self.blockLength = blockLength
    self.pieceCount = Int(pieces)
  }

  /// The longest piece taken from others: 128 MiB, eight times what we create.
  public static let longestPiece: UInt64 = 128 << 20
  /// The most pieces taken from others: their hashes fill the longest metainfo we read.
  public static let mostPieces = 1 << 21

  @inlinable
  public func contains(_ piece: PieceIndex) -> Bool { piece.index < pieceCount }

  /// Bytes in a piece. - Precondition: the torrent has the piece.
  @inlinable
  public func length(of piece: PieceIndex) -> UInt32 {
    precondition(contains(piece), "a piece beyond the torrent")
    guard piece.index == pieceCount - 1 else { return pieceLength }
    return UInt32(totalLength - UInt64(pieceCount - 1) * UInt64(pieceLength))
  }

  /// Where a piece starts, in bytes from the start of the torrent.
  @inlinable
  public func offset(of piece: PieceIndex) -> UInt64 {
    UInt64(piece.number) * UInt64(pieceLength)
  }

  /// The numbers of the pieces that a range of the torrent's bytes touches; none for an empty one.
  public func pieces(offset: UInt64, length: UInt64) -> Range<Int> {
    guard length > 0 else { return 0..<0 }
    let last = (offset + length - 1) / UInt64(pieceLength)
    return Int(offset / UInt64(pieceLength))..<Int(last) + 1
  }

  @inlinable
  public func blockCount(in piece: PieceIndex) -> Int {
    Int((length(of: piece) - 1) / blockLength + 1)
  }

  /// The block with a number inside its piece.
  @inlinable
  public func block(_ number: Int, in piece: PieceIndex) -> Block {
    let offset = UInt32(number) * blockLength
    return Block(
      piece: piece, offset: offset, length: min(blockLength, length(of: piece) - offset))
  }

  /// The number of a block of ours inside its piece; `nil` for a range that is no block of ours.
  @inlinable
  public func blockNumber(of block: Block) -> Int? {
    guard contains(block.piece), block.offset % blockLength == 0,
      block.offset < length(of: block.piece),
      block.length == min(blockLength, length(of: block.piece) - block.offset)
    else { return nil }
    return Int(block.offset / blockLength)
  }

  /// Whether a range that a peer asks for lies inside one piece.
  @inlinable
  public func contains(_ block: Block) -> Bool {
    guard contains(block.piece), block.length > 0 else { return false }
    return UInt64(block.offset) + UInt64(block.length) <= UInt64(length(of: block.piece))
  }

  /// The piece length for new torrents of a size: a power of two from 16 KiB to 16 MiB, as long as
  /// possible while there are at least 1000 pieces, the number that keeps a swarm's uplinks busy.
  public static func recommendedPieceLength(for totalLength: UInt64) -> UInt64 {
    var length: UInt64 = 16 << 10
    while length < 16 << 20, totalLength / (length * 2) >= 1000 { length *= 2 }
    return length
  }
}
