public import DeterministicCore
public import TorrentModel

/// What becomes of whole pieces.
extension PiecePicker {
  /// A piece was found to be right: fetched, or on the disk.
  public mutating func verified(_ piece: PieceIndex) {
    if let slot = partials.slot(of: piece) { close(slot) }
    touch(piece)
    suspect.remove(piece)
    have.insert(piece)
    forget(piece)
  }

  /// A fetched piece is wrong and will be fetched anew. Returns the peers that sent it, in the
  /// order of their first blocks. When they were several, one peer alone is asked for the piece
  /// next, as far as possible, so that whoever spoils it again is known.
  public mutating func failed(_ piece: PieceIndex) -> [PeerKey] {
    guard let slot = partials.slot(of: piece) else { return [] }
    let contributors = partials.contributors(slot)
    close(slot)
    if contributors.count > 1 { suspect.insert(piece) }
    untouch(piece)
    return contributors
  }

  /// Whoever sent each block of a piece in flight, by the blocks' numbers; empty while some are
  /// missing.
  public func senders(of piece: PieceIndex) -> [PeerKey] {
    guard let slot = partials.slot(of: piece), partials[slot].isComplete else { return [] }
    return partials.senders(slot)
  }

  /// Whoever sent a block of any piece in flight. O(blocks in flight).
  public var senders: Set<PeerKey> {
    (0..<partials.slotCount).reduce(into: []) { senders, slot in
      if partials.isOccupied(slot) { senders.formUnion(partials.senders(slot)) }
    }
  }

  /// What a peer sent of pieces that are not whole is to be fetched anew. Returns how many bytes
  /// that are. O(blocks in flight).
  public mutating func distrust(_ peer: PeerKey) -> Int {
    var bytes = 0
    for slot in 0..<partials.slotCount
    where partials.isOccupied(slot) && !partials[slot].isComplete {
      let piece = partials[slot].piece
      for number in 0..<partials[slot].blockCount {
        let state = partials.state(number, in: slot)
        guard state.isReceived, state.peer == peer else { continue }
        partials.unreceive(number, in: slot)
        bytes += Int(geometry.block(number, in: piece).length)
      }
    }
    return bytes
  }

  /// Gives a piece in flight up, with what arrived of it, to free its memory. Appends the requests
  /// that are to be cancelled.
  public mutating func abandon(_ piece: PieceIndex, cancel: inout [OutstandingRequest]) {
    guard let slot = partials.slot(of: piece) else { return }
    partials.forEachRequest(in: slot) { number, peer in
      cancel.append(
        OutstandingRequest(peer: peer, block: geometry.block(number, in: piece)))
    }
    close(slot)
    untouch(piece)
  }

  /// Lists a piece as untouched again of which nothing is here or asked for.
  mutating func giveBackIfEmpty(_ piece: PieceIndex) {
    guard let slot = partials.slot(of: piece), partials[slot].received == 0,
      partials[slot].outstanding == 0
    else { return }
    close(slot)
    untouch(piece)
  }

  /// The piece whose abandonment loses least: nothing of it is outstanding, and the fewest blocks
  /// are here. `nil` when all pieces in flight make progress or are whole. O(pieces in flight).
  public var mostStalledPiece: PieceIndex? {
    var best: (piece: PieceIndex, received: Int)?
    for place in 0..<partials.openCount {
      let partial = partials[partials.openSlot(place)]
      guard partial.outstanding == 0 else { continue }
      if let current = best, current.received <= partial.received { continue }
      best = (partial.piece, partial.received)
    }
    return best?.piece
  }

  /// Forgets a piece in flight together with all requests for its blocks.
  private mutating func close(_ slot: Int) {
    if partials[slot].outstanding > 0 {
      var requests: [(number: Int, peer: PeerKey)] = []
      partials.forEachRequest(in: slot) { requests.append(($0, $1)) }
      for request in requests {
        _ = partials.release(request.number, in: slot, by: request.peer)
        withRecord(of: request.peer) { $0.outstanding -= 1 }
      }
    }
    partials.close(slot)
  }
}
