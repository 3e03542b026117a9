import DeterministicCore
import PeerWire
import SwarmLogic
import TorrentModel

// Facts in, effects out: what a driver on real sockets does, done on events.
extension World {
  /// Tells a swarm one fact and carries out what it wants done. Returns how much that was.
  @discardableResult
  mutating func tell(_ number: Int, _ input: SwarmInput) -> Int {
    var batch: [SwarmEffect] = []
    swap(&batch, &effects)
    let swarm = places[number].swarm
    if checkEvery > 0 { wasInEndgame = swarm.pointee.isInEndgame }
    swarm.pointee.handle(input, at: now, into: &batch)
    // Most inputs are HAVEs of which nothing follows: they do without a look at the host.
    if !batch.isEmpty { perform(batch, of: hosts[number]) }
    let count = batch.count
    batch.removeAll(keepingCapacity: true)
    swap(&batch, &effects)
    return count
  }

  private mutating func perform(_ batch: [SwarmEffect], of host: SimulatedHost) {
    foresee(batch, of: host)
    if let mutation {
      for effect in batch.compactMap({ mutation(host.number, $0) }) { perform(effect, of: host) }
    } else {
      // Looked at where they lie: a copy would count references to what a message holds.
      batch.withUnsafeBufferPointer { batch in
        for place in batch.indices { perform(batch[place], of: host) }
      }
    }
  }

  private mutating func perform(_ effect: SwarmEffect, of host: SimulatedHost) {
    switch effect {
    case .send(let key, let message): send(message, from: host, to: key)
    case .upload(let key, let block): enqueue(block, from: host, to: key)
    case .connect(let key, let endpoint, _): connect(host, key, endpoint)
    case .adopt(let ticket, let key): adopt(ticket, host, key)
    case .refuse(let ticket, _): refuse(ticket)
    case .unsend(let key, let block): unsend(host, key) { $0 == block }
    case .unsendAll(let key): unsend(host, key) { _ in true }
    case .close(let key, _): close(host, key)
    case .verify(let piece, let isSuspect):
      schedule(
        .verified, at: now + Self.hashing, host: host.number, generation: host.life,
        piece: piece.number, number: isSuspect ? 1 : 0)
    case .abandon(let piece): host.storage.abandon(piece)
    case .wake(let moment):
      schedule(.wake, at: moment, host: host.number, generation: host.life)
    case .report(.peerBanned(let endpoint, let reason, _)): noteBan(of: endpoint.address, reason)
    case .report(.complete): noteComplete(host)
    case .metadataComplete, .layersComplete, .readLeaves, .report, .fetch, .endFetch: break
    }
  }

  mutating func verify(_ event: Event) -> Int {
    let number = Int(event.host)
    guard isAlive(number, event.generation) else { return 0 }
    let host = hosts[number]
    let piece = PieceIndex(number: event.piece)
    let (isRight, digests) = host.storage.verify(
      piece, isSuspect: event.number > 0)
    guard isRight else { return tell(number, .pieceFailed(piece, blockDigests: digests)) }
    host.lastProgress = now
    noteCopy(of: piece, at: host)
    let count = tell(number, .pieceVerified(piece, blockDigests: digests))
    wakePlayer(of: host)
    return count
  }
}
