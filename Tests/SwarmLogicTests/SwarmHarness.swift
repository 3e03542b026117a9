import DeterministicCore
import Hashing
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// A few swarms of one torrent, joined by message queues of one latency, on virtual time.
///
/// A block takes its time on its sender's uplink; a piece verifies exactly if no block of it is
/// poisoned, and no two poisoned blocks are alike. Facts come in the order of their moments and, at one moment, of their making, so that
/// a run is a function of its seed.
final class SwarmHarness {
  /// A connection: the dialling side is 0, the accepting one is 1.
  final class Link {
    let hosts: [Int]
    var keys: [PeerKey?]
    var isClosed = [false, false]

    init(from dialler: Int, _ key: PeerKey, to host: Int) {
      hosts = [dialler, host]
      keys = [key, nil]
    }
  }

  typealias Side = (link: Link, side: Int)

  final class Host {
    var swarm: Swarm
    /// Of a hundred blocks it sends, how many are poisoned; 0 for an honest host.
    var poisonedPerHundred = 0
    var sides: [PeerKey: Side] = [:]
    var outgoing = Queue<(side: Side, block: Block)>()
    var isSending = false
    var isGone = false
    var blocksSent = 0
    /// The poisoned blocks that are here and not judged, by their numbers, and their senders.
    var poisoned: [PieceIndex: [Int: (sender: Int, version: UInt64)]] = [:]
    /// Who poisoned a piece that failed and has not come right yet.
    var spoilers: [PieceIndex: Set<Int>] = [:]
    /// Who poisoned a piece that failed and came right later.
    var convicts: Set<Int> = []
    var discarded: UInt64 = 0
    var isComplete = false

    init(_ swarm: consuming Swarm) { self.swarm = swarm }
  }

  private enum Event {
    case tell(SwarmInput)
    case knock(Link)
    case message(Side, PeerMessage)
    case sent
    /// Poisoned blocks have a version other than 0.
    case arrive(Side, Block, version: UInt64)
    case end(Side)
    case verify(PieceIndex, isSuspect: Bool)
  }

  private struct Entry {
    let at: Moment
    let number: Int
    let host: Int
    let event: Event

    static func < (left: Entry, right: Entry) -> Bool {
      left.at == right.at ? left.number < right.number : left.at < right.at
    }
  }

  let geometry: PieceGeometry
  private(set) var hosts: [Host] = []
  private(set) var now = Moment.zero
  private(set) var steps = 0
  /// Told apart by it: two runs that went the same way.
  private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
  private(set) var bans: [(by: Int, whom: Int)] = []
  /// Bytes that arrived where nobody was any more.
  private(set) var lost: UInt64 = 0
  /// Invariants are looked at after every so many steps.
  var checkEvery = 1
  private var heap: [Entry] = []
  private var scheduled = 0
  private var knocks: [UInt64: Link] = [:]
  private var nextTicket: UInt64 = 0
  private var effects: [SwarmEffect] = []
  private var generator: SeededGenerator

  static let latency = TimeSpan.milliseconds(20)
  static let hashing = TimeSpan.milliseconds(1)
  /// What a block takes on an uplink.
  static let transfer = TimeSpan.milliseconds(2)

  init(
    hosts count: Int, seeds: Set<Int>, pieces: Int, blocksPerPiece: Int, candidates: Int,
    seed: UInt64, configuration: SwarmConfiguration = SwarmConfiguration()
  ) {
    let block = PieceGeometry.standardBlockLength
    geometry = PieceGeometry(
      totalLength: UInt64(pieces * blocksPerPiece) * UInt64(block) - 100,
      pieceLength: UInt64(blocksPerPiece) * UInt64(block))!
    generator = SeededGenerator(seed: seed)
    for number in 0..<count {
      let swarm = Swarm(
        infoHash: SwarmScript.infoHash, peerID: Self.peerID(number), listenPort: 6881,
        configuration: configuration, generator: SeededGenerator(seed: generator.next()),
        at: .zero)
      hosts.append(Host(swarm))
    }
    for number in 0..<count {
      let have = seeds.contains(number) ? Bitfield.full(count: pieces) : Bitfield(count: pieces)
      tell(number, .ready(geometry, have: have, wanted: nil, metadata: [1]))
      var others = (0..<count).filter { $0 != number }
      generator.shuffle(&others)
      tell(
        number, .candidates(others.prefix(candidates).map(Self.endpoint), from: .tracker))
    }
  }

  static func peerID(_ host: Int) -> PeerID {
    PeerID(bytes: Array(repeating: 0, count: 18) + [UInt8(host >> 8), UInt8(host & 0xff)])!
  }

  static func endpoint(_ host: Int) -> Endpoint {
    Endpoint(.v4(0x0a00_0001 + UInt32(host)), port: 6881)
  }

  // MARK: Time

  private func schedule(_ event: Event, for host: Int, after delay: TimeSpan) {
    scheduled += 1
    heap.append(Entry(at: now + delay, number: scheduled, host: host, event: event))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private func next() -> Entry? {
    guard let first = heap.first else { return nil }
    heap[0] = heap[heap.count - 1]
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  /// Runs until `isOver` or the moment has come.
  func run(until end: Moment, isOver: (SwarmHarness) -> Bool) {
    while !isOver(self), let entry = next() {
      guard entry.at <= end else { return }
      now = entry.at
      steps += 1
      take(entry.event, at: entry.host)
      guard steps % checkEvery == 0, !hosts[entry.host].isGone else { continue }
      for broken in hosts[entry.host].swarm.brokenInvariants {
        Issue.record("host \(entry.host) at \(now.nanoseconds) ns: \(broken)")
      }
    }
  }

  func leave(_ host: Int) {
    for key in hosts[host].swarm.peers.ids { close(host, key) }
    hosts[host].isGone = true
  }

  // MARK: Facts

  private func take(_ event: Event, at host: Int) {
    switch event {
    case .tell(let input): tell(host, input)
    case .knock(let link): knock(link)
    case .message(let to, let message):
      guard !to.link.isClosed[to.side], let key = to.link.keys[to.side] else { return }
      tell(host, .received(message, from: key))
    case .sent: finishSending(host)
    case .arrive(let to, let block, let version): arrive(to, block, version)
    case .end(let to):
      guard !to.link.isClosed[to.side], let key = to.link.keys[to.side] else { return }
      forget(host, key)
      tell(host, .ended(key))
    case .verify(let piece, let isSuspect): verify(piece, isSuspect, at: host)
    }
  }

  private func verify(_ piece: PieceIndex, _ isSuspect: Bool, at host: Int) {
    let poisoned = hosts[host].poisoned.removeValue(forKey: piece) ?? [:]
    let digests = (0..<geometry.blockCount(in: piece)).map { number in
      Bytes20.block(poisoned[number]?.version ?? 0)
    }
    guard poisoned.isEmpty else {
      hosts[host].spoilers[piece, default: []].formUnion(poisoned.values.map(\.sender))
      return tell(host, .pieceFailed(piece, blockDigests: digests))
    }
    hosts[host].convicts.formUnion(hosts[host].spoilers.removeValue(forKey: piece) ?? [])
    tell(host, .pieceVerified(piece, blockDigests: isSuspect ? digests : []))
  }

  private func knock(_ link: Link) {
    let host = link.hosts[1]
    guard !hosts[host].isGone, !link.isClosed[0] else {
      return schedule(.end((link, 0)), for: link.hosts[0], after: Self.latency)
    }
    nextTicket += 1
    knocks[nextTicket] = link
    var from = Self.endpoint(link.hosts[0])
    from.port = UInt16(1024 + nextTicket % 60_000)
    let handshake = Handshake(
      infoHash: SwarmScript.infoHash, peerID: Self.peerID(link.hosts[0]))
    tell(host, .accepted(ticket: nextTicket, from: from, handshake))
  }

  private func arrive(_ to: Side, _ block: Block, _ version: UInt64) {
    let host = hosts[to.link.hosts[to.side]]
    guard !to.link.isClosed[to.side], let key = to.link.keys[to.side] else {
      lost += UInt64(block.length)
      return
    }
    if host.swarm.expectation(of: block, from: key) == .unexpected {
      host.discarded += UInt64(block.length)
      tell(to.link.hosts[to.side], .discarded(block, from: key))
    } else {
      let number = geometry.blockNumber(of: block)!
      host.poisoned[block.piece, default: [:]][number] =
        version == 0 ? nil : (sender: to.link.hosts[1 - to.side], version: version)
      tell(to.link.hosts[to.side], .landed(block, from: key))
    }
  }

  private func tell(_ host: Int, _ input: SwarmInput) {
    guard !hosts[host].isGone else { return }
    var batch: [SwarmEffect] = []
    swap(&batch, &effects)
    hosts[host].swarm.handle(input, at: now, into: &batch)
    mix(UInt64(host), now.nanoseconds, UInt64(batch.count))
    for effect in batch { perform(effect, of: host) }
    batch.removeAll(keepingCapacity: true)
    swap(&batch, &effects)
  }

  private func mix(_ words: UInt64...) {
    for word in words { trace = (trace ^ word) &* 0x100_0000_01b3 }
  }

  // MARK: Effects

  private func perform(_ effect: SwarmEffect, of number: Int) {
    let host = hosts[number]
    switch effect {
    case .connect(let key, let endpoint, _):
      guard case .v4(let word) = endpoint.address else { return }
      let link = Link(from: number, key, to: Int(word - 0x0a00_0001))
      host.sides[key] = (link, 0)
      schedule(.knock(link), for: link.hosts[1], after: Self.latency)
    case .adopt(let ticket, let key):
      let link = knocks.removeValue(forKey: ticket)!
      link.keys[1] = key
      host.sides[key] = (link, 1)
      let handshake = Handshake(infoHash: SwarmScript.infoHash, peerID: Self.peerID(number))
      schedule(
        .tell(.handshake(link.keys[0]!, handshake)), for: link.hosts[0], after: Self.latency)
    case .refuse(let ticket, _):
      let link = knocks.removeValue(forKey: ticket)!
      schedule(.end((link, 0)), for: link.hosts[0], after: Self.latency)
    case .send(let key, let message): send(message, number, key)
    case .upload(let key, let block):
      guard let side = host.sides[key] else { return }
      host.outgoing.append((side, block))
      startSending(number)
    case .unsend(let key, let block): takeBack(number, key) { $0 == block }
    case .unsendAll(let key): takeBack(number, key) { _ in true }
    case .close(let key, _): close(number, key)
    case .verify(let piece, let isSuspect):
      schedule(.verify(piece, isSuspect: isSuspect), for: number, after: Self.hashing)
    case .abandon(let piece): host.poisoned[piece] = nil
    case .wake(let moment): schedule(.tell(.wake), for: number, after: moment - now)
    case .report(.peerBanned(let endpoint, _, _)):
      guard case .v4(let word) = endpoint.address else { return }
      bans.append((number, Int(word - 0x0a00_0001)))
    case .report(.complete): host.isComplete = true
    case .metadataComplete, .layersComplete, .readLeaves, .report, .fetch, .endFetch: break
    }
  }

  private func send(_ message: PeerMessage, _ number: Int, _ key: PeerKey) {
    guard let (link, side) = hosts[number].sides[key] else {
      Issue.record("a message to nobody: \(message)")
      return
    }
    if case .request(let block) = message, hosts[number].swarm.peers.contains(key) {
      let (isChoked, allowed) = (
        hosts[number].swarm.peers[key].chokesUs, hosts[number].swarm.peers[key].allowedFast
      )
      if isChoked, !allowed.contains(block.piece) {
        Issue.record("host \(number) asks a peer that chokes it")
      }
      if hosts[number].swarm.peers[key].pieces?[block.piece] != true {
        Issue.record("host \(number) asks in vain")
      }
    }
    schedule(.message((link, 1 - side), message), for: link.hosts[1 - side], after: Self.latency)
  }

  private func startSending(_ number: Int) {
    guard !hosts[number].isSending, !hosts[number].outgoing.isEmpty else { return }
    hosts[number].isSending = true
    schedule(.sent, for: number, after: Self.transfer)
  }

  private func finishSending(_ number: Int) {
    let host = hosts[number]
    host.isSending = false
    guard !host.isGone, let (side, block) = host.outgoing.popFirst() else { return }
    if !side.link.isClosed[side.side], let key = side.link.keys[side.side] {
      host.blocksSent += 1
      let isPoisoned = generator.below(100) < host.poisonedPerHundred
      let other = 1 - side.side
      schedule(
        .arrive((side.link, other), block, version: isPoisoned ? generator.next() | 1 : 0),
        for: side.link.hosts[other], after: Self.latency)
      tell(number, .uploaded(block, to: key))
    }
    startSending(number)
  }

  /// Takes blocks out of the queue, but the one that is on its way.
  private func takeBack(_ number: Int, _ key: PeerKey, _ matches: (Block) -> Bool) {
    let host = hosts[number]
    var taken: [Block] = []
    var index = host.isSending ? 1 : 0
    while index < host.outgoing.count {
      let (side, block) = host.outgoing[index]
      if side.link.keys[side.side] == key, matches(block) {
        host.outgoing.remove(at: index)
        taken.append(block)
      } else {
        index += 1
      }
    }
    if !taken.isEmpty { schedule(.tell(.unsent(taken, to: key)), for: number, after: .zero) }
  }

  private func close(_ number: Int, _ key: PeerKey) {
    guard let (link, side) = hosts[number].sides[key] else { return }
    takeOut(number, link)
    forget(number, key)
    schedule(.end((link, 1 - side)), for: link.hosts[1 - side], after: Self.latency)
  }

  private func forget(_ number: Int, _ key: PeerKey) {
    guard let (link, side) = hosts[number].sides.removeValue(forKey: key) else { return }
    takeOut(number, link)
    link.isClosed[side] = true
  }

  private func takeOut(_ number: Int, _ link: Link) {
    var index = hosts[number].isSending ? 1 : 0
    while index < hosts[number].outgoing.count {
      if hosts[number].outgoing[index].side.link === link {
        hosts[number].outgoing.remove(at: index)
      } else {
        index += 1
      }
    }
  }
}
