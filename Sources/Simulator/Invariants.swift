import DeterministicCore
import PeerWire
import SwarmLogic
import TorrentModel

// What must hold at any moment, seen from outside the swarms wherever that is possible.
extension World {
  mutating func complain(_ host: SimulatedHost, _ what: String) {
    guard violations.count < Self.mostViolations else { return }
    violations.append("host \(host.number) at \((now - Moment.zero).seconds) s: \(what)")
  }

  /// What must hold at one host between two events; O(its peers, their requests and pieces).
  mutating func check(_ number: Int) {
    let host = hosts[number]
    guard host.isOnline else { return }
    for broken in host.swarm.brokenInvariants { complain(host, broken) }
    if let have = host.swarm.have, have != host.storage.verified {
      complain(host, "counts \(have.setCount) pieces, of which the storage has other ones")
    }
    if host.swarm.down.total != host.bytesLanded {
      complain(host, "\(host.bytesLanded) bytes landed, \(host.swarm.down.total) are counted")
    }
    if host.swarm.up.total != host.bytesUploaded {
      complain(host, "\(host.bytesUploaded) bytes left, \(host.swarm.up.total) are counted")
    }
    if ledger.sent != ledger.landed + ledger.discarded + ledger.lost + ledger.underWay {
      complain(host, "of \(ledger.sent) bytes some have come to be more or fewer")
    }
  }

  /// A host must not tell more peers that it serves them than it has slots, regular and optimistic.
  mutating func checkSlots(_ message: PeerMessage, of host: SimulatedHost, on flow: UInt32) {
    switch message {
    case .choke: connections[flow].isUnchoked = false
    case .unchoke: connections[flow].isUnchoked = true
    default: return
    }
    guard plan.configuration.uploadSlots > 0 else { return }
    let served = host.flows.count { $0.generation != .max && connections[$0.flow].isUnchoked }
    if served > plan.configuration.uploadSlots + 1 {
      complain(host, "serves \(served) peers in \(plan.configuration.uploadSlots) slots and one")
    }
  }

  /// A request must be for a piece the other end has, no more than the other end said that it
  /// queues, and for a block that is asked of nobody else, unless all are asked for, the endgame, or
  /// a player waits for it.
  mutating func checkRequest(_ block: Block, from host: SimulatedHost, on flow: UInt32) {
    let other = hosts[Int(connections[flow ^ 1].host)]
    let name = BlockName(
      piece: block.piece.number, number: UInt16(geometry.blockNumber(of: block) ?? 0))
    let mayBeShared =
      wasInEndgame || host.swarm.isInEndgame || host.swarm.isBeingRead(block.piece)
    if requestBook.isAsked(name, on: flow) {
      complain(host, "asks host \(other.number) twice for \(block)")
    } else if !mayBeShared, isAsked(name, by: host) {
      complain(host, "asks two hosts for \(block) outside its endgame")
    }
    requestBook.ask(name, on: flow)
    let (asked, most) = (requestBook.count(on: flow), plan.configuration.mostQueuedRequests)
    if asked > most {
      complain(host, "asks host \(other.number) for \(asked) blocks, which queues \(most)")
    }
    if !other.storage.verified[block.piece] {
      complain(host, "asks host \(other.number) for piece \(block.piece), which it has not")
    }
    if host.storage.verified[block.piece] {
      complain(host, "asks for piece \(block.piece), which it has")
    }
  }

  private func isAsked(_ block: BlockName, by host: SimulatedHost) -> Bool {
    for flow in host.flows where flow.generation != .max {
      if requestBook.isAsked(block, on: flow.flow) { return true }
    }
    return false
  }

  /// Nobody goes without for long while others have what it lacks.
  mutating func checkProgress(of host: SimulatedHost) {
    guard host.isOnline, host.completedAt == nil, cut == 0,
      now - host.lastProgress > plan.patience, census.hasMore(than: host.storage.verified)
    else { return }
    complain(host, "has gained nothing for \((now - host.lastProgress).seconds) s")
    host.lastProgress = now
  }
}
