import DeterministicCore
import Testing
import TorrentModel

@Suite struct GeometryTests {
  /// Torrents of all shapes, a piece shorter and longer than a block among them.
  private static func geometry(seed: UInt64) throws -> PieceGeometry {
    var random = SeededGenerator(seed: seed)
    return try #require(
      PieceGeometry(
        totalLength: UInt64(random.below(300_000) + 1),
        pieceLength: UInt64(random.below(60_000) + 5_000),
        blockLength: UInt32(random.below(20_000) + 1_000)))
  }

  @Test func aRangeTouchesThePiecesItsFirstAndLastBytesLieIn() throws {
    let geometry = try #require(PieceGeometry(totalLength: 100_000, pieceLength: 16_384))
    for (offset, length, pieces) in [
      (0, 0, 0..<0), (50_000, 0, 0..<0), (0, 1, 0..<1), (0, 16_384, 0..<1), (0, 16_385, 0..<2),
      (16_383, 2, 0..<2), (16_384, 1, 1..<2), (0, 100_000, 0..<7), (99_999, 1, 6..<7),
    ] {
      #expect(geometry.pieces(offset: UInt64(offset), length: UInt64(length)) == pieces)
    }
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func piecesTileTheTorrent(seed: UInt64) throws {
    let geometry = try Self.geometry(seed: seed)
    var position: UInt64 = 0
    for piece in (0..<geometry.pieceCount).map(PieceIndex.init) {
      #expect(geometry.offset(of: piece) == position)
      #expect((1...geometry.pieceLength).contains(geometry.length(of: piece)))
      position += UInt64(geometry.length(of: piece))
    }
    #expect(position == geometry.totalLength)
    #expect(!geometry.contains(PieceIndex(geometry.pieceCount)))
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func blocksTileThePieces(seed: UInt64) throws {
    let geometry = try Self.geometry(seed: seed)
    for piece in (0..<geometry.pieceCount).map(PieceIndex.init) {
      var position: UInt32 = 0
      for number in 0..<geometry.blockCount(in: piece) {
        let block = geometry.block(number, in: piece)
        #expect(block.piece == piece)
        #expect(block.offset == position)
        #expect((1...geometry.blockLength).contains(block.length))
        #expect(geometry.blockNumber(of: block) == number)
        #expect(geometry.contains(block))
        position += block.length
      }
      #expect(position == geometry.length(of: piece))
    }
  }

  @Test func rangesThatAreNoBlocksOfOursHaveNoNumber() throws {
    let geometry = try #require(PieceGeometry(totalLength: 100_000, pieceLength: 40_000))
    let whole = geometry.block(0, in: 0)
    #expect(whole.length == 16_384)
    for block in [
      Block(piece: 0, offset: 1, length: 16_384), Block(piece: 0, offset: 0, length: 16_383),
      Block(piece: 0, offset: 16_384 * 3, length: 16_384),
      Block(piece: 3, offset: 0, length: 16_384),
      Block(piece: 0, offset: 32_768, length: 16_384),
      Block(piece: 2, offset: 16_384, length: 16_384),
      Block(piece: PieceIndex(number: .max), offset: .max, length: .max),
    ] {
      #expect(geometry.blockNumber(of: block) == nil, "\(block)")
    }
    #expect(geometry.blockNumber(of: Block(piece: 2, offset: 16_384, length: 3_616)) == 1)
  }

  @Test(arguments: [
    (PieceIndex(0), UInt32(0), UInt32(40_000), true), (0, 39_999, 1, true), (0, 0, 1, true),
    (2, 0, 20_000, true), (0, 0, 0, false), (0, 0, 40_001, false), (0, 40_000, 1, false),
    (2, 0, 20_001, false), (3, 0, 1, false), (0, .max, .max, false), (0, 1, .max, false),
  ])
  func requestsAreServedInsideOnePieceOnly(
    piece: PieceIndex, offset: UInt32, length: UInt32, isInside: Bool
  ) throws {
    let geometry = try #require(PieceGeometry(totalLength: 100_000, pieceLength: 40_000))
    #expect(geometry.contains(Block(piece: piece, offset: offset, length: length)) == isInside)
  }

  private static let impossible: [(totalLength: UInt64, pieceLength: UInt64)] = [
    (0, 1), (1, 0), (.max, 1), (UInt64(Int64.max) + 1, 1 << 20), (1 << 40, 16_384),
    (1, PieceGeometry.longestPiece + 1),
  ]

  @Test(arguments: impossible)
  func lengthsThatDescribeNoTorrentAreRefused(totalLength: UInt64, pieceLength: UInt64) {
    #expect(PieceGeometry(totalLength: totalLength, pieceLength: pieceLength) == nil)
  }

  @Test func theLargestTorrentHasNoOverflow() throws {
    let length = UInt64(PieceGeometry.mostPieces) * PieceGeometry.longestPiece
    let geometry = try #require(
      PieceGeometry(totalLength: length - 1, pieceLength: PieceGeometry.longestPiece))
    let last = PieceIndex(geometry.pieceCount - 1)
    #expect(geometry.pieceCount == PieceGeometry.mostPieces)
    #expect(UInt64(geometry.length(of: last)) == PieceGeometry.longestPiece - 1)
    #expect(geometry.offset(of: last) + UInt64(geometry.length(of: last)) == length - 1)
  }

  private static let recommended: [(totalLength: UInt64, pieceLength: UInt64)] = [
    (0, 16_384), (1_048_576, 16_384), (32_767_999, 16_384), (32_768_000, 32_768),
    (1 << 30, 1 << 20), (4 << 30, 4 << 20), (1 << 40, 16 << 20), (.max, 16 << 20),
  ]

  @Test(arguments: recommended)
  func pieceLengthsGrowWithTheTorrent(totalLength: UInt64, pieceLength: UInt64) {
    #expect(PieceGeometry.recommendedPieceLength(for: totalLength) == pieceLength)
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func segmentsTileTheFiles(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let lengths = (0..<random.below(30) + 1).map { _ in
      UInt64(random.below(3) == 0 ? 0 : random.below(2000))
    }
    let layout = try FileLayout(
      name: "root", isSingleFile: false,
      files: lengths.enumerated().map { (["\($0.offset)"], $0.element) })
    #expect(layout.totalLength == lengths.reduce(0, +))
    // Bytes as (file, offset) pairs, the slow way round.
    let bytes = lengths.enumerated().flatMap { file, length in
      (0..<length).map { (file: file, offset: $0) }
    }
    for _ in 0..<10 {
      let offset = random.below(bytes.count + 1)
      let length = random.below(bytes.count - offset + 1)
      let segments = layout.segments(offset: UInt64(offset), length: UInt64(length))
      #expect(segments.allSatisfy { $0.length > 0 })
      #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.file < $1.file })
      let covered = segments.flatMap { segment in
        (segment.offset..<segment.offset + segment.length).map { (file: segment.file, offset: $0) }
      }
      #expect(covered.elementsEqual(bytes[offset..<offset + length], by: ==))
    }
  }
}
