import DeterministicCore
import SwarmLogic
import TorrentModel

// Blocks on uplinks and downlinks.
//
// An uplink sends one block at a time and goes round the connections that have one to send, so
// each gets an equal share in blocks of equal length. A connection may have no more under way than
// its path holds and two blocks: where downlinks are the narrow part, their queues fill, those
// connections lose their turns, and the uplink's rest goes to the others, as congestion control
// would have it. Together that is max-min fair at the grain of a block, for O(1) a block.
extension World {
  mutating func enqueue(_ block: Block, from host: SimulatedHost, to key: PeerKey) {
    guard let flow = host.flow(key), let number = geometry.blockNumber(of: block) else { return }
    connections[waitingOn: flow].append(
      BlockName(piece: block.piece.number, number: UInt16(number)))
    takeTurn(flow, of: host)
  }

  /// The invariant: while a flow has a turn, its host sends, or has no uplink at all.
  private mutating func takeTurn(_ flow: UInt32, of host: SimulatedHost) {
    guard !connections[flow].hasTurn else { return }
    connections[flow].hasTurn = true
    host.turns.append(flow)
    startSending(host)
  }

  /// The most blocks a connection has under way.
  private func window(_ flow: UInt32, of host: SimulatedHost) -> Int32 {
    let (here, there) = (links[host.number], links[Int(connections[flow ^ 1].host)])
    let held =
      here.uplink * 2 * (here.latency + there.latency).seconds / Double(geometry.blockLength)
    return 2 + Int32(min(held, 4096))
  }

  private mutating func startSending(_ host: SimulatedHost) {
    guard !host.isSending, links[host.number].uplink > 0 else { return }
    while let flow = host.turns.popFirst() {
      // One that may not send asks for a turn again when it may.
      guard let block = connections[waitingOn: flow].first,
        connections[flow].inFlight < window(flow, of: host)
      else {
        connections[flow].hasTurn = false
        continue
      }
      connections[waitingOn: flow].popFirst()
      connections[flow].inFlight += 1
      if connections[waitingOn: flow].isEmpty {
        connections[flow].hasTurn = false
      } else {
        host.turns.append(flow)
      }
      host.isSending = true
      host.sendsUntil = now + .seconds(Double(length(of: block)) / links[host.number].uplink)
      schedule(
        .sent, at: host.sendsUntil, host: host.number, subject: flow,
        generation: connections[flow].generation, piece: block.piece, number: block.number)
      return
    }
  }

  func length(of block: BlockName) -> UInt32 {
    geometry.block(Int(block.number), in: PieceIndex(number: block.piece)).length
  }

  /// A block has left the uplink.
  mutating func finishSending(_ event: Event) -> Int {
    let host = hosts[Int(event.host)]
    // A crash cuts a block short.
    guard host.isOnline, host.isSending, host.sendsUntil == now else { return 0 }
    host.isSending = false
    defer { startSending(host) }
    let name = BlockName(piece: event.piece, number: event.number)
    let bytes = UInt64(length(of: name))
    ledger.send(bytes)
    host.bytesSent += bytes
    if host.role == .seed { census.noteSeedSent(bytes) }
    guard connections.isOpen(event.subject, event.generation),
      let key = connections[event.subject].key
    else {
      ledger.lose(bytes)
      return 0
    }
    host.blocksSent += 1
    let other = event.subject ^ 1
    let receiver = Int(connections[other].host)
    if let arrival = arrival(from: host.number, to: receiver) {
      schedule(
        .reached, at: arrival, host: receiver, subject: other, generation: event.generation,
        piece: event.piece, number: event.number, isPoisoned: host.role == .poisoner)
    } else {
      ledger.lose(bytes)
    }
    let block = geometry.block(Int(event.number), in: PieceIndex(number: event.piece))
    host.bytesUploaded += bytes
    return tell(host.number, .uploaded(block, to: key))
  }

  /// A block has come to the downlink, behind what came before it.
  mutating func reach(_ event: Event) {
    let host = hosts[Int(event.host)]
    let bytes = length(of: BlockName(piece: event.piece, number: event.number))
    guard connections.isOpen(event.subject, event.generation), host.isOnline else {
      ledger.lose(UInt64(bytes))
      return returnCredit(event)
    }
    let start = max(now, host.downlinkFreeAt)
    host.downlinkFreeAt = start + .seconds(Double(bytes) / links[host.number].downlink)
    var next = event
    next.kind = .delivered
    next.at = host.downlinkFreeAt.nanoseconds
    queue.schedule(next)
  }

  mutating func land(_ event: Event) -> Int {
    let number = Int(event.host)
    let host = hosts[number]
    let block = geometry.block(Int(event.number), in: PieceIndex(number: event.piece))
    returnCredit(event)
    guard connections.isOpen(event.subject, event.generation),
      let key = connections[event.subject].key
    else {
      ledger.lose(UInt64(block.length))
      return 0
    }
    host.bytesReceived += UInt64(block.length)
    if checkEvery > 0 {
      requestBook.settle(BlockName(piece: event.piece, number: event.number), on: event.subject)
    }
    if host.swarm.expectation(of: block, from: key) == .unexpected {
      ledger.discard(UInt64(block.length))
      host.bytesDiscarded += UInt64(block.length)
      return tell(number, .discarded(block, from: key))
    }
    ledger.land(UInt64(block.length))
    host.bytesLanded += UInt64(block.length)
    host.storage.land(
      event.number, of: event.piece, blockCount: geometry.blockCount(in: block.piece),
      poisonedBy: event.isPoisoned ? connections[event.subject ^ 1].host : nil)
    return tell(number, .landed(block, from: key))
  }

  /// A block is under way no longer: its connection may send another.
  private mutating func returnCredit(_ event: Event) {
    let flow = event.subject ^ 1
    guard connections.isOpen(flow, event.generation) else { return }
    connections[flow].inFlight -= 1
    // The host need not be looked at for a flow that has its turn coming.
    guard !connections[flow].hasTurn, !connections[waitingOn: flow].isEmpty else { return }
    takeTurn(flow, of: hosts[Int(connections[flow].host)])
  }

  /// Takes waiting blocks back; the swarm hears of it as soon as it has been dealt with.
  mutating func unsend(
    _ host: SimulatedHost, _ key: PeerKey, _ matches: (Block) -> Bool
  ) {
    guard let flow = host.flow(key) else { return }
    var taken: [Block] = []
    var kept = Queue<BlockName>()
    while let name = connections[waitingOn: flow].popFirst() {
      let block = geometry.block(Int(name.number), in: PieceIndex(number: name.piece))
      if matches(block) { taken.append(block) } else { kept.append(name) }
    }
    connections[waitingOn: flow] = kept
    guard !taken.isEmpty else { return }
    schedule(
      .unsent, at: now, host: host.number, subject: flow,
      generation: connections[flow].generation, piece: unsent.insert(taken))
  }

  mutating func takeBack(_ event: Event) -> Int {
    let blocks = unsent.take(event.piece)
    guard connections.isOpen(event.subject, event.generation),
      let key = connections[event.subject].key
    else { return 0 }
    return tell(Int(event.host), .unsent(blocks, to: key))
  }
}
