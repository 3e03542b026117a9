public import Hashing
public import TorrentModel

/// A message between peers (BEP 3, BEP 6, BEP 10, BEP 52), except `piece`: a block's payload never passes
/// through a message, it goes from the socket to the piece's buffer (see `PeerMessageDecoder`).
public enum PeerMessage: Hashable, Sendable {
  case keepAlive
  case choke
  case unchoke
  case interested
  case notInterested
  case have(PieceIndex)
  /// The bytes as sent: what they mean depends on the torrent, which may not be known yet.
  case bitfield([UInt8])
  case request(Block)
  case cancel(Block)
  /// The peer's DHT port (BEP 5).
  case port(UInt16)
  case suggest(PieceIndex)
  case haveAll
  case haveNone
  case reject(Block)
  case allowedFast(PieceIndex)
  /// An extension's message under the number the receiver gave it; 0 is the handshake (BEP 10).
  case extended(id: UInt8, payload: [UInt8])
  /// Nodes of a file's hash tree are wanted (BEP 52). These three are large and rare.
  indirect case hashRequest(HashRange)
  /// Those nodes, and behind them the ones beside their ancestors, from below.
  indirect case hashes(HashRange, [Bytes32])
  indirect case hashReject(HashRange)
  /// A message of no kind we know, which is to be ignored.
  case unknown(id: UInt8)
}

/// The message numbers of BEP 3, 5, 6, 10 and 52.
public enum MessageID {
  public static let choke: UInt8 = 0
  public static let unchoke: UInt8 = 1
  public static let interested: UInt8 = 2
  public static let notInterested: UInt8 = 3
  public static let have: UInt8 = 4
  public static let bitfield: UInt8 = 5
  public static let request: UInt8 = 6
  public static let piece: UInt8 = 7
  public static let cancel: UInt8 = 8
  public static let port: UInt8 = 9
  public static let suggest: UInt8 = 13
  public static let haveAll: UInt8 = 14
  public static let haveNone: UInt8 = 15
  public static let reject: UInt8 = 16
  public static let allowedFast: UInt8 = 17
  public static let extended: UInt8 = 20
  public static let hashRequest: UInt8 = 21
  public static let hashes: UInt8 = 22
  public static let hashReject: UInt8 = 23
}
