public import TorrentModel

/// An `lt_donthave` message (BEP 54): the sender has lost a piece that it had announced.
public struct DontHaveMessage: Hashable, Sendable {
  public var piece: PieceIndex

  public init(_ piece: PieceIndex) { self.piece = piece }

  /// The piece's number in network order.
  public var payload: [UInt8] {
    stride(from: 24, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: piece.number >> UInt32($0))
    }
  }

  public init(payload: [UInt8]) throws(PeerWireError) {
    guard payload.count == 4 else {
      throw .badExtensionMessage("'donthave' of \(payload.count) bytes")
    }
    piece = PieceIndex(number: payload.reduce(0) { $0 << 8 | UInt32($1) })
  }
}
