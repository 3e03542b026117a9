public import DeterministicCore
public import TorrentModel

extension PiecePicker {
  /// A block arrived from a peer. Appends to `others` the peers that have it outstanding as well:
  /// their requests are forgotten here and have to be cancelled. O(1).
  ///
  /// - Parameter wasAsked: the peer was asked for this block, though its request has been released
  ///   since, after a time-out: a late block is as good as any.
  public mutating func arrived(
    _ block: Block, from peer: PeerKey, wasAsked: Bool = false, others: inout [PeerKey]
  ) -> Arrival {
    guard let number = geometry.blockNumber(of: block), let slot = partials.slot(of: block.piece),
      !partials.state(number, in: slot).isReceived
    else { return .unexpected }
    let isOutstanding = partials.isOutstanding(number, in: slot, at: peer)
    guard isOutstanding || wasAsked else { return .unexpected }
    let first = others.count
    partials.receive(number, in: slot, from: peer, others: &others)
    if isOutstanding { withRecord(of: peer) { $0.outstanding -= 1 } }
    for place in first..<others.count { withRecord(of: others[place]) { $0.outstanding -= 1 } }
    return .accepted(completesPiece: partials[slot].isComplete)
  }

  /// A peer will not send a block: it rejected or choked, we cancelled, or it took too long. False
  /// when the block was not outstanding at it. O(1).
  @discardableResult
  public mutating func release(_ block: Block, by peer: PeerKey) -> Bool {
    guard let number = geometry.blockNumber(of: block), let slot = partials.slot(of: block.piece),
      partials.release(number, in: slot, by: peer)
    else { return false }
    withRecord(of: peer) { $0.outstanding -= 1 }
    return true
  }

  /// A peer is gone or choked us, with these blocks outstanding.
  public mutating func releaseAll(of peer: PeerKey, blocks: some Sequence<Block>) {
    for block in blocks { release(block, by: peer) }
    withRecord(of: peer) { $0.current = nil }
  }

  /// Whether a block is here, verified or not.
  public func isReceived(_ block: Block) -> Bool {
    guard let number = geometry.blockNumber(of: block) else { return false }
    if have[block.piece] { return true }
    guard let slot = partials.slot(of: block.piece) else { return false }
    return partials.state(number, in: slot).isReceived
  }

  /// Whether a block is outstanding at a peer.
  public func isOutstanding(_ block: Block, at peer: PeerKey) -> Bool {
    guard let number = geometry.blockNumber(of: block), let slot = partials.slot(of: block.piece)
    else { return false }
    return partials.isOutstanding(number, in: slot, at: peer)
  }

  /// Peers at which a block is outstanding: more than one in the endgame only. O(1).
  public func requestCount(of block: Block) -> Int {
    guard let number = geometry.blockNumber(of: block), let slot = partials.slot(of: block.piece)
    else { return 0 }
    return Int(partials.state(number, in: slot).requests)
  }

  /// Requests outstanding at a peer.
  public func outstandingCount(at peer: PeerKey) -> Int {
    let slot = Int(peer.slot)
    guard slot < peers.count, peers[slot].generation == peer.generation else { return 0 }
    return peers[slot].outstanding
  }
}
