/// How a torrent's bytes fall into pieces and blocks: the only place with length arithmetic.
///
/// A piece that ends in padding, as the last one of a file does where files are aligned (BEP 47,
/// BEP 52), is as long as its bytes that are in a file: no more is ever asked of a peer. Peers may
/// ask for all of its span, since some do not know what padding is (BEP 47).
///
/// The invariant: `extent > 0`, `pieceLength > 0`, no piece is empty, and the count of pieces fits
/// 32 bits, so that none of the products below can overflow.
public struct PieceGeometry: Hashable, Sendable {
  /// The length of a request that every client serves (BEP 3 by convention): 16 KiB.
  public static let standardBlockLength: UInt32 = 16 << 10

  /// Bytes in all pieces together.
  public let totalLength: UInt64
  /// Bytes from the start of the first piece to the end of the last one's padding.
  public let extent: UInt64
  /// Bytes in every piece but the last and those that end in padding.
  public let pieceLength: UInt32
  /// Bytes in every block but a piece's last.
  public let blockLength: UInt32
  public let pieceCount: Int
  /// The pieces that end in padding, in their order.
  @usableFromInline let shortPieces: [ShortPiece]

  @usableFromInline
  struct ShortPiece: Hashable, Sendable {
    @usableFromInline let piece: UInt32
    /// Bytes.
    @usableFromInline let length: UInt32
  }

  /// Pieces without padding. `nil` when the lengths describe no torrent: nothing to share, an empty
  /// or enormous piece, or more pieces than a HAVE message can name.
  public init?(
    totalLength: UInt64, pieceLength: UInt64, blockLength: UInt32 = standardBlockLength
  ) {
    self.init(
      extent: totalLength, pieceLength: pieceLength, blockLength: blockLength, fileEnds: [])
  }

  /// The pieces of a layout. `nil` for the same reasons.
  public init?(_ layout: FileLayout, pieceLength: UInt64) {
    guard pieceLength > 0 else { return nil }
    // Where a file ends before the next one begins.
    var ends: [FileEnd] = []
    if layout.hasPadding {
      var end: UInt64 = 0
      for file in layout.files where file.length > 0 {
        if file.offset > end { ends.append(FileEnd(position: end, next: file.offset)) }
        end = file.offset + file.length
      }
      if layout.extent > end { ends.append(FileEnd(position: end, next: layout.extent)) }
    }
    self.init(
      extent: layout.extent, pieceLength: pieceLength, blockLength: Self.standardBlockLength,
      fileEnds: ends)
  }

  private struct FileEnd {
    let position: UInt64
    /// Where the padding behind it ends.
    let next: UInt64
  }

  private init?(extent: UInt64, pieceLength: UInt64, blockLength: UInt32, fileEnds: [FileEnd]) {
    guard extent > 0, extent <= UInt64(Int64.max), pieceLength > 0,
      pieceLength <= Self.longestPiece, blockLength > 0
    else { return nil }
    let pieces = (extent - 1) / pieceLength + 1
    guard pieces <= UInt64(Self.mostPieces) else { return nil }
    self.extent = extent
    self.pieceLength = UInt32(pieceLength)
    self.blockLength = blockLength
    self.pieceCount = Int(pieces)
    var padding: UInt64 = 0
    var short: [ShortPiece] = []
    for end in fileEnds where end.position % pieceLength > 0 {
      let piece = end.position / pieceLength
      let pieceEnd = min((piece + 1) * pieceLength, extent)
      guard end.next >= pieceEnd else { continue }
      padding += pieceEnd - end.position
      short.append(
        ShortPiece(piece: UInt32(piece), length: UInt32(end.position - piece * pieceLength)))
    }
    shortPieces = short
    totalLength = extent - padding
  }

  /// The longest piece taken from others: 128 MiB, eight times what we create.
  public static let longestPiece: UInt64 = 128 << 20
  /// The most pieces taken from others: their hashes fill the longest metainfo we read.
  public static let mostPieces = 1 << 21

  @inlinable
  public func contains(_ piece: PieceIndex) -> Bool { piece.index < pieceCount }

  /// Bytes in a piece, without the padding at its end. - Precondition: the torrent has the piece.
  @inlinable
  public func length(of piece: PieceIndex) -> UInt32 {
    shortPieces.isEmpty ? span(of: piece) : lengthOfAligned(piece)
  }

  /// Bytes in a piece and the padding at its end: what SHA-1 is taken of (BEP 47).
  ///
  /// - Precondition: the torrent has the piece.
  @inlinable
  public func span(of piece: PieceIndex) -> UInt32 {
    precondition(contains(piece), "a piece beyond the torrent")
    guard piece.index == pieceCount - 1 else { return pieceLength }
    return UInt32(extent - UInt64(pieceCount - 1) * UInt64(pieceLength))
  }

  @usableFromInline
  func lengthOfAligned(_ piece: PieceIndex) -> UInt32 {
    var low = 0
    var high = shortPieces.count
    while low < high {
      let middle = (low + high) / 2
      if shortPieces[middle].piece < piece.number { low = middle + 1 } else { high = middle }
    }
    guard low < shortPieces.count, shortPieces[low].piece == piece.number else {
      return span(of: piece)
    }
    return shortPieces[low].length
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

  /// Whether a range that a peer asks for lies inside one piece and its padding.
  @inlinable
  public func contains(_ block: Block) -> Bool {
    guard contains(block.piece), block.length > 0 else { return false }
    return UInt64(block.offset) + UInt64(block.length) <= UInt64(span(of: block.piece))
  }

  /// The piece length for new torrents of a size: a power of two from 16 KiB to 16 MiB, as long as
  /// possible while there are at least 1000 pieces, the number that keeps a swarm's uplinks busy.
  public static func recommendedPieceLength(for totalLength: UInt64) -> UInt64 {
    var length: UInt64 = 16 << 10
    while length < 16 << 20, totalLength / (length * 2) >= 1000 { length *= 2 }
    return length
  }
}
