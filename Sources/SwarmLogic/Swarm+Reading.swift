import DeterministicCore
import PeerWire
import TorrentModel

// Readers: what they wait for goes before everything else.
extension Swarm {
  /// - Parameter windows: the most urgent first.
  mutating func read(
    _ windows: [Range<Int>], at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, picker != nil else { return }
    let known = windows.map { $0.clamped(to: 0..<geometry.pieceCount) }.filter { !$0.isEmpty }
    // A reader that goes on leaves its window at one end; one that jumps begins elsewhere.
    let hasJumped = known.contains { window in
      !picker!.windows.contains { $0.contains(window.lowerBound) }
    }
    picker!.windows = known
    guard hasJumped else { return }
    for key in peers.ids where peers[key].isConnected {
      takeBackOthers(of: key, at: now, into: &effects)
    }
    for key in peers.ids { fillPipeline(key, at: now, into: &effects) }
  }

  /// What was asked of a peer for later would come before what is read now.
  private mutating func takeBackOthers(
    of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    var kept = Queue<PendingRequest>()
    while let request = peers[key].requests.popFirst() {
      if picker!.isBeingRead(request.block.piece) {
        kept.append(request)
      } else {
        picker!.release(request.block, by: key)
        send(.cancel(request.block), to: key, at: now, into: &effects)
      }
    }
    peers[key].requests = kept
    if kept.isEmpty { peers[key].pipeline.drained() }
  }
}
