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
  private static let placesAhead = 14
  private static let hostsAhead = 10
  private static let peersAhead = 7
  private static let searchAhead = 5
  private static let piecesAhead = 3
  private static let blocksAhead = 1
  /// A host that has got a piece looks at all of its peers, which are fetched in parts, one with each
  /// event, and so is what is behind them.
  private static let parts = 3
  private static let firstPartAhead = 8
  private static let firstPiecesAhead = 4

  /// Fetches what the events behind the one under way will look at, where that is the last of the run:
  /// one that was scheduled late shows nothing that was not seen before.
  func foresee(from event: Event) {
    let next = queue.head
    guard next > 0, queue.run[next - 1].order == event.order else { return }
    for place in ahead(Self.placesAhead) { places.place(of: Int(queue.run[place].host)).line() }
    for place in ahead(Self.hostsAhead) { prefetchHost(queue.run[place]) }
    for place in ahead(Self.peersAhead) { prefetchPeer(queue.run[place]) }
    for place in ahead(Self.searchAhead) { prefetchSearch(queue.run[place]) }
    for place in ahead(Self.piecesAhead) { prefetchPieces(queue.run[place]) }
    for place in ahead(Self.blocksAhead) { prefetchBlock(queue.run[place]) }
    for part in 0..<Self.parts {
      for place in ahead(Self.firstPartAhead - part) { prefetchPeers(queue.run[place], part) }
      for place in ahead(Self.firstPiecesAhead - part) {
        prefetchPeersPieces(queue.run[place], part)
      }
    }
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
    Swarm.prefetch(host.swarm, for: event.kind.foreseen)
    if event.kind != .have { Prefetch.lines(SimulatedHost.busyLines, at: host.state) }
    if event.kind.isOfFlow { connections.prefetch(event.subject) }
  }

  @inline(__always)
  private func prefetchPeer(_ event: Event) {
    let place = places[Int(event.host)]
    let swarm = place.swarm
    switch event.kind {
    case .have:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchAnnouncement(of: PieceIndex(number: event.piece), by: key)
    case .message:
      messages.prefetch(event.piece)
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetch(key)
      place.flow(of: key).prefetch()
    case .request:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchRequest(by: key)
      connections.prefetchWaiting(on: event.subject)
      place.flow(of: key).prefetch()
    case .sent:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchUpload(to: key)
      place.turns.prefetch()
    case .reached, .delivered:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchDownload(from: key)
      connections.prefetchWaiting(on: event.subject ^ 1)
      place.flow(of: key).prefetch()
    case .verified:
      swarm.pointee.prefetchPicker()
      swarm.pointee.prefetchCount(of: PieceIndex(number: event.piece))
      place.firstFlow.prefetch(lines: 4)
    default: break
    }
  }

  @inline(__always)
  private func prefetchSearch(_ event: Event) {
    switch event.kind {
    case .reached, .delivered, .verified: places[Int(event.host)].swarm.pointee.prefetchSearch()
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
      guard swarm.pointee.prefetchStanding(of: piece, at: key) else { return }
      Prefetch.lines(2, at: places[Int(event.host)].state)
    case .request: swarm.pointee.prefetchHave(of: piece)
    case .reached, .delivered:
      guard let key = connections[event.subject].key else { return }
      swarm.pointee.prefetchTransfer(of: piece, with: key)
    case .sent:
      guard let flow = places[Int(event.host)].nextTurn else { return }
      connections.prefetchWaiting(on: flow)
      connections.prefetch(flow)
    default: break
    }
  }

  /// Fetches what lies behind what `prefetchPieces` has fetched.
  @inline(__always)
  private func prefetchBlock(_ event: Event) {
    switch event.kind {
    case .reached, .delivered:
      places[Int(event.host)].swarm.pointee.prefetchProgress(of: PieceIndex(number: event.piece))
    case .sent:
      guard let flow = places[Int(event.host)].nextTurn else { return }
      connections.prefetchFirstWaiting(on: flow)
    default: break
    }
  }

  @inline(__always)
  private func prefetchPeers(_ event: Event, _ part: Int) {
    guard event.kind == .verified || event.kind == .wake else { return }
    places[Int(event.host)].swarm.pointee.prefetchEveryPeer(part: part, of: Self.parts)
  }

  @inline(__always)
  private func prefetchPeersPieces(_ event: Event, _ part: Int) {
    guard event.kind == .verified else { return }
    places[Int(event.host)].swarm.pointee.prefetchEveryPeer(
      for: PieceIndex(number: event.piece), part: part, of: Self.parts)
  }

  /// Fetches what sending these messages will look at: the flows of a host lie apart, as its peers do.
  func foresee(_ effects: [SwarmEffect], of host: SimulatedHost) {
    guard effects.count > 1 else { return }
    for effect in effects {
      if case .send(let key, _) = effect, let flow = host.flow(key) { connections.prefetch(flow) }
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

  /// Where it is kept which flow a peer is behind, and the first of them.
  @inline(__always)
  func flow(of key: PeerKey) -> ElementPlace {
    host._withUnsafeGuaranteedRef { $0.flows.place(of: Int(key.slot)) }
  }

  @inline(__always)
  var firstFlow: ElementPlace { host._withUnsafeGuaranteedRef { $0.flows.place(of: 0) } }

  /// Where the flow lies that the uplink serves next.
  @inline(__always)
  var turns: ElementPlace { host._withUnsafeGuaranteedRef { $0.turns.firstPlace } }

  /// The flow that the uplink serves next.
  @inline(__always)
  var nextTurn: UInt32? { host._withUnsafeGuaranteedRef { $0.turns.first } }
}

extension Event.Kind {
  /// What it tells a swarm.
  @inline(__always)
  fileprivate var foreseen: Swarm.Foreseen {
    switch self {
    case .have: .have
    case .request: .request
    case .sent: .uploaded
    case .reached, .delivered: .block
    case .verified: .verified
    default: .other
    }
  }

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
