import DeterministicCore
import TorrentModel

// What must hold between any two inputs. Tests and the simulator look at it from outside.
extension Swarm {
  /// What does not hold, in words; O(everything).
  public var brokenInvariants: [String] {
    var broken: [String] = []
    func require(_ holds: Bool, _ what: @autoclosure () -> String) {
      if !holds { broken.append(what()) }
    }
    let all = peers.ids
    require(
      dialCount == all.count { peers[$0].phase == .dialing }, "\(dialCount) dials are counted")
    require(dialCount <= configuration.mostDials, "\(dialCount) dials at once")
    require(connectionCount <= configuration.mostPeers, "\(connectionCount) peers")
    require(!hasFreePlace, "a free place is left unfilled")
    let unchoked = all.count { !peers[$0].isChoked }
    require(unchoked <= choker.slotCount, "\(unchoked) peers in \(choker.slotCount) slots")
    for key in all {
      let peer = peers[key]
      require(peer.queuedUploads >= 0, "\(key) owes \(peer.queuedUploads) blocks")
      require(peer.queuedUploads <= configuration.mostQueuedRequests, "\(key) queues too much")
      require(
        peer.phase != .dialing || peer.requests.isEmpty, "\(key) is asked before its handshake")
      require(
        peer.webSeed.map { $0.isFetching || peer.requests.isEmpty } ?? true,
        "\(key) is asked for more than it fetches")
      require(peer.metadataPartsServed >= 0, "metadata served")
      if let picker, let pieces = peer.pieces, peer.webSeed == nil {
        require(
          peer.interestingCount == picker.countWanted(in: pieces),
          "\(key) has \(peer.interestingCount) interesting pieces")
        require(peer.weAreInterested == (peer.interestingCount > 0), "\(key): interest")
      }
      broken += brokenRequests(of: key)
    }
    return broken
  }

  /// A block is in a peer's requests exactly when the picker has it outstanding there.
  private func brokenRequests(of key: PeerKey) -> [String] {
    let peer = peers[key]
    guard let picker, let geometry else {
      return peer.requests.isEmpty ? [] : ["requests without a torrent"]
    }
    var broken: [String] = []
    var seen: Set<Block> = []
    for index in 0..<peer.requests.count {
      let block = peer.requests[index].block
      if !seen.insert(block).inserted { broken.append("\(block) is asked of \(key) twice") }
      if !picker.isOutstanding(block, at: key) { broken.append("\(block) not with the picker") }
      if peer.pieces?[block.piece] != true { broken.append("\(block) is not at \(key)") }
    }
    var outstanding = 0
    for piece in 0..<geometry.pieceCount {
      guard let slot = picker.partials.slot(of: PieceIndex(piece)) else { continue }
      picker.partials.forEachRequest(in: slot) { if $1 == key { outstanding += 1 } }
    }
    if outstanding != peer.requests.count {
      broken.append("\(outstanding) requests outstanding at \(key), not \(peer.requests.count)")
    }
    return broken
  }
}
