import DeterministicCore
import PeerWire
import SwarmLogic
import TorrentModel

// Connections and the messages on them.
extension World {
  /// Hosts are told apart by their addresses alone, each in a network of its own: BEP 6 gives
  /// neighbours the same fast pieces.
  static func endpoint(_ host: Int) -> Endpoint {
    Endpoint(.v4(0x0100_0001 + UInt32(host) << 8), port: 6881)
  }

  func host(at address: Address) -> Int? {
    guard case .v4(let word) = address, word >= 0x0100_0001 else { return nil }
    let number = Int((word - 0x0100_0001) >> 8)
    return number < hosts.count ? number : nil
  }

  static func peerID(_ host: Int, life: UInt32) -> PeerID {
    let name = UInt64(life) << 32 | UInt64(host)
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: name >> (56 - 8 * UInt64($0))) }
    guard let id = PeerID(bytes: Array(PeerID.prefix.utf8) + [0, 0, 0, 0] + bytes) else {
      preconditionFailure("twenty bytes make a peer id")
    }
    return id
  }

  // MARK: Paths

  /// When what a host sends to another at this moment arrives; nil: never.
  mutating func arrival(from sender: Int, to receiver: Int) -> Moment? {
    var start = now
    if cut > 0, (sender < cut) != (receiver < cut) {
      // What TCP keeps sending comes through when the network heals.
      guard healsAt > now else { return nil }
      start = healsAt
    }
    let (here, there) = (links[sender], links[receiver])
    var delay = here.latency + there.latency
    let jitter = here.jitter + there.jitter
    if jitter > .zero {
      delay = delay + TimeSpan(nanoseconds: Int64(generator.below(Int(jitter.nanoseconds))))
    }
    let loss = here.loss + there.loss
    while loss > 0, generator.fraction() < loss {
      delay = delay + max(AccessLink.retransmission, (here.latency + there.latency) * 2)
    }
    return start + delay
  }

  /// Sends something on a flow, behind all that was sent on it before.
  private mutating func post(
    _ kind: Event.Kind, on flow: UInt32, piece: UInt32 = 0, number: UInt16 = 0
  ) -> Bool {
    let receiver = Int(connections[flow ^ 1].host)
    guard let arrival = arrival(from: Int(connections[flow].host), to: receiver) else {
      return false
    }
    connections[flow].lastArrival = max(arrival, connections[flow].lastArrival)
    schedule(
      kind, at: connections[flow].lastArrival, host: receiver, subject: flow ^ 1,
      generation: connections[flow].generation, piece: piece, number: number)
    return true
  }

  // MARK: Beginning

  mutating func connect(_ host: SimulatedHost, _ key: PeerKey, _ endpoint: Endpoint) {
    guard let other = self.host(at: endpoint.address) else { return }
    let flow = connections.open(from: UInt32(host.number), to: UInt32(other))
    connections[flow].key = key
    host.setFlow(flow, for: key)
    // One way there and one back before the handshake can leave.
    guard let there = arrival(from: host.number, to: other) else { return }
    connections[flow].lastArrival = there + (there - now) + (there - now)
    schedule(
      .knock, at: connections[flow].lastArrival, host: other, subject: flow ^ 1,
      generation: connections[flow].generation)
  }

  mutating func knock(_ event: Event) -> Int {
    guard connections[event.subject].generation == event.generation,
      !connections[event.subject ^ 1].isClosed
    else { return 0 }
    let host = hosts[Int(event.host)]
    let dialler = hosts[Int(connections[event.subject ^ 1].host)]
    guard host.isOnline else {
      // A machine that is down answers nothing, and the dialler's deadline ends it; one that has
      // not come or has left is another's problem, which refuses.
      connections[event.subject].isClosed = true
      if host.life == 0 || host.hasLeft { _ = post(.ended, on: event.subject) }
      return 0
    }
    nextTicket += 1
    knocks[nextTicket] = event.subject
    var from = Self.endpoint(dialler.number)
    from.port = UInt16(32_768 + nextTicket % 28_000)
    let handshake = Handshake(
      infoHash: Self.infoHash, peerID: Self.peerID(dialler.number, life: dialler.life))
    return tell(host.number, .accepted(ticket: nextTicket, from: from, handshake))
  }

  mutating func adopt(_ ticket: UInt64, _ host: SimulatedHost, _ key: PeerKey) {
    guard let flow = knocks.removeValue(forKey: ticket) else { return }
    connections[flow].key = key
    host.setFlow(flow, for: key)
    _ = post(.greeting, on: flow)
  }

  mutating func refuse(_ ticket: UInt64) {
    guard let flow = knocks.removeValue(forKey: ticket) else { return }
    connections[flow].isClosed = true
    _ = post(.ended, on: flow)
  }

  mutating func greet(_ event: Event) -> Int {
    guard connections.isOpen(event.subject, event.generation),
      let key = connections[event.subject].key
    else { return 0 }
    let other = hosts[Int(connections[event.subject ^ 1].host)]
    let handshake = Handshake(
      infoHash: Self.infoHash, peerID: Self.peerID(other.number, life: other.life))
    return tell(Int(event.host), .handshake(key, handshake))
  }

  // MARK: Messages

  mutating func send(_ message: PeerMessage, from host: SimulatedHost, to key: PeerKey) {
    guard let flow = host.flow(key) else {
      return complain(host, "sends to a peer it has no connection with: \(message)")
    }
    if host.role == .freeRider, message.isGift { return }
    if checkEvery > 0 { checkSlots(message, of: host, on: flow) }
    switch message {
    case .have(let piece):
      _ = post(.have, on: flow, piece: piece.number)
    case .request(let block):
      guard let number = geometry.blockNumber(of: block) else {
        return complain(host, "asks for what is no block: \(block)")
      }
      if checkEvery > 0 { checkRequest(block, from: host, on: flow) }
      _ = post(.request, on: flow, piece: block.piece.number, number: UInt16(number))
    default:
      if checkEvery > 0, case .cancel(let block) = message { settle(block, on: flow) }
      let place = messages.insert(message)
      if !post(.message, on: flow, piece: place) { _ = messages.take(place) }
    }
  }

  mutating func deliver(_ message: PeerMessage, _ event: Event) -> Int {
    guard connections.isOpen(event.subject, event.generation),
      let key = connections[event.subject].key
    else {
      // The kernel of a host that has come back knows nothing of the connection, and says so.
      if hosts[Int(event.host)].isOnline, connections.isOpen(event.subject ^ 1, event.generation) {
        _ = post(.ended, on: event.subject)
      }
      return 0
    }
    if checkEvery > 0, case .reject(let block) = message { settle(block, on: event.subject) }
    return tell(Int(event.host), .received(message, from: key))
  }

  private mutating func settle(_ block: Block, on flow: UInt32) {
    guard let number = geometry.blockNumber(of: block) else { return }
    requestBook.settle(BlockName(piece: block.piece.number, number: UInt16(number)), on: flow)
  }

  // MARK: Ending

  mutating func close(_ host: SimulatedHost, _ key: PeerKey) {
    guard let flow = host.flow(key) else { return }
    shut(flow, of: host)
    tellEnd(flow)
    connections.releaseIfClosed(flow)
    reviveSchedule(of: host)
  }

  mutating func end(_ event: Event) -> Int {
    guard connections.isOpen(event.subject, event.generation) else { return 0 }
    let host = hosts[Int(event.host)]
    let key = connections[event.subject].key
    shut(event.subject, of: host)
    connections.releaseIfClosed(event.subject)
    guard let key else { return 0 }
    let count = tell(host.number, .ended(key))
    reviveSchedule(of: host)
    return count
  }

  /// Lets the other end know that this one is closed.
  mutating func tellEnd(_ flow: UInt32) {
    if !connections[flow ^ 1].isClosed { _ = post(.ended, on: flow) }
  }

  /// Closes one end of a connection.
  mutating func shut(_ flow: UInt32, of host: SimulatedHost) {
    if let key = connections[flow].key { host.forgetFlow(key) }
    connections[flow].isClosed = true
    connections[waitingOn: flow].removeAll()
    requestBook.clear(flow)
    if connections[flow].hasTurn, let turn = host.turns.firstIndex(where: { $0 == flow }) {
      host.turns.remove(at: turn)
    }
    connections[flow].hasTurn = false
  }
}

extension PeerMessage {
  /// What a free rider keeps to itself: without these nobody asks it for anything.
  fileprivate var isGift: Bool {
    switch self {
    case .unchoke, .allowedFast: true
    default: false
    }
  }
}
