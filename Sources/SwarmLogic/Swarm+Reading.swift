import DeterministicCore
import PeerWire
public import TorrentModel

// Readers: what they wait for goes before everything else.
extension Swarm {
  /// - Parameter windows: the most urgent first.
  mutating func read(
    _ windows: [Range<Int>], at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, picker != nil else { return }
    let known = windows.map { $0.clamped(to: 0..<geometry.pieceCount) }.filter { !$0.isEmpty }
    guard picker.wrapped.look(known) else { return }
    picker.wrapped.forgetWaiting()
    for key in peers.ids where peers[key].isConnected {
      takeBackOthers(of: key, at: now, into: &effects)
    }
    for key in peers.ids { fillPipeline(key, at: now, into: &effects) }
  }

  /// Whether a piece is ahead of a reader: it may be asked of two peers.
  public func isBeingRead(_ piece: PieceIndex) -> Bool {
    picker != nil && picker.wrapped.isBeingRead(piece)
  }

  /// Who else has or wants what is read. O(peers × pieces of the fronts), for a seed that is to be
  /// asked; else O(peers).
  func readingCompany(asking key: PeerKey) -> ReadingCompany {
    var company = ReadingCompany()
    let lacking = peers[key].isSeed ? picker.wrapped.missingOfFronts : []
    for slot in peers.slots {
      guard let other = peers.id(at: slot), peers[other].isConnected else { continue }
      guard !peers[other].isSeed else {
        company.seeds += 1
        continue
      }
      if !peers[other].isUploadOnly { company.isFetching = true }
      guard !peers[other].chokesUs else { continue }
      for piece in lacking where peers[other].has(piece) { company.offered.append(piece) }
    }
    return company
  }

  /// What was asked of a peer for later would come before what is read now.
  private mutating func takeBackOthers(
    of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    var kept = Queue<PendingRequest>()
    while let request = peers[key].requests.popFirst() {
      if picker.wrapped.isBeingRead(request.block.piece) {
        kept.append(request)
      } else {
        picker.wrapped.release(request.block, by: key)
        send(.cancel(request.block), to: key, at: now, into: &effects)
      }
    }
    peers[key].requests = kept
    if kept.isEmpty { peers[key].pipeline.drained() }
  }
}
