import DeterministicCore
import SwarmLogic
import TorrentModel

// What is written down while a swarm runs.
extension World {
  mutating func noteCopy(of piece: PieceIndex, at host: SimulatedHost) {
    let wasWhole = census.seedBytesAtFirstCopy != nil
    census.add(piece, at: host)
    guard !wasWhole, census.seedBytesAtFirstCopy != nil else { return }
    for seed in hosts where seed.isOnline {
      if case .untilOneCopy = seed.plan.stay {
        schedule(.departure, at: now, host: seed.number, generation: seed.life)
      }
    }
  }

  mutating func noteComplete(_ host: SimulatedHost) {
    host.schedule.noteComplete(at: now)
    setAnnounceTimer(host)
    guard host.completedAt == nil, host.role != .seed else { return }
    host.completedAt = now
    if host.plan.isWaitedFor { awaited -= 1 }
    if case .afterCompletion(let span) = host.plan.stay {
      schedule(.departure, at: now + span, host: host.number, generation: host.life)
    }
  }

  mutating func noteBan(of address: Address, _ reason: CloseReason) {
    guard let number = host(at: address) else { return }
    hosts[number].bannedBy += 1
    hosts[number].banReason = hosts[number].banReason ?? reason.description
  }

  mutating func sample() {
    let last = samples.last
    var pieces = 0
    var complete = 0
    var takers = 0
    for host in hosts where host.role != .seed && host.startedAt != nil {
      takers += 1
      pieces += host.storage.verified.setCount
      if host.completedAt != nil { complete += 1 }
      if checkEvery > 0 { checkProgress(of: host) }
    }
    let sent = ledger.sent - (last?.bytesSent ?? 0)
    let span = samplePeriod.seconds * max(census.capacity, 1)
    samples.append(
      Sample(
        seconds: (now - Moment.zero).seconds,
        fraction: Double(pieces) / Double(max(1, takers * geometry.pieceCount)),
        complete: complete, uplinkUse: min(1, Double(sent) / span), diversity: census.diversity,
        bytesSent: ledger.sent))
    schedule(.sample, at: now + samplePeriod)
  }
}
