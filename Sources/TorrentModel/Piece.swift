/// The number of a piece, the hashed unit of a torrent (BEP 3).
public struct PieceIndex: Hashable, Comparable, Sendable, BitwiseCopyable,
  ExpressibleByIntegerLiteral, CustomStringConvertible
{
  public let number: UInt32

  @inlinable
  public init(number: UInt32) { self.number = number }

  @inlinable
  public init(_ index: Int) { number = UInt32(index) }

  @inlinable
  public init(integerLiteral number: UInt32) { self.number = number }

  /// The number as an index into an array of pieces.
  @inlinable
  public var index: Int { Int(number) }

  @inlinable
  public static func < (left: PieceIndex, right: PieceIndex) -> Bool { left.number < right.number }

  public var description: String { String(number) }
}

/// A block: the unit of a request, inside one piece.
///
/// The invariant of blocks that come from `PieceGeometry`: `offset` is a multiple of the block
/// size and the length is the block size, except in a piece's last block. Blocks that come from a
/// peer promise nothing until `PieceGeometry.contains` says so.
public struct Block: Hashable, Sendable {
  public let piece: PieceIndex
  /// Bytes from the start of the piece.
  public let offset: UInt32
  /// Bytes.
  public let length: UInt32

  @inlinable
  public init(piece: PieceIndex, offset: UInt32, length: UInt32) {
    self.piece = piece
    self.offset = offset
    self.length = length
  }
}
