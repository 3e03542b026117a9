import DeterministicCore
import PeerWire
import TorrentModel

// Serving blocks, and whom to serve.
extension Swarm {
  mutating func serve(
    _ block: Block, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, picker != nil else {
      return refuse(block, to: key, at: now, into: &effects)
    }
    guard geometry.contains(block), block.length <= configuration.longestRequest else {
      return fault(
        key, "a request of \(block.length) bytes at \(block.offset) of piece \(block.piece)",
        at: now, into: &effects)
    }
    let isGift =
      peers[key].isChoked && peers[key].grantedFast.contains(block.piece) && isStarting(key)
    guard !peers[key].isChoked || (isGift && peers[key].fastBytesLeft >= Int(block.length)),
      picker.wrapped.have[block.piece], peers[key].revealed.map({ $0.shown[block.piece] }) ?? true,
      peers[key].queuedUploads < configuration.mostQueuedRequests
    else { return refuse(block, to: key, at: now, into: &effects) }
    if isGift { peers[key].fastBytesLeft -= Int(block.length) }
    peers[key].queuedUploads += 1
    effects.append(.upload(key, block))
    passingOn.noteServed(block.piece, to: key)
    noteRequested(block.piece, by: key, at: now, into: &effects)
  }

  /// Without the fast extension a refusal is silence (BEP 3).
  private mutating func refuse(
    _ block: Block, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    if peers[key].supportsFast { send(.reject(block), to: key, at: now, into: &effects) }
  }

  mutating func noteUploaded(
    _ block: Block, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    up.record(Int(block.length), at: now)
    guard peers.contains(key) else { return }
    peers[key].queuedUploads -= 1
    peers[key].up.record(Int(block.length), at: now)
    peers[key].lastSent = now
    if peers[key].revealed != nil { noteShownSent(block, to: key, at: now, into: &effects) }
  }

  mutating func reject(
    unsent blocks: [Block], to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key) else { return }
    peers[key].queuedUploads -= blocks.count
    for block in blocks { refuse(block, to: key, at: now, into: &effects) }
  }

  // MARK: Choking

  /// Gives free slots to peers that wait for one, without disturbing the others.
  mutating func fillSlots(at now: Moment, into effects: inout [SwarmEffect]) {
    let (candidates, isSeeding) = (chokerCandidates(at: now), isComplete)
    let changes = choker.fillFreeSlots(
      candidates, isSeeding: isSeeding, at: now, using: &generator)
    carryOut(changes, at: now, into: &effects)
  }

  /// The same, where all slots are in use as a rule: what is known of the peers is not gathered then.
  mutating func fillSlotsIfFree(at now: Moment, into effects: inout [SwarmEffect]) {
    if choker.mayHaveFreeSlot(serving: servedCount) { fillSlots(at: now, into: &effects) }
  }

  /// The regular round, when it is due.
  mutating func rechoke(at now: Moment, into effects: inout [SwarmEffect]) {
    guard now >= choker.nextRound else { return }
    let (candidates, isSeeding) = (chokerCandidates(at: now), isComplete)
    let changes = choker.reevaluate(candidates, isSeeding: isSeeding, at: now, using: &generator)
    carryOut(changes, at: now, into: &effects)
  }

  private func chokerCandidates(at now: Moment) -> [Choker.Candidate] {
    var candidates: [Choker.Candidate] = []
    candidates.reserveCapacity(peers.count)
    for slot in peers.slots {
      peers.prefetchSlot(slot + 2, lines: Self.uploadLines.upperBound)
      guard let key = peers.id(at: slot), peers[key].isConnected else { continue }
      candidates.append(
        Choker.Candidate(
          id: key, isInterested: peers[key].isInterested, isUnchoked: !peers[key].isChoked,
          isSnubbed: peers[key].pipeline.isSnubbed, isWanted: peers[key].weAreInterested,
          hasGiven: peers[key].passesOn
            || peers[key].down.total >= UInt64(geometry?.pieceLength ?? 0),
          receiveRate: peers[key].down.bytesPerSecond(at: now),
          sendRate: peers[key].up.bytesPerSecond(at: now), connectedAt: peers[key].since,
          changedAt: peers[key].choiceChangedAt))
    }
    return candidates
  }

  private mutating func carryOut(
    _ changes: Choker.Changes, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    for key in changes.choke where peers.contains(key) && !peers[key].isChoked {
      change(key, toChoked: true, at: now, into: &effects)
      if peers[key].queuedUploads > 0 { effects.append(.unsendAll(key)) }
    }
    for key in changes.unchoke where peers.contains(key) && peers[key].isChoked {
      change(key, toChoked: false, at: now, into: &effects)
    }
  }

  private mutating func change(
    _ key: PeerKey, toChoked isChoked: Bool, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    peers[key].isChoked = isChoked
    if peers[key].isInterested { servedCount += isChoked ? -1 : 1 }
    peers[key].choiceChangedAt = now
    // Before the unchoke, which is answered with requests at once.
    if isChoked { takeOffersBack(from: key) } else { offerPieces(to: key, at: now, into: &effects) }
    send(isChoked ? .choke : .unchoke, to: key, at: now, into: &effects)
  }
}
