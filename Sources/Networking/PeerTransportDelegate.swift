public import PeerWire
public import TorrentModel

/// Where a block that is arriving goes.
public enum Landing {
  /// Straight to its place in the piece's buffer, `block.length` bytes from here on.
  case direct(UnsafeMutableRawPointer)
  /// Into a buffer of the connection's own, because another connection may be filling the place.
  case aside
  /// Nowhere: nobody asked for it, or it has arrived from another peer.
  case discard
}

/// How a block that arrived whole has landed.
public enum LandedBlock {
  case inPlace
  /// Valid during the call only.
  case aside(UnsafeRawBufferPointer)
  case discarded
}

/// Why a connection is over.
public enum TransportEnd: Error, Hashable, Sendable, CustomStringConvertible {
  /// The peer closed it.
  case endOfStream
  case network(NetworkError)
  case protocolFault(PeerWireError)
  /// A proxy in between made no connection.
  case proxyRefused(PeerWireError)
  /// The peer could not be agreed with on keys.
  case encryptionRefused(PeerWireError)
  /// The bytes of a block could not be read to be sent.
  case sourceFailed(String)

  public var description: String {
    switch self {
    case .endOfStream: "the peer closed the connection"
    case .network(let error): error.description
    case .protocolFault(let error), .proxyRefused(let error), .encryptionRefused(let error):
      error.description
    case .sourceFailed(let reason): reason
    }
  }
}

/// Whoever decides about a connection and owns the buffers its blocks land in. Called on the loop's
/// thread, and never again once `transport(_:ended:)` was called or the transport was closed.
public protocol PeerTransportDelegate: AnyObject {
  /// The peer's handshake on a connection we made; ours has been sent.
  func transport(_ transport: PeerTransport, received handshake: Handshake)
  func transport(_ transport: PeerTransport, received message: PeerMessage)

  /// The blocks next expected on this connection, in order and without `landing`, appended to
  /// `blocks`: a guess that makes reading fast and need not be right.
  func transport(
    _ transport: PeerTransport, expectedAfter landing: Block?, atMost count: Int,
    into blocks: inout [Block])
  /// Where a block that may arrive goes. Asked for guesses, too, so it changes nothing. A place
  /// given stays valid while `completed` is called for the blocks before it, unless the transport
  /// is closed.
  func transport(_ transport: PeerTransport, landingFor block: Block) -> Landing
  /// The same place again for a block that has arrived in part; nil when it is wanted no more.
  func transport(_ transport: PeerTransport, placeOf block: Block) -> UnsafeMutableRawPointer?
  func transport(_ transport: PeerTransport, completed block: Block, landed: LandedBlock)

  /// Writes payload of `block` from `offset` on to the socket and returns how many bytes it took,
  /// 0 when the socket takes none now: then it is called again once the socket is writable.
  func transport(
    _ transport: PeerTransport, sendPayloadOf block: Block, from offset: Int, to socket: Int32
  ) throws(TransportEnd) -> Int
  /// Reads payload of `block` from `offset` on into memory, for a connection that is encrypted, and
  /// returns how many bytes there are, 0 when none may be sent now: then sending is paused.
  func transport(
    _ transport: PeerTransport, readPayloadOf block: Block, from offset: Int,
    into space: UnsafeMutableRawBufferPointer
  ) throws(TransportEnd) -> Int
  /// How many bytes may be read now, at most; 0 pauses reading until it is resumed.
  func allowance(for transport: PeerTransport) -> Int
  /// Bytes of whatever kind have been read.
  func transport(_ transport: PeerTransport, read count: Int)
  /// A block has gone to the kernel whole.
  func transport(_ transport: PeerTransport, sent block: Block)

  func transport(_ transport: PeerTransport, ended reason: TransportEnd)
}
