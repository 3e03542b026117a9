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
    let served = all.count { !peers[$0].isChoked && peers[$0].isInterested }
    require(servedCount == served, "\(servedCount) peers are counted as served, not \(served)")
    for key in all {
      let queued = peers[key].queuedUploads
      require(queued >= 0, "\(key) owes \(queued) blocks")
      require(queued <= configuration.mostQueuedRequests, "\(key) queues too much")
      let (isDialling, isAsked) = (peers[key].phase == .dialing, !peers[key].requests.isEmpty)
      require(!isDialling || !isAsked, "\(key) is asked before its handshake")
      let isFetching = peers[key].webSeed?.isFetching ?? true
      require(isFetching || !isAsked, "\(key) is asked for more than it fetches")
      require(peers[key].metadataPartsServed >= 0, "metadata served")
      if picker != nil, let pieces = peers[key].pieces, peers[key].webSeed == nil {
        let (count, interest) = (Int(peers[key].interestingCount), peers[key].weAreInterested)
        require(
          count == picker.wrapped.countWanted(in: pieces), "\(key) has \(count) interesting pieces")
        require(interest == (count > 0), "\(key): interest")
      }
      broken += brokenRequests(of: key)
    }
    return broken + brokenAvailability
  }

  /// The picker counts each piece at as many peers as say that they have it.
  private var brokenAvailability: [String] {
    guard picker != nil, let geometry else { return [] }
    var copies = Array(repeating: 0, count: geometry.pieceCount)
    for key in peers.ids {
      guard peers[key].phase != .webSeed, let pieces = peers[key].pieces else { continue }
      pieces.forEach({ copies[$0.index] += 1 })
    }
    return copies.indices.compactMap { piece in
      let counted = picker.wrapped.availability(of: PieceIndex(piece))
      return counted == copies[piece]
        ? nil : "piece \(piece) is at \(copies[piece]) peers, not \(counted)"
    }
  }

  /// A block is in a peer's requests exactly when the picker has it outstanding there.
  private func brokenRequests(of key: PeerKey) -> [String] {
    let requests = peers[key].requests
    guard picker != nil, let geometry else {
      return requests.isEmpty ? [] : ["requests without a torrent"]
    }
    var broken: [String] = []
    var seen: Set<Block> = []
    for index in 0..<requests.count {
      let block = requests[index].block
      if !seen.insert(block).inserted { broken.append("\(block) is asked of \(key) twice") }
      if !picker.wrapped.isOutstanding(block, at: key) {
        broken.append("\(block) not with the picker")
      }
      if !peers[key].has(block.piece) { broken.append("\(block) is not at \(key)") }
    }
    var outstanding = 0
    for piece in 0..<geometry.pieceCount {
      guard let slot = picker.wrapped.partials.slot(of: PieceIndex(piece)) else { continue }
      picker.wrapped.partials.forEachRequest(in: slot) { if $1 == key { outstanding += 1 } }
    }
    if outstanding != requests.count {
      broken.append("\(outstanding) requests outstanding at \(key), not \(requests.count)")
    }
    return broken
  }
}
