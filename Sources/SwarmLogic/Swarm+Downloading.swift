import DeterministicCore
import Hashing
import PeerWire
import TorrentModel

// Asking for blocks and taking them in.
extension Swarm {
  /// Asks a peer for as many blocks as its pipeline has room for. Asks only once a quarter of the
  /// pipeline is free, so that requests leave in batches.
  mutating func fillPipeline(
    _ key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key) else { return }
    guard peers[key].phase != .webSeed else { return fetch(from: key, at: now, into: &effects) }
    guard peers[key].isWorthAsking, !isDownloadPaused, picker != nil else { return }
    let depth = peers[key].pipeline.depth
    let outstanding = peers[key].requests.count
    guard outstanding == 0 || outstanding * 4 <= depth * 3, let pieces = peers[key].pieces else {
      return
    }
    let onlyFast = peers[key].chokesUs

    var blocks: [Block] = []
    pick(depth - outstanding, of: pieces, for: key, onlyFast: onlyFast, into: &blocks)
    if blocks.isEmpty, outstanding == 0, !onlyFast,
      picker.wrapped.partialPieceCount >= picker.wrapped.mostPartialPieces,
      let stalled = picker.wrapped.mostStalledPiece, hasUntouchedPiece(pieces)
    {
      // Pieces that nobody delivers hold all the memory there is, and this peer could use it.
      abandon(stalled, at: now, into: &effects)
      pick(depth, of: pieces, for: key, onlyFast: onlyFast, into: &blocks)
    }
    guard !blocks.isEmpty else { return }
    for block in blocks {
      peers[key].requests.append(PendingRequest(block: block, sentAt: now))
      effects.append(.send(key, .request(block)))
    }
    peers[key].lastSent = now
    peers[key].pipeline.requestsSent(at: now)
  }

  private func hasUntouchedPiece(_ pieces: Bitfield) -> Bool {
    var isAny = false
    pieces.forEachShared(with: picker.wrapped.untouched) { _ in
      isAny = true
      return false
    }
    return isAny
  }

  private mutating func pick(
    _ count: Int, of pieces: Bitfield, for key: PeerKey, onlyFast: Bool, into blocks: inout [Block]
  ) {
    if !picker.wrapped.windows.isEmpty { picker.wrapped.meet(readingCompany(asking: key)) }
    picker.wrapped.pick(
      for: key, has: pieces, atMost: count, suggested: peers[key].suggested,
      allowedFast: onlyFast ? peers[key].allowedFast : nil, into: &blocks)
  }

  /// Gives a piece that is under way up, to free its buffer.
  mutating func abandon(
    _ piece: PieceIndex, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    var requests: [OutstandingRequest] = []
    picker?.abandon(piece, cancel: &requests)
    for request in requests { cancel(request.block, at: request.peer, at: now, into: &effects) }
    effects.append(.abandon(piece))
  }

  mutating func land(
    _ block: Block, from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key),
      let place = peers[key].requests.firstIndex(where: { $0.block == block })
    else { return discard(block, from: key, at: now, into: &effects) }
    let request = peers[key].requests.remove(at: place)
    noteReceived(Int(block.length), from: key, at: now)
    peers[key].pipeline.blockArrived(
      bytes: Int(block.length), requestedAt: request.sentAt,
      outstanding: peers[key].requests.count, at: now)

    var others: [PeerKey] = []
    switch picker.wrapped.arrived(block, from: key, others: &others) {
    case .unexpected:
      wastedBytes += UInt64(block.length)
    case .accepted(let completesPiece):
      for other in others { cancel(block, at: other, at: now, into: &effects) }
      if completesPiece {
        effects.append(.verify(block.piece, isSuspect: smartBan.isSuspect(block.piece)))
      }
    }
    fillPipeline(key, at: now, into: &effects)
  }

  /// A block that was not wanted: it counts as received, and as waste.
  mutating func discard(
    _ block: Block, from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    wastedBytes += UInt64(block.length)
    guard peers.contains(key) else { return }
    peers[key].lastReceived = now
    if let place = peers[key].requests.firstIndex(where: { $0.block == block }) {
      peers[key].requests.remove(at: place)
      if peers[key].requests.isEmpty { peers[key].pipeline.drained() }
      picker?.release(block, by: key)
    }
    fillPipeline(key, at: now, into: &effects)
  }

  private mutating func noteReceived(_ count: Int, from key: PeerKey, at now: Moment) {
    peers[key].lastReceived = now
    if peers[key].down.total == 0, peers[key].webSeed == nil { contributorCount += 1 }
    peers[key].down.record(count, at: now)
    down.record(count, at: now)
  }

  /// Another peer delivered a block first.
  private mutating func cancel(
    _ block: Block, at key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key),
      let place = peers[key].requests.firstIndex(where: { $0.block == block })
    else { return }
    peers[key].requests.remove(at: place)
    if peers[key].requests.isEmpty { peers[key].pipeline.drained() }
    guard peers[key].webSeed == nil else { return endFetchIfIdle(of: key, at: now, into: &effects) }
    send(.cancel(block), to: key, at: now, into: &effects)
    fillPipeline(key, at: now, into: &effects)
  }

  // MARK: When blocks do not come

  mutating func becomeChoked(
    by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard !peers[key].chokesUs else { return }
    peers[key].chokesUs = true
    // What it suggested was for the time in which it serves us.
    peers[key].suggested = []
    // With the fast extension every request is answered or rejected, one by one; without it a
    // choke drops them all (BEP 6).
    guard !peers[key].supportsFast, !peers[key].requests.isEmpty else { return }
    releaseRequests(of: key)
    refillOthers(than: key, at: now, into: &effects)
  }

  mutating func noteRejected(
    _ block: Block, by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let place = peers[key].requests.firstIndex(where: { $0.block == block }) else { return }
    peers[key].requests.remove(at: place)
    if peers[key].requests.isEmpty { peers[key].pipeline.drained() }
    picker?.release(block, by: key)
    // A peer that rejects what it allowed fast does so for good reason; it is not asked again.
    peers[key].allowedFast.removeAll { $0 == block.piece }
    // Nothing is asked in return until the next wake: a peer that rejects whatever it is asked
    // would keep us asking as fast as the link carries it.
  }

  /// Hands a peer's outstanding blocks back to the picker.
  mutating func releaseRequests(of key: PeerKey) {
    while let request = peers[key].requests.popFirst() {
      picker?.release(request.block, by: key)
    }
    peers[key].pipeline.drained()
  }

  /// A peer that owes blocks and sends none is snubbed: its blocks go to others and it is asked
  /// for one at a time, which it may keep from the others as long again and no longer.
  mutating func noteSnubbing(by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]) {
    guard peers[key].pipeline.checkSnub(at: now) || keepsBlock(key, at: now) else { return }
    while let request = peers[key].requests.popFirst() {
      picker?.release(request.block, by: key)
      send(.cancel(request.block), to: key, at: now, into: &effects)
    }
    peers[key].pipeline.drained()
    refillOthers(than: key, at: now, into: &effects)
    fillPipeline(key, at: now, into: &effects)
  }

  private func keepsBlock(_ key: PeerKey, at now: Moment) -> Bool {
    guard peers[key].pipeline.isSnubbed, let request = peers[key].requests.first else {
      return false
    }
    return now - request.sentAt >= RequestPipeline.snubAfter
  }

  /// Blocks became free: whoever has room may take them.
  private mutating func refillOthers(
    than key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    for other in peers.ids where other != key {
      fillPipeline(other, at: now, into: &effects)
    }
  }

  // MARK: Pieces

  mutating func completePiece(
    _ piece: PieceIndex, _ digests: [Bytes20], at now: Moment, into effects: inout [SwarmEffect]
  ) {
    for endpoint in smartBan.noteSuccess(of: piece, digests: digests) {
      ban(endpoint, .corruptPiece, at: now, into: &effects)
    }
    hashExchange.inquiry.end(piece)
    guard picker != nil, !picker.wrapped.have[piece] else { return }
    noteSources(of: piece)
    verifiedBytes += UInt64(geometry?.length(of: piece) ?? 0)
    let wasWanted = picker.wrapped.wants(piece)
    picker.wrapped.verified(piece)
    effects.append(.report(.pieceVerified(piece)))
    // A loop of its own: the peers lie apart in memory, and are waited for side by side.
    for slot in peers.slots where wasWanted {
      guard let key = peers.id(at: slot), peers[key].isConnected else { continue }
      if peers[key].interestingCount > 0, peers[key].has(piece) { peers[key].interestingCount -= 1 }
    }
    for slot in peers.slots {
      guard let key = peers.id(at: slot), peers[key].isConnected else { continue }
      updateInterest(in: key, at: now, into: &effects)
      // Told to those that have it, too: it is how a seed learns that a copy is complete.
      send(.have(piece), to: key, at: now, into: &effects)
      // A buffer became free: peers that had to wait for one may go on.
      fillPipeline(key, at: now, into: &effects)
    }
    fetchFromWebSeeds(at: now, into: &effects)
    guard wasWanted, picker.wrapped.isFinished else { return }
    effects.append(.report(.complete))
    if !isComplete { tellUploadOnly(at: now, into: &effects) }
    for key in peers.ids { dropIfNothingToTrade(key, at: now, into: &effects) }
  }

  mutating func failPiece(
    _ piece: PieceIndex, _ digests: [Bytes20], at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let length = geometry?.length(of: piece) else { return }
    wastedBytes += UInt64(length)
    let senders = picker.wrapped.senders(of: piece).map { endpoint(of: $0) }
    let contributors = picker.wrapped.failed(piece)
    effects.append(.report(.pieceFailed(piece, contributors: contributors.count)))
    // Whoever sent all of it is to blame, over however many connections. Otherwise the piece is
    // fetched again from one peer: if that copy is right it tells who spoiled this one, and if it
    // is wrong its sender is known. Leaves of a hash tree tell it before (BEP 52).
    if let first = senders.first ?? nil,
      senders.allSatisfy({ $0.map(PeerReputation.subject) == PeerReputation.subject(of: first) })
    {
      ban(first, .corruptPiece, at: now, into: &effects)
    } else {
      for endpoint in smartBan.noteFailure(of: piece, senders: senders, digests: digests) {
        ban(endpoint, .corruptPiece, at: now, into: &effects)
      }
      inquire(about: piece, at: now, into: &effects)
    }
    for key in peers.ids { fillPipeline(key, at: now, into: &effects) }
  }
}
