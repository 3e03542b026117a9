import DeterministicCore
import PeerWire
import TorrentModel

// How connections begin and end.
extension Swarm {
  // MARK: Dialling

  /// Dials candidates as far as the ramp and the limits allow.
  mutating func dial(at now: Moment, into effects: inout [SwarmEffect]) {
    hasFreePlace = false
    while dialBudget >= 1, dialCount < configuration.mostDials,
      connectionCount < configuration.enoughPeers, let (endpoint, source) = candidates.next(at: now)
    {
      guard !reputation.isBanned(endpoint, at: now), !isConnected(to: endpoint),
        hasRoom(for: endpoint.address)
      else {
        candidates.postpone(endpoint, at: now)
        continue
      }
      dialBudget -= 1
      dialCount += 1
      let encrypts = encryption.isNextEncrypted(known: candidates.answersEncrypted(endpoint))
      let name = candidates.name(for: endpoint) ?? names.primary
      call(
        endpoint, from: source, isEncrypted: encrypts, under: name, at: now, into: &effects)
    }
  }

  private mutating func call(
    _ endpoint: Endpoint, from source: PeerSource?, isEncrypted: Bool, isSecondCall: Bool = false,
    under name: InfoHash, hasRefusedOtherName: Bool = false, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    let key = peers.insert(
      PeerState(
        endpoint: endpoint, isOutgoing: true, source: source, phase: .dialing, at: now,
        pipeline: newPipeline()))
    peers[key].isEncrypted = isEncrypted
    peers[key].isSecondCall = isSecondCall
    peers[key].name = name
    peers[key].hasRefusedOtherName = hasRefusedOtherName
    effects.append(.connect(key, endpoint, isEncrypted: isEncrypted))
  }

  /// A peer that ended the connection instead of shaking hands may answer when called otherwise: the
  /// other way of encryption, and then, of a hybrid torrent, under its other name, which may be the
  /// only one that it knows (BEP 52).
  mutating func noteRefusal(
    by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key), peers[key].phase == .dialing else {
      return lose(key, at: now, into: &effects)
    }
    let encrypted = peers[key].isEncrypted
    let (endpoint, source) = (peers[key].endpoint, peers[key].source)
    let name = peers[key].name ?? names.primary
    let hasRefusedOtherName = peers[key].hasRefusedOtherName
    // Its place among the dials passes to the next call.
    if encryption.callsAgain(afterRefused: encrypted, isSecondCall: peers[key].isSecondCall) {
      _ = peers.remove(key)
      call(
        endpoint, from: source, isEncrypted: !encrypted, isSecondCall: true, under: name,
        hasRefusedOtherName: hasRefusedOtherName, at: now, into: &effects)
    } else if !hasRefusedOtherName, let other = names.other(than: name) {
      _ = peers.remove(key)
      let encrypts = encryption.isNextEncrypted(known: candidates.answersEncrypted(endpoint))
      call(
        endpoint, from: source, isEncrypted: encrypts, under: other, hasRefusedOtherName: true,
        at: now, into: &effects)
    } else {
      candidates.note(
        endpoint, answersEncrypted: encryption.next(afterRefused: encrypted))
      lose(key, at: now, into: &effects)
    }
  }

  /// There is no place for the connection. Nothing more is dialled until the next wake.
  mutating func postponeDial(_ key: PeerKey, at now: Moment) {
    guard peers.contains(key), peers[key].phase == .dialing, let peer = peers.remove(key) else {
      return
    }
    dialCount -= 1
    dialBudget = 0
    candidates.postpone(peer.endpoint, at: now)
  }

  /// Whether one more connection with a subscriber is held. On a loopback address, where every peer
  /// of the machine lives, any number is.
  private func hasRoom(for address: Address) -> Bool {
    guard !address.isLoopback else { return true }
    let subscriber = address.subscriber
    let present = peers.ids.count { peers[$0].endpoint.address.subscriber == subscriber }
    return present < configuration.mostPeersPerAddress
  }

  private func isConnected(to endpoint: Endpoint) -> Bool {
    peers.ids.contains { peers[$0].endpoint == endpoint || peers[$0].listeningOn == endpoint }
  }

  private func newPipeline() -> RequestPipeline {
    RequestPipeline(blockLength: geometry?.blockLength ?? PieceGeometry.standardBlockLength)
  }

  // MARK: Handshakes

  mutating func accept(
    ticket: UInt64, from endpoint: Endpoint, _ handshake: Handshake, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    func refuse(_ reason: CloseReason) { effects.append(.refuse(ticket: ticket, reason)) }
    guard names.contains(handshake.infoHash) else { return refuse(.wrongTorrent) }
    guard handshake.peerID != ourPeerID else {
      // The end that dialled learns nothing from being refused.
      if let listenPort { candidates.bar(Endpoint(endpoint.address, port: listenPort)) }
      return refuse(.selfConnection)
    }
    guard !reputation.isBanned(endpoint, at: now) else { return refuse(.banned) }
    guard hasRoom(for: endpoint.address),
      connectionCount < configuration.mostPeers
        || dropUselessPeer(for: endpoint, at: now, into: &effects)
    else { return refuse(.tooManyPeers) }
    if let other = connection(with: handshake.peerID) {
      guard prefersIncoming(from: handshake.peerID, over: other) else {
        return refuse(.duplicateConnection)
      }
      close(other, .duplicateConnection, at: now, into: &effects)
    }
    let key = peers.insert(
      PeerState(
        endpoint: endpoint, isOutgoing: false, phase: .connected, at: now, pipeline: newPipeline()))
    effects.append(.adopt(ticket: ticket, key))
    peers[key].isVersion2 = names.isVersion2(accepted: handshake)
    begin(key, handshake, at: now, into: &effects)
  }

  mutating func greet(
    _ key: PeerKey, _ handshake: Handshake, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key), peers[key].phase == .dialing else { return }
    guard names.contains(handshake.infoHash) else {
      return close(key, .wrongTorrent, at: now, into: &effects)
    }
    guard handshake.peerID != ourPeerID else {
      candidates.bar(peers[key].endpoint)
      return close(key, .selfConnection, at: now, into: &effects)
    }
    if let other = connection(with: handshake.peerID) {
      guard !peers[other].isOutgoing, !prefersIncoming(from: handshake.peerID, over: key) else {
        return close(key, .duplicateConnection, at: now, into: &effects)
      }
      close(other, .duplicateConnection, at: now, into: &effects)
    }
    dialCount -= 1
    let isEncrypted = peers[key].isEncrypted
    encryption.noteAnswer(encrypted: isEncrypted, isSecondCall: peers[key].isSecondCall)
    candidates.note(peers[key].endpoint, answersEncrypted: isEncrypted)
    candidates.note(peers[key].endpoint, answersTo: peers[key].name)
    peers[key].phase = .connected
    peers[key].isVersion2 = names.isVersion2(answered: handshake)
    peers[key].since = now
    peers[key].lastReceived = now
    begin(key, handshake, at: now, into: &effects)
  }

  private func connection(with peerID: PeerID) -> PeerKey? {
    peers.ids.first { peers[$0].isConnected && peers[$0].peerID == peerID }
  }

  /// Two peers that dial each other at once must drop the same connection of the two: the one made
  /// by the peer with the greater id goes.
  private func prefersIncoming(from theirs: PeerID, over other: PeerKey) -> Bool {
    peers[other].isOutgoing && theirs.digest < ourPeerID.digest
  }

  /// What every connection starts with (BEP 10, BEP 6).
  private mutating func begin(
    _ key: PeerKey, _ handshake: Handshake, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    peerChange += 1
    peers[key].peerID = handshake.peerID
    peers[key].supportsFast = handshake.reserved.contains(.fastExtension)
    peers[key].supportsExtensions = handshake.reserved.contains(.extensionProtocol)
    effects.append(.report(.peerConnected(peers[key].endpoint)))
    sendExtensionHandshake(to: key, at: now, into: &effects)
    if picker != nil {
      peers[key].mayHaveGifts = !picker.wrapped.have.isEmpty
      if isSuperSeeding {
        if peers[key].supportsFast { send(.haveNone, to: key, at: now, into: &effects) }
        hidePieces(from: key, at: now, into: &effects)
      } else {
        announcePieces(picker.wrapped.have, to: key, at: now, into: &effects)
      }
    } else if peers[key].supportsFast {
      send(.haveNone, to: key, at: now, into: &effects)
    }
    requestLayers(at: now, into: &effects)
  }

  static let clientVersion = "Shoal 0.1.0"

  mutating func sendExtensionHandshake(
    to key: PeerKey, isRepeated: Bool = false, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers[key].supportsExtensions else { return }
    var ours = ExtensionHandshake()
    ours.metadataID = ExtensionHandshake.ourMetadataID
    ours.dontHaveID = ExtensionHandshake.ourDontHaveID
    // Who hides that it is a seed does not say that it wants nothing, either.
    ours.isUploadOnly = picker != nil && isFinished && !isSuperSeeding
    ours.exchangeID = exchangesPeers ? ExtensionHandshake.ourExchangeID : nil
    // The metadata came from peers that this was offered to before it said that it may not be.
    if isPrivate, configuration.exchangesPeers, isRepeated { ours.exchangeID = 0 }
    ours.metadataSize = metadata.isEmpty ? nil : metadata.count
    ours.requestQueue = configuration.mostQueuedRequests
    ours.clientVersion = Self.clientVersion
    // Neighbours do not come through the router.
    ours.listenPort =
      peers[key].endpoint.address.scope < .world ? listenPort : outsidePort ?? listenPort
    ours.yourAddress = peers[key].endpoint.address
    send(.extended(id: 0, payload: ours.payload), to: key, at: now, into: &effects)
  }

  /// Tells those who would dial us where we can be reached from outside.
  mutating func noteReachable(
    at port: UInt16?, _ now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard port != outsidePort else { return }
    outsidePort = port
    for key in peers.ids where peers[key].isConnected {
      sendExtensionHandshake(to: key, isRepeated: true, at: now, into: &effects)
    }
  }

  /// Tells everybody that we want nothing more though we have not got everything (BEP 21).
  mutating func tellUploadOnly(at now: Moment, into effects: inout [SwarmEffect]) {
    for key in peers.ids where peers[key].isConnected {
      sendExtensionHandshake(to: key, isRepeated: true, at: now, into: &effects)
    }
  }

  mutating func announcePieces(
    _ have: Bitfield, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    if peers[key].supportsFast, have.isFull {
      send(.haveAll, to: key, at: now, into: &effects)
    } else if peers[key].supportsFast, have.isEmpty {
      send(.haveNone, to: key, at: now, into: &effects)
    } else if !have.isEmpty {
      send(.bitfield(have.wire), to: key, at: now, into: &effects)
    }
  }

  // MARK: Endings

  /// Ends a connection of our own accord.
  mutating func close(
    _ key: PeerKey, _ reason: CloseReason, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key) else { return }
    if peers[key].isConnected {
      effects.append(.report(.peerClosed(peers[key].endpoint, reason)))
    }
    effects.append(.close(key, reason))
    if reason == .nothingToTrade {
      // Both have everything for as long as we run: dialled again, it would end the same way.
      if let endpoint = peers[key].dialableAt { candidates.bar(endpoint) }
      if peers[key].isOutgoing { dialLess() }
    }
    lose(key, at: now, into: &effects)
  }

  /// A seed whose dials led to seeds dials less: when a crowd has got everything at about the same time,
  /// its members would spend themselves on greeting each other.
  private mutating func dialLess() {
    let cost = Double(configuration.fruitlessDialCost)
    dialBudget = max(dialBudget - cost, -cost * Double(configuration.mostDials))
  }

  /// Forgets a peer whose connection is over and hands its work to others.
  mutating func lose(_ key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]) {
    guard peers.contains(key), peers[key].webSeed == nil else { return }
    releaseRequests(of: key)
    if let pieces = peers[key].pieces { picker?.remove(pieces) }
    metadataExchange.release(of: key)
    releaseNodes(of: key)
    takeOffersBack(from: key)
    passingOn.forget(key)
    forgetRevelations(to: key)
    guard let peer = peers.remove(key) else { return }
    if peer.isConnected {
      peerChange += 1
      noteDeparture(of: peer, key)
    }
    if peer.phase == .dialing { dialCount -= 1 }
    if peer.isOutgoing {
      let wasUseful = peer.down.total > 0 || peer.up.total > 0
      candidates.giveBack(peer.endpoint, wasUseful: wasUseful, at: now)
    } else if let endpoint = peer.listeningOn {
      candidates.add([endpoint], from: .incoming)
    }
    if peer.isConnected {
      if !peer.isChoked {
        if peer.isInterested { servedCount -= 1 }
        fillSlots(at: now, into: &effects)
      }
      if picker == nil {
        requestMetadata(at: now, into: &effects)
        requestLayers(at: now, into: &effects)
      }
    }
    hasFreePlace = true
  }

  private mutating func noteDeparture(of peer: borrowing PeerState, _ key: PeerKey) {
    guard peer.down.total > 0 || picker == nil else { return }
    departures.note(key, at: peer.endpoint) { picker == nil ? [] : picker.wrapped.senders }
  }

  /// Where a peer is, or was if it has left.
  func endpoint(of key: PeerKey) -> Endpoint? {
    peers.contains(key) ? peers[key].endpoint : departures[key]
  }

  /// Bans an address, ends all connections with it, and fetches anew what came from it and has not
  /// been verified.
  mutating func ban(
    _ endpoint: Endpoint, _ reason: CloseReason, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    if let key = webSeed(at: endpoint) { return retireWebSeed(key, at: now, into: &effects) }
    guard !reputation.isBanned(endpoint, at: now), !endpoint.address.isNeverAPeer else { return }
    reputation.ban(endpoint, until: now + configuration.banLength)
    effects.append(.report(.peerBanned(endpoint, reason, for: configuration.banLength)))
    let subject = PeerReputation.subject(of: endpoint)
    for other in peers.ids
    where peers.contains(other) && PeerReputation.subject(of: peers[other].endpoint) == subject {
      // On a loopback address this is another endpoint, and dialling it leads to the same peer.
      if let listening = peers[other].listeningOn {
        reputation.ban(listening, until: now + configuration.banLength)
      }
      close(other, reason, at: now, into: &effects)
    }
    for key in picker == nil ? [] : picker.wrapped.senders.sorted()
    where self.endpoint(of: key).map(PeerReputation.subject) == subject {
      wastedBytes += UInt64(picker.wrapped.distrust(key))
    }
  }

  /// Ends a connection for a breach of the protocol, and bans the address that repeats it.
  mutating func fault(
    _ key: PeerKey, _ what: String, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key), peers[key].webSeed == nil else { return }
    let endpoint = peers[key].endpoint
    if reputation.noteFault(of: endpoint, at: now) {
      ban(endpoint, .protocolFault(what), at: now, into: &effects)
    } else {
      close(key, .protocolFault(what), at: now, into: &effects)
    }
  }

  /// Makes room for a newcomer: a peer from which we have long had nothing and which has had
  /// nothing from us goes, or else one with which nothing has been traded lately and that both of us
  /// should care less for than for the newcomer (BEP 40). Returns whether there was one.
  private mutating func dropUselessPeer(
    for newcomer: Endpoint, at now: Moment, into effects: inout [SwarmEffect]
  ) -> Bool {
    let settled = peers.ids.filter {
      peers[$0].isConnected && now - peers[$0].since > configuration.idleDeadline
    }
    let idle = settled.filter { !peers[$0].weAreInterested && !peers[$0].isInterested }
    if let oldest = idle.min(by: { peers[$0].lastReceived < peers[$1].lastReceived }) {
      close(oldest, .tooManyPeers, at: now, into: &effects)
      return true
    }
    guard let address = ownAddress.believed else { return false }
    let ours = Endpoint(address, port: listenPort ?? 0)
    let least = settled.filter { key in
      peers[key].isChoked && peers[key].requests.isEmpty
        && peers[key].down.bytesPerSecond(at: now) < 1
    }.map { (key: $0, priority: CanonicalPriority.of(ours, peers[$0].endpoint)) }
      .min { ($0.priority, $0.key) < ($1.priority, $1.key) }
    guard let least, least.priority < CanonicalPriority.of(ours, newcomer) else { return false }
    close(least.key, .tooManyPeers, at: now, into: &effects)
    return true
  }
}
