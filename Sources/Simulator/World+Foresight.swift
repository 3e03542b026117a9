import DeterministicCore
import SwarmLogic
import TorrentModel

// In a large swarm hardly anything of an event's host is in the processor's caches. What the next
// events will look at is therefore read for several of them together, so that it is waited for side
// by side. Nothing is decided by it, and nothing of a run depends on it but its time.
extension World {
  /// Events looked at together: what they touch fits the first-level cache.
  static let foreseen = 16
  /// With fewer there is nothing to be waited for together.
  private static let fewest = 4

  /// Reads what the event under way and those behind it in its bucket will look at.
  mutating func foresee() {
    let first = queue.head - 1
    let end = min(first + Self.foreseen, queue.run.count)
    guard end - first >= Self.fewest else { return }
    var seen = 0
    // What is found by what was read before it waits for its turn: a loop finds nothing to wait for
    // but memory.
    for place in first..<end {
      let event = queue.run[place]
      seen &+= swarmPlaces[Int(event.host)].pointee.glance()
      seen &+= hosts[Int(event.host)].isOnline ? 1 : 0
      if event.kind.isOfFlow { seen &+= connections[event.subject].isClosed ? 1 : 0 }
    }
    for place in first..<end {
      let event = queue.run[place]
      guard event.kind.isOfFlow, let key = connections[event.subject].key else { continue }
      seen &+= swarmPlaces[Int(event.host)].pointee.glance(at: key)
      guard event.kind == .have else { continue }
      let piece = PieceIndex(number: event.piece)
      seen &+= swarmPlaces[Int(event.host)].pointee.glance(at: piece)
    }
    for place in first..<end {
      let event = queue.run[place]
      seen &+= glance(at: event, PieceIndex(number: event.piece))
    }
    self.seen &+= seen
  }

  private func glance(at event: Event, _ piece: PieceIndex) -> Int {
    let swarm = swarmPlaces[Int(event.host)]
    if event.kind == .verified { return swarm.pointee.glance(atEveryPeerFor: piece) }
    if event.kind == .wake { return swarm.pointee.glanceAtEveryPeer() }
    guard event.kind.isOfFlow, let key = connections[event.subject].key else { return 0 }
    return switch event.kind {
    case .have: swarm.pointee.glance(at: piece, of: key)
    case .request, .sent, .delivered: swarm.pointee.glance(atTransfersWith: key)
    default: 0
    }
  }

  /// Reads what sending these messages will look at: the flows of a host lie apart, as its peers do.
  mutating func foresee(_ effects: [SwarmEffect], of host: SimulatedHost) {
    guard effects.count >= Self.fewest else { return }
    var seen = 0
    for effect in effects {
      guard case .send(let key, _) = effect, let flow = host.flow(key) else { continue }
      seen &+= Int(links[Int(connections[flow ^ 1].host)].latency.nanoseconds)
    }
    self.seen &+= seen
  }
}

extension Event.Kind {
  /// The event's subject is a flow.
  fileprivate var isOfFlow: Bool {
    switch self {
    case .knock, .greeting, .ended, .message, .have, .request, .unsent, .sent, .reached, .delivered:
      true
    case .arrival, .departure, .happening, .wake, .announceDue, .trackerAnswer, .verified, .played,
      .sample:
      false
    }
  }
}
