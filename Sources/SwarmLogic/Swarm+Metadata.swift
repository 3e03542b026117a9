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
      case ExtensionHandshake.ourExchangeID:
        let message = try ExchangeMessage(payload: payload)
        take(message, from: key, at: now, into: &effects)
      case ExtensionHandshake.ourDontHaveID:
        let message = try DontHaveMessage(payload: payload)
        noteLost(message.piece, of: key, at: now, into: &effects)
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
    peers[key].exchange.messageID = handshake.exchangeID
    if let reqq = handshake.requestQueue { peers[key].pipeline.setPeerLimit(reqq) }
    if let port = handshake.listenPort, !peers[key].isOutgoing {
      peers[key].listeningOn = Endpoint(peers[key].endpoint.address, port: port)
      peerChange += 1
    }
    if let claim = handshake.yourAddress, ownAddress.note(claim, by: peers[key].endpoint.address),
      let address = ownAddress.believed
    {
      candidates.rank(from: Endpoint(address, port: listenPort ?? 0))
    }
    if picker == nil { requestMetadata(at: now, into: &effects) }
    peers[key].isUploadOnly = handshake.isUploadOnly
    // What it has comes next, and may be the news that a copy is complete.
    if peers[key].pieces != nil { dropIfNothingToTrade(key, at: now, into: &effects) }
  }

  private mutating func take(
    _ message: MetadataMessage, from key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    switch message {
    case .request(let part):
      serveMetadata(part, to: key, at: now, into: &effects)
    case .data(let part, let totalSize, let bytes):
      guard picker == nil, metadataExchange.isAwaiting(part: part, of: key) else { return }
      peers[key].metadataMisses = 0
      if let whole = metadataExchange.take(
        part: part, totalSize: totalSize, data: bytes, from: key, at: now)
      {
        effects.append(.metadataComplete(whole))
      } else {
        requestMetadata(of: key, at: now, into: &effects)
      }
    case .reject(let part):
      guard picker == nil, metadataExchange.isAwaiting(part: part, of: key) else { return }
      metadataExchange.release(part: part, of: key)
      // It has none yet, or has given us enough for now: the others are asked.
      peers[key].metadataNotBefore = now + Self.metadataPause
      requestMetadata(at: now, into: &effects)
    case .unknown:
      break
    }
  }

  private mutating func serveMetadata(
    _ part: Int, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let id = peers[key].metadataID else { return }
    let start = part * MetadataMessage.partLength
    let most = Self.metadataServings * MetadataMessage.partCount(of: metadata.count)
    let answer: MetadataMessage
    if start < metadata.count, peers[key].metadataPartsServed < most {
      peers[key].metadataPartsServed += 1
      let end = min(metadata.count, start + MetadataMessage.partLength)
      answer = .data(part: part, totalSize: metadata.count, bytes: Array(metadata[start..<end]))
    } else {
      answer = .reject(part: part)
    }
    send(.extended(id: id, payload: answer.payload), to: key, at: now, into: &effects)
  }

  /// How long a peer that rejected a request is left alone.
  static let metadataPause = TimeSpan.seconds(60)
  /// How often a connection is given the whole metadata: twice is one more than anybody needs, and
  /// bounds what a peer that asks and never reads makes us queue.
  static let metadataServings = 2

  /// Asks every peer that has the metadata for parts that nobody is asked for: first those that
  /// have answered so far, so that the silent ones cannot keep a part to themselves.
  mutating func requestMetadata(at now: Moment, into effects: inout [SwarmEffect]) {
    guard metadata.isEmpty else { return }
    let patience = configuration.metadataDeadline
    for key in metadataExchange.expire(at: now, patience: patience) where peers.contains(key) {
      peers[key].metadataMisses += 1
    }
    var sources = peers.ids.filter {
      peers[$0].offersMetadata && now >= peers[$0].metadataNotBefore
    }
    sources.sort { (peers[$0].metadataMisses, $0) < (peers[$1].metadataMisses, $1) }
    // A size is only a claim: when it leads to nothing, the best source's claim goes before it.
    if let best = sources.first, peers[best].metadataSize != metadataExchange.size,
      metadataExchange.isStalled(at: now, patience: patience)
    {
      metadataExchange.disbelieve()
    }
    for key in sources { requestMetadata(of: key, at: now, into: &effects) }
  }

  private mutating func requestMetadata(
    of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let id = peers[key].metadataID, let size = peers[key].metadataSize else { return }
    let isFirst = metadataExchange.size == nil
    guard metadataExchange.believe(size: size, at: now) else { return }
    if isFirst { effects.append(.report(.metadataSize(size))) }
    for part in metadataExchange.request(of: key, at: now) {
      let payload = MetadataMessage.request(part: part).payload
      send(.extended(id: id, payload: payload), to: key, at: now, into: &effects)
    }
  }

  mutating func metadataFailed(at now: Moment, into effects: inout [SwarmEffect]) {
    let senders = metadataExchange.refute()
    if senders.count == 1, let endpoint = endpoint(of: senders[0]) {
      ban(endpoint, .protocolFault("false metadata"), at: now, into: &effects)
    }
    requestMetadata(at: now, into: &effects)
  }

  // MARK: Ready

  /// The torrent is known and its files have been looked at: peers met before can be understood.
  mutating func becomeReady(
    _ geometry: PieceGeometry, have: Bitfield, wanted: Bitfield?, metadata: [UInt8],
    at now: Moment, into effects: inout [SwarmEffect]
  ) {
    precondition(picker == nil, "a swarm becomes ready once")
    let wasUnknown = self.metadata.isEmpty
    self.geometry = geometry
    self.metadata = metadata
    picker = PiecePicker(
      geometry: geometry, have: have, isSequential: configuration.isSequential,
      generator: SeededGenerator(seed: generator.next()))
    if let wanted {
      for piece in Bitfield.full(count: geometry.pieceCount).pieces where !wanted[piece] {
        picker.wrapped.setPriority(.unwanted, of: piece)
      }
    }
    // What one peer had said may end the connections of others, if its address is banned for it.
    for key in peers.ids where peers.contains(key) && peers[key].isConnected {
      // Said before without the metadata's size: the peer may want it as we did (BEP 10 has further
      // handshakes change what the first one said).
      if wasUnknown { sendExtensionHandshake(to: key, isRepeated: true, at: now, into: &effects) }
      // A bitfield may come first only (BEP 3), so what we have is told piece by piece.
      if isSuperSeeding {
        hidePieces(from: key, at: now, into: &effects)
      } else {
        for piece in have.pieces { send(.have(piece), to: key, at: now, into: &effects) }
      }
      peers[key].mayHaveGifts = !have.isEmpty
      readUnreadPieces(of: key, at: now, into: &effects)
      grantFastPieces(to: key, at: now, into: &effects)
    }
    fetchFromWebSeeds(at: now, into: &effects)
    if isFinished { effects.append(.report(.complete)) }
  }
}
