import DeterministicCore
import Glibc
public import Networking
public import PeerWire
import Storage
import SwarmLogic
public import TorrentModel

/// A connection that a peer made, while the swarm decides about it.
final class AcceptedConnection {
  let endpoint: Endpoint
  let handshake: Handshake
  let stream: EncryptedStream?
  private var socket: FileDescriptor?

  init(
    _ socket: consuming FileDescriptor, from endpoint: Endpoint, _ handshake: Handshake,
    _ stream: EncryptedStream?
  ) {
    self.socket = consume socket
    self.endpoint = endpoint
    self.handshake = handshake
    self.stream = stream
  }

  func takeSocket() -> FileDescriptor? { socket.take() }
}

// Connections, and what they ask.
extension TorrentRunner: PeerTransportDelegate {
  func transport(_ key: PeerKey) -> PeerTransport? {
    guard key.slot < transports.count, let transport = transports[Int(key.slot)],
      transport.key == key
    else { return nil }
    return transport
  }

  private func keep(_ transport: PeerTransport, as key: PeerKey) {
    while transports.count <= Int(key.slot) { transports.append(nil) }
    transports[Int(key.slot)] = transport
  }

  func forget(_ key: PeerKey) {
    if transport(key) != nil { transports[Int(key.slot)] = nil }
  }

  /// Bytes of messages that may wait for a peer that asks and does not read, beside a `have` of
  /// each piece; blocks are not among them, they wait in their files.
  private static let mostQueuedBytes = 1 << 20
  private static let haveLength = 9

  private var mostQueuedBytes: Int {
    Self.mostQueuedBytes + Self.haveLength * (info?.geometry.pieceCount ?? 0)
  }

  func send(_ message: PeerMessage, to key: PeerKey) {
    guard let transport = transport(key) else { return }
    if case .cancel(let block) = message {
      // Taken back and asked again at once it is this peer's alone, as before.
      transport.discardLanding { $0 == block && swarm.expectation(of: block, from: key) != .sole }
    }
    transport.send(message)
    guard transport.queuedBytes > mostQueuedBytes else { return }
    transport.close()
    forget(key)
    tell(.faulted(key, "it takes none of what it asks for"))
  }

  private func handshake(naming infoHash: InfoHash) -> Handshake {
    Handshake(reserved: swarm.names.reserved, infoHash: infoHash, peerID: session.peerID)
  }

  func connect(_ key: PeerKey, _ endpoint: Endpoint, isEncrypted: Bool) {
    guard session.mayDial else { return tell(.notDialled(key)) }
    // Other peers may have named it, or it was named before the filter was read.
    guard !session.filter.blocks(endpoint.address) else { return tell(.ended(key)) }
    var system = SystemRandomNumberGenerator()
    let name = swarm.name(dialling: key)
    let encryption =
      isEncrypted
      ? EncryptionInitiator(
        to: name, offering: session.configuration.swarm.encryption.offered,
        saying: handshake(naming: name).bytes, EncryptionChance(using: &system)) : nil
    do {
      let transport = try PeerTransport(
        connectingTo: endpoint, from: session.sourceAddress,
        through: session.configuration.proxy, encryption: encryption,
        handshake: handshake(naming: name),
        key: key, reactor: reactor, scratch: session.scratch, delegate: self)
      keep(transport, as: key)
    } catch {
      let isExhausted = error.code == EMFILE || error.code == ENFILE
      tell(isExhausted ? .notDialled(key) : .ended(key))
    }
  }

  func accept(
    _ socket: consuming FileDescriptor, from endpoint: Endpoint, _ handshake: Handshake,
    _ stream: EncryptedStream?
  ) {
    guard phase != .stopped else { return }
    nextTicket += 1
    accepted[nextTicket] = AcceptedConnection(socket, from: endpoint, handshake, stream)
    tell(.accepted(ticket: nextTicket, from: endpoint, handshake))
  }

  func adopt(_ ticket: UInt64, _ key: PeerKey) {
    guard let connection = accepted.removeValue(forKey: ticket),
      let socket = connection.takeSocket()
    else { return tell(.ended(key)) }
    do {
      let answer = handshake(naming: swarm.names.answer(to: connection.handshake))
      let transport = try PeerTransport(
        accepted: socket, from: connection.endpoint, stream: connection.stream,
        handshake: answer, key: key, reactor: reactor, scratch: session.scratch,
        delegate: self)
      keep(transport, as: key)
    } catch {
      tell(.ended(key))
    }
  }

  /// Ends the connections with peers that the filter blocks.
  func dropFilteredPeers() {
    for case let transport? in transports where session.filter.blocks(transport.endpoint.address) {
      let key = transport.key
      transport.close()
      forget(key)
      tell(.ended(key))
    }
  }

  // MARK: PeerTransportDelegate

  public func transport(_ transport: PeerTransport, received handshake: Handshake) {
    tell(.handshake(transport.key, handshake))
  }

  public func transport(_ transport: PeerTransport, received message: PeerMessage) {
    tell(.received(message, from: transport.key))
  }

  public func transport(
    _ transport: PeerTransport, expectedAfter landing: Block?, atMost count: Int,
    into blocks: inout [Block]
  ) {
    swarm.expectedBlocks(from: transport.key, after: landing, atMost: count, into: &blocks)
  }

  public func transport(_ transport: PeerTransport, landingFor block: Block) -> Landing {
    switch swarm.expectation(of: block, from: transport.key) {
    case .sole: place(of: block).map { .direct($0) } ?? .discard
    case .shared: .aside
    case .unexpected: .discard
    }
  }

  public func transport(
    _ transport: PeerTransport, placeOf block: Block
  ) -> UnsafeMutableRawPointer? {
    swarm.isWanted(block, from: transport.key) ? place(of: block) : nil
  }

  public func transport(
    _ transport: PeerTransport, completed block: Block, landed: LandedBlock
  ) {
    switch landed {
    case .inPlace:
      tell(.landed(block, from: transport.key))
    case .aside(let bytes):
      guard swarm.isWanted(block, from: transport.key), let place = place(of: block),
        let source = bytes.baseAddress
      else { return tell(.discarded(block, from: transport.key)) }
      place.copyMemory(from: source, byteCount: bytes.count)
      tell(.landed(block, from: transport.key))
    case .discarded:
      tell(.discarded(block, from: transport.key))
    }
  }

  public func transport(_ transport: PeerTransport, read count: Int) {
    guard !isExemptFromLimits(transport.endpoint) else { return }
    noteReceived(count)
  }

  public func allowance(for transport: PeerTransport) -> Int {
    isExemptFromLimits(transport.endpoint) ? .max : downloadAllowance
  }

  /// What may be received of this torrent, by all limits that it has. Each is asked, since one that
  /// has nothing lets us go on when it has.
  var downloadAllowance: Int { limits.reduce(.max) { min($0, $1.downloadAllowance()) } }

  /// The same of what may be sent.
  var uploadAllowance: Int { limits.reduce(.max) { min($0, $1.uploadAllowance()) } }

  func noteReceived(_ count: Int) {
    for limit in limits { limit.noteReceived(count) }
  }

  func noteSent(_ count: Int) {
    for limit in limits { limit.noteSent(count) }
  }

  /// Whether a peer is near enough to be none of the limits' business.
  func isExemptFromLimits(_ endpoint: Endpoint) -> Bool {
    session.configuration.exemptsLocalNetworks && endpoint.address.scope < .world
  }

  /// A limit has let go. Each time another peer is first, since the first may take all there is.
  func resumeTransports() {
    firstResumed += 1
    for index in transports.indices {
      let transport = transports[(index + firstResumed) % transports.count]
      transport?.pauseReading(false)
      transport?.pauseSending(false)
      guard !transports.isEmpty else { return }
    }
    for fetch in fetches { fetch.resume() }
  }

  public func transport(_ transport: PeerTransport, sent block: Block) {
    tell(.uploaded(block, to: transport.key))
  }

  public func transport(_ transport: PeerTransport, ended reason: TransportEnd) {
    forget(transport.key)
    if case .protocolFault(let error) = reason {
      tell(.faulted(transport.key, "\(error)"))
    } else if transport.wasRefused {
      tell(.refused(transport.key))
    } else {
      tell(.ended(transport.key))
    }
  }
}
