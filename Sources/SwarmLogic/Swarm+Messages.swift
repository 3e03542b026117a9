import DeterministicCore
import PeerWire
import TorrentModel

// What each message means. Bytes from a peer are hostile: whatever breaks BEP 3 or BEP 6 ends the
// connection, whatever is merely useless is ignored.
extension Swarm {
  mutating func receive(
    _ message: PeerMessage, from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key), peers[key].isConnected else { return }
    peers[key].lastReceived = now
    guard peers[key].supportsFast || !message.needsFastExtension else {
      return fault(key, "a message of the fast extension", at: now, into: &effects)
    }
    switch message {
    case .keepAlive, .port, .unknown:
      break
    case .choke:
      becomeChoked(by: key, at: now, into: &effects)
    case .unchoke:
      peers[key].chokesUs = false
      fillPipeline(key, at: now, into: &effects)
    case .interested:
      note(interest: true, of: key, at: now, into: &effects)
    case .notInterested:
      note(interest: false, of: key, at: now, into: &effects)
    case .have(let piece):
      noteHave(piece, of: key, at: now, into: &effects)
    case .bitfield(let bytes):
      take(.bitfield(bytes), of: key, at: now, into: &effects)
    case .haveAll:
      take(.all, of: key, at: now, into: &effects)
    case .haveNone:
      take(.none, of: key, at: now, into: &effects)
    case .request(let block):
      serve(block, to: key, at: now, into: &effects)
    case .cancel(let block):
      if peers[key].queuedUploads > 0 { effects.append(.unsend(key, block)) }
    case .reject(let block):
      noteRejected(block, by: key, at: now, into: &effects)
    case .suggest(let piece):
      noteSuggested(piece, by: key, at: now, into: &effects)
    case .allowedFast(let piece):
      noteAllowedFast(piece, by: key, at: now, into: &effects)
    case .extended(let id, let payload):
      receiveExtended(id, payload, from: key, at: now, into: &effects)
    case .hashRequest(let range):
      serve(range, to: key, at: now, into: &effects)
    case .hashes(let range, let nodes):
      receive(range, nodes, from: key, at: now, into: &effects)
    case .hashReject(let range):
      noteRefused(range, by: key, at: now, into: &effects)
    }
  }

  private mutating func note(
    interest: Bool, of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers[key].isInterested != interest else { return }
    peers[key].isInterested = interest
    if peers[key].isChoked {
      fillSlotsIfFree(at: now, into: &effects)
    } else {
      servedCount += interest ? 1 : -1
      fillSlots(at: now, into: &effects)
    }
    if interest { grantFastPieces(to: key, at: now, into: &effects) }
  }

  // MARK: What a peer has

  private mutating func noteHave(
    _ piece: PieceIndex, of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard picker != nil else {
      guard peers[key].unreadHaves.count < Self.mostUnreadHaves else {
        return fault(key, "too many haves", at: now, into: &effects)
      }
      peers[key].unreadHaves.append(piece)
      return
    }
    let pieceCount = picker.wrapped.have.count
    guard piece.index < pieceCount else {
      return fault(key, "have of piece \(piece)", at: now, into: &effects)
    }
    if peers[key].pieces == nil { peers[key].pieces = Bitfield(count: pieceCount) }
    guard peers[key].pieces!.insert(piece) else { return }
    let isMissing = picker.wrapped.addHave(piece)
    if isComplete { noteProgress(with: piece, of: key, at: now, into: &effects) }
    noteIfComplete(key)
    guard isMissing else { return dropIfNothingToTrade(key, at: now, into: &effects) }
    peers[key].interestingCount += 1
    updateInterest(in: key, at: now, into: &effects)
    fillPipeline(key, at: now, into: &effects)
  }

  /// We are a seed, and a peer has come to have a piece: that tells what became of those we gave.
  private mutating func noteProgress(
    with piece: PieceIndex, of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    if let giver = passingOn.noteArrival(piece, at: key) { peers[giver].passesOn = true }
    if let place = peers[key].offered.firstIndex(where: { $0.piece == piece }) {
      if picker.wrapped.availability(of: piece) == 1 { passingOn.watch(piece, at: key) }
      peers[key].offered.remove(at: place)
    }
    noteSpread(of: piece, to: key, at: now, into: &effects)
  }

  static let mostLossesAsSeed = 16

  /// Pieces a peer may name one by one before the metadata is here; more come as a bitfield.
  private static let mostUnreadHaves = 1 << 16

  /// A peer has lost a piece (BEP 54): it is asked for nothing more of it.
  mutating func noteLost(
    _ piece: PieceIndex, of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, picker != nil else {
      peers[key].unreadHaves.removeAll { $0 == piece }
      return
    }
    guard geometry.contains(piece) else {
      return fault(key, "the loss of piece \(piece)", at: now, into: &effects)
    }
    guard peers[key].pieces?[piece] == true else { return }
    var kept = Queue<PendingRequest>()
    while let request = peers[key].requests.popFirst() {
      if request.block.piece == piece {
        picker.wrapped.release(request.block, by: key)
      } else {
        kept.append(request)
      }
    }
    peers[key].requests = kept
    if kept.isEmpty { peers[key].pipeline.drained() }
    if peers[key].isSeed {
      // Each time costs a look at all pieces, so nobody may come and go as a seed for long.
      peers[key].lossesAsSeed += 1
      guard peers[key].lossesAsSeed <= Self.mostLossesAsSeed else {
        return fault(key, "it loses pieces again and again", at: now, into: &effects)
      }
    }
    picker.wrapped.removeHave(piece, of: peers[key].pieces!)
    peers[key].pieces!.remove(piece)
    peers[key].suggested.removeAll { $0 == piece }
    guard picker.wrapped.wants(piece) else { return }
    peers[key].interestingCount -= 1
    updateInterest(in: key, at: now, into: &effects)
    fillPipeline(key, at: now, into: &effects)
  }

  /// Takes a description of all the peer's pieces. BEP 3 wants it once and first; a late one is taken
  /// too, as several clients send it after extension messages, and so is another: aria2 sends its
  /// bitfield again where that is shorter than the haves it stands for. Like those, it only adds.
  private mutating func take(
    _ field: PeerState.UnreadField, of key: PeerKey, at now: Moment,
    into effects: inout [SwarmEffect]
  ) {
    guard let geometry else {
      peers[key].unreadField = field
      return
    }
    let pieces: Bitfield
    switch field {
    case .all: pieces = .full(count: geometry.pieceCount)
    case .none: pieces = Bitfield(count: geometry.pieceCount)
    case .bitfield(let bytes):
      guard let parsed = Bitfield(wire: bytes, count: geometry.pieceCount) else {
        return fault(key, "a bitfield that does not fit the torrent", at: now, into: &effects)
      }
      pieces = parsed
    }
    if peers[key].pieces == nil || peers[key].pieces!.isEmpty {
      peers[key].pieces = pieces
      picker?.add(pieces)
    } else {
      for piece in pieces.pieces where !peers[key].pieces![piece] {
        peers[key].pieces!.insert(piece)
        picker?.addHave(piece)
      }
    }
    peers[key].interestingCount = Int32(
      picker == nil ? 0 : picker.wrapped.countWanted(in: peers[key].pieces!))
    noteIfComplete(key)
    updateInterest(in: key, at: now, into: &effects)
    fillPipeline(key, at: now, into: &effects)
    dropIfNothingToTrade(key, at: now, into: &effects)
  }

  /// Takes what a peer said before the torrent was known.
  mutating func readUnreadPieces(
    of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    let field = peers[key].unreadField
    let haves = peers[key].unreadHaves
    peers[key].unreadField = nil
    peers[key].unreadHaves = []
    if let geometry { peers[key].allowedFast.removeAll { !geometry.contains($0) } }
    if let field { take(field, of: key, at: now, into: &effects) }
    for piece in haves where peers.contains(key) {
      noteHave(piece, of: key, at: now, into: &effects)
    }
  }

  /// Complete peers remembered, by their ids: more than any swarm we serve alone.
  private static let mostCompletePeers = 100_000

  private mutating func noteIfComplete(_ key: PeerKey) {
    guard peers[key].isSeed, let id = peers[key].peerID,
      completePeers.count < Self.mostCompletePeers
    else { return }
    completePeers.insert(id)
  }

  /// Tells the peer when there begins or ceases to be something we want of it.
  mutating func updateInterest(
    in key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    let wants = peers[key].interestingCount > 0
    guard wants != peers[key].weAreInterested else { return }
    peers[key].weAreInterested = wants
    send(wants ? .interested : .notInterested, to: key, at: now, into: &effects)
  }

  /// Two that want nothing have nothing for each other, also when they have not got everything
  /// (BEP 21).
  mutating func dropIfNothingToTrade(
    _ key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard isFinished, peers.contains(key), peers[key].isSeed || peers[key].isUploadOnly,
      peers[key].isConnected
    else { return }
    close(key, .nothingToTrade, at: now, into: &effects)
  }

  // MARK: Fast extension

  private mutating func noteSuggested(
    _ piece: PieceIndex, by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, geometry.contains(piece), picker != nil else { return }
    peers[key].suggested.removeAll { !picker.wrapped.untouched[$0] || $0 == piece }
    // The latest know best.
    if peers[key].suggested.count >= PeerState.mostSuggested { peers[key].suggested.removeFirst() }
    peers[key].suggested.append(piece)
    fillPipeline(key, at: now, into: &effects)
  }

  private mutating func noteAllowedFast(
    _ piece: PieceIndex, by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    // Before the geometry is known the number cannot be judged; `readUnreadPieces` does it then.
    guard peers[key].allowedFast.count < 4 * AllowedFast.count,
      !peers[key].allowedFast.contains(piece), geometry?.contains(piece) ?? true
    else { return }
    peers[key].allowedFast.append(piece)
    fillPipeline(key, at: now, into: &effects)
  }

  /// Lets a newcomer that waits for a slot have its first pieces meanwhile (BEP 6). Whoever has some, or
  /// wants nothing, is told of none.
  mutating func grantFastPieces(
    to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, picker != nil, peers.contains(key), peers[key].supportsFast,
      peers[key].isInterested, peers[key].isChoked, peers[key].mayHaveGifts, isStarting(key),
      peers[key].grantedFast.isEmpty, peers[key].revealed == nil
    else { return }
    let pieces = AllowedFast.pieces(
      for: peers[key].endpoint.address, infoHash: infoHash, pieceCount: geometry.pieceCount)
    peers[key].grantedFast = pieces
    peers[key].fastBytesLeft = pieces.reduce(0) { $0 + Int(geometry.length(of: $1)) }
    for piece in pieces where picker.wrapped.have[piece] && !isSpreading(piece) {
      send(.allowedFast(piece), to: key, at: now, into: &effects)
    }
  }

  /// Whether a peer has little to trade: gifts are for such (BEP 6).
  func isStarting(_ key: PeerKey) -> Bool {
    (peers[key].pieces?.setCount ?? 0) <= AllowedFast.count
  }
}

extension PeerMessage {
  /// Whether BEP 6 has a connection closed that carries the message without having agreed on it.
  fileprivate var needsFastExtension: Bool {
    switch self {
    case .haveAll, .haveNone, .suggest, .reject, .allowedFast: true
    default: false
    }
  }
}
