import DeterministicCore
import PeerWire
import TorrentModel

// The extension protocol (BEP 10), the metadata it carries (BEP 9), and the moment the torrent
// becomes known.
extension Swarm {
  mutating func receiveExtended(
    _ id: UInt8, _ payload: [UInt8], from key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    do {
      switch id {
      case 0:
        let handshake = try ExtensionHandshake(payload: payload)
        take(handshake, from: key, at: now, into: &effects)
      case ExtensionHandshake.ourMetadataID:
        let message = try MetadataMessage(payload: payload)
        take(message, from: key, at: now, into: &effects)
      default:
        break
      }
    } catch {
      fault(key, "\(error)", at: now, into: &effects)
    }
  }

  private mutating func take(
    _ handshake: ExtensionHandshake, from key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    peers[key].clientVersion = handshake.clientVersion ?? peers[key].clientVersion
    peers[key].metadataID = handshake.metadataID
    peers[key].metadataSize = handshake.metadataSize
    if let reqq = handshake.requestQueue { peers[key].pipeline.setPeerLimit(reqq) }
    if let port = handshake.listenPort, !peers[key].isOutgoing {
      peers[key].listeningOn = Endpoint(peers[key].endpoint.address, port: port)
    }
    if picker == nil { requestMetadata(at: now, into: &effects) }
  }

  private mutating func take(
    _ message: MetadataMessage, from key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    switch message {
    case .request(let part):
      serveMetadata(part, to: key, at: now, into: &effects)
    case .data(let part, let totalSize, let bytes):
      guard picker == nil else { return }
      if let whole = metadataExchange.take(
        part: part, totalSize: totalSize, data: bytes, from: key)
      {
        effects.append(.metadataComplete(whole))
      } else {
        requestMetadata(at: now, into: &effects)
      }
    case .reject(let part):
      metadataExchange.release(part: part, of: key)
      // It has none, whatever it said: the others are asked.
      peers[key].metadataSize = nil
      if picker == nil { requestMetadata(at: now, into: &effects) }
    case .unknown:
      break
    }
  }

  private mutating func serveMetadata(
    _ part: Int, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let id = peers[key].metadataID else { return }
    let start = part * MetadataMessage.partLength
    let answer: MetadataMessage
    if start < metadata.count {
      let end = min(metadata.count, start + MetadataMessage.partLength)
      answer = .data(part: part, totalSize: metadata.count, bytes: Array(metadata[start..<end]))
    } else {
      answer = .reject(part: part)
    }
    send(.extended(id: id, payload: answer.payload), to: key, at: now, into: &effects)
  }

  /// Asks every peer that has the metadata for parts that nobody is asked for.
  mutating func requestMetadata(at now: Moment, into effects: inout [SwarmEffect]) {
    for key in peers.ids where peers[key].isConnected {
      guard let id = peers[key].metadataID, let size = peers[key].metadataSize else { continue }
      let isFirst = metadataExchange.size == nil
      guard metadataExchange.believe(size: size) else { continue }
      if isFirst { effects.append(.report(.metadataSize(size))) }
      let parts = metadataExchange.request(
        of: key, at: now, patience: configuration.metadataDeadline)
      for part in parts {
        let payload = MetadataMessage.request(part: part).payload
        send(.extended(id: id, payload: payload), to: key, at: now, into: &effects)
      }
    }
  }

  mutating func metadataFailed(at now: Moment, into effects: inout [SwarmEffect]) {
    let senders = metadataExchange.refute()
    if senders.count == 1 {
      ban(senders[0], .protocolFault("false metadata"), at: now, into: &effects)
    }
    requestMetadata(at: now, into: &effects)
  }

  // MARK: Ready

  /// The torrent is known and its files have been looked at: peers met before can be understood.
  mutating func becomeReady(
    _ geometry: PieceGeometry, have: Bitfield, metadata: [UInt8], at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    precondition(picker == nil, "a swarm becomes ready once")
    self.geometry = geometry
    self.metadata = metadata
    picker = PiecePicker(
      geometry: geometry, have: have, generator: SeededGenerator(seed: generator.next()))
    // What one peer had said may end the connections of others, if its address is banned for it.
    for key in peers.ids where peers.find(key)?.isConnected == true {
      // A bitfield may come first only (BEP 3), so what we have is told piece by piece.
      for piece in have.pieces { send(.have(piece), to: key, at: now, into: &effects) }
      grantFastPieces(to: key, at: now, into: &effects)
      readUnreadPieces(of: key, at: now, into: &effects)
    }
    if have.isFull { effects.append(.report(.complete)) }
  }
}
