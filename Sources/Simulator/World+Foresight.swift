import DeterministicCore
import SwarmLogic
import TorrentModel

// In a large swarm hardly anything of an event's host is in the processor's caches. What the next
// events will look at is therefore fetched while others happen: the host some events ahead, then its
// peer, then what the peer's state leads to. Nothing is decided by it, and nothing of a run depends
// on it but its time.
extension World {
  /// How many events ahead it is fetched where a host lies, then the host, its peer, and what is
  /// behind that. Each has come by the time that the next is looked for.
  private static let placesAhead = 13
  private static let hostsAhead = 9
  private static let peersAhead = 6
  private static let piecesAhead = 3

  /// Fetches what the events behind the one under way will look at, where that is the last of the run:
  /// one that was scheduled late shows nothing that was not seen before.
  func foresee(from event: Event) {
    let next = queue.head
    guard next > 0, queue.run[next - 1].order == event.order else { return }
    for place in ahead(Self.placesAhead) { places.place(of: Int(queue.run[place].host)).line() }
    for place in ahead(Self.hostsAhead) { prefetchHost(queue.run[place]) }
    for place in ahead(Self.peersAhead) { prefetchPeer(queue.run[place]) }
    for place in ahead(Self.piecesAhead) { prefetchPieces(queue.run[place]) }
  }

  /// The event that many places behind the next, if the run goes as far; before the first event of a
  /// run, which none was before to look ahead from, all up to it.
  @inline(__always)
  private func ahead(_ distance: Int) -> Range<Int> {
    let next = queue.head
    let end = min(next + distance + 1, queue.run.count)
    return min(next == 1 ? next : next + distance, end)..<end
  }

  @inline(__always)
  private func prefetchHost(_ event: Event) {
    let host = places[Int(event.host)]
    Prefetch.lines(Swarm.firstLines, at: host.swarm)
    Prefetch.lines(2, at: host.state)
    if event.kind.isOfFlow { connections.prefetch(event.subject) }
  }

  @inline(__always)
  private func prefetchPeer(_ event: Event) {
    let swarm = places[Int(event.host)].swarm
    switch event.kind {
    case .have:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetch(key)
      swarm.pointee.prefetch(PieceIndex(number: event.piece))
    case .message:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetch(key)
    case .request:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchUpload(to: key)
      connections.prefetchWaiting(on: event.subject)
    case .sent:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchUpload(to: key)
      places[Int(event.host)].turns.prefetch()
    case .reached, .delivered:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchDownload(from: key)
    case .verified, .wake: swarm.pointee.prefetchEveryPeer()
    default: break
    }
  }

  @inline(__always)
  private func prefetchPieces(_ event: Event) {
    let swarm = places[Int(event.host)].swarm
    let piece = PieceIndex(number: event.piece)
    switch event.kind {
    case .have:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetch(piece, of: key)
    case .request: swarm.pointee.prefetch(piece)
    case .reached, .delivered:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchTransfers(with: key)
    case .sent:
      guard let flow = places[Int(event.host)].nextTurn else { return }
      connections.prefetchWaiting(on: flow)
      connections.prefetch(flow)
    case .verified: swarm.pointee.prefetchEveryPeer(for: piece)
    default: break
    }
  }

  /// Fetches what sending these messages will look at: the flows of a host lie apart, as its peers do,
  /// and so do the links behind them.
  func foresee(_ effects: [SwarmEffect], of host: SimulatedHost) {
    guard effects.count > 1 else { return }
    forEachFlow(of: effects, host) { connections.prefetch($0) }
    forEachFlow(of: effects, host) { flow in
      links.place(of: Int(connections[flow ^ 1].host)).prefetch()
    }
  }

  @inline(__always)
  private func forEachFlow(
    of effects: [SwarmEffect], _ host: SimulatedHost, _ body: (UInt32) -> Void
  ) {
    for effect in effects {
      if case .send(let key, _) = effect, let flow = host.flow(key) { body(flow) }
    }
  }
}

/// Where a host and its swarm lie, to be looked at ahead of time without counting a reference.
struct HostPlace {
  let swarm: UnsafeMutablePointer<Swarm>
  private let host: Unmanaged<SimulatedHost>

  init(_ host: SimulatedHost) {
    swarm = host.swarmPlace
    self.host = Unmanaged.passUnretained(host)
  }

  @inline(__always)
  var state: UnsafeRawPointer { UnsafeRawPointer(host.toOpaque()) }

  /// Where the flow lies that the uplink serves next.
  @inline(__always)
  var turns: ElementPlace { host._withUnsafeGuaranteedRef { $0.turns.firstPlace } }

  /// The flow that the uplink serves next.
  @inline(__always)
  var nextTurn: UInt32? { host._withUnsafeGuaranteedRef { $0.turns.first } }
}

extension Event.Kind {
  /// The event's subject is a flow.
  @inline(__always)
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
