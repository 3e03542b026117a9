import DeterministicCore
import Hashing
import Networking
import PeerWire
import Storage
import SwarmLogic
import Testing
import TorrentModel

@testable import Session

/// A session with one whole torrent, and strangers who connect to it.
private final class Host {
  let reactor: Reactor
  let session: TorrentSession
  let infoHash: InfoHash
  private(set) var banned: [Endpoint] = []
  var now: Moment { Reactor.clock }

  init(_ adjust: (inout SessionConfiguration) -> Void = { _ in }) throws {
    Reactor.ignoreBrokenPipes()
    reactor = try Reactor()
    var configuration = SessionConfiguration(listen: Endpoint(.v4(0x7f00_0001), port: 0))
    adjust(&configuration)
    session = try TorrentSession(configuration, on: reactor)
    try session.listen()
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 40_000)])
    let hashes = (0..<3).map { SHA1.hash(Array(repeating: 0, count: $0 < 2 ? 16384 : 7232)) }
    let metainfo = try Metainfo(
      MetainfoBuilder(layout: layout, pieceLength: 16384).document(hashes: hashes))
    infoHash = metainfo.info.infoHash
    session.observer = { [weak self] _, event in
      if case .swarm(.peerBanned(let endpoint, _, _)) = event { self?.banned.append(endpoint) }
    }
    var options = TorrentOptions(folder: "/nowhere")
    options.storage = try MemoryStorage(layout: layout)
    options.isReadOnly = true
    options.trustsData = true
    session.add(.metainfo(metainfo), options)
  }

  deinit { session.shutDown() }

  func stranger(from source: Endpoint? = nil) throws -> Stranger {
    try Stranger(to: try #require(session.listeningOn.first), from: source)
  }

  func handshake(_ number: UInt8) throws -> [UInt8] {
    let id = try #require(PeerID(bytes: Array(repeating: number, count: 20)))
    return Handshake(infoHash: infoHash, peerID: id).bytes
  }

  /// Runs the loop, looking every 10 ms, until `isDone`; false if that took longer than 10 s.
  func run(until isDone: @escaping () -> Bool) throws -> Bool {
    var came = false
    let end = Reactor.clock + .seconds(10)
    func look() {
      came = isDone()
      if came || Reactor.clock >= end { return reactor.stop() }
      reactor.schedule(after: .milliseconds(10)) { look() }
    }
    reactor.schedule(after: .zero) { look() }
    try reactor.run()
    return came
  }

  /// Whether a stranger that says its handshake at once is answered.
  func answers(_ stranger: Stranger, _ number: UInt8) throws -> Bool {
    let handshake = try handshake(number)
    var hasSpoken = false
    let came = try run {
      if !hasSpoken { stranger.say(handshake) }
      hasSpoken = true
      return !stranger.listen() || stranger.received.count >= Handshake.length
    }
    return came && stranger.received.count >= Handshake.length
  }
}

@Suite struct ConnectionLimitsTests {
  @Test func `a crowd that says nothing keeps nobody out who speaks`() throws {
    let host = try Host { $0.connections.mostUnknown = 8 }
    let crowd = try (0..<40).map { _ in try host.stranger() }
    let honest = try host.stranger()
    #expect(try host.answers(honest, 1))
    #expect(try host.run { crowd.count { $0.listen() } <= 8 })
    // The oldest went.
    #expect(crowd.prefix(32).allSatisfy { !$0.listen() })
    #expect(crowd.suffix(7).allSatisfy { $0.listen() })
  }

  @Test func `a handshake that dribbles ends at the deadline`() throws {
    let host = try Host { $0.connections.handshakeDeadline = .milliseconds(300) }
    let slow = try host.stranger()
    let began = host.now
    var rest = try host.handshake(1)[...]
    let hasEnded = try host.run {
      // A byte every 10 ms would take seven tenths of a second.
      if let byte = rest.popFirst() { slow.say([byte]) }
      return !slow.listen()
    }
    #expect(hasEnded)
    #expect(host.now - began >= .milliseconds(290))
    #expect(!rest.isEmpty && slow.received.isEmpty)
  }

  @Test func `a frame that dribbles ends at the deadline for silence`() throws {
    let host = try Host { $0.swarm.silenceDeadline = .seconds(1) }
    let slow = try host.stranger()
    #expect(try host.answers(slow, 1))
    // An extended message of 1000 bytes, a byte at a time.
    var rest: ArraySlice<UInt8> = [0, 0, 3, 232, 20] + Array(repeating: 0, count: 999)
    let hasEnded = try host.run {
      if let byte = rest.popFirst() { slow.say([byte]) }
      return !slow.listen()
    }
    #expect(hasEnded)
    #expect(!rest.isEmpty)
  }

  @Test func `whoever is banned is refused before it has said a word`() throws {
    let host = try Host()
    let source = Endpoint(.v4(0x7f00_0009), port: UInt16.random(in: 20_000..<30_000))
    for number in 1...3 {
      let faulty = try host.stranger(from: source)
      #expect(try host.answers(faulty, UInt8(number)))
      // A request of what the torrent does not have.
      faulty.say([0, 0, 0, 13, 6, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 64, 0])
      #expect(try host.run { !faulty.listen() })
    }
    #expect(host.banned == [source])
    let again = try host.stranger(from: source)
    let began = host.now
    #expect(try host.run { !again.listen() })
    #expect(host.now - began < host.session.configuration.connections.handshakeDeadline)
    #expect(try host.answers(try host.stranger(), 4))
  }

  @Test func `peers are no more than the session holds, whatever a torrent would take`() throws {
    let host = try Host { $0.connections.mostPeers = 2 }
    let first = try host.stranger()
    let second = try host.stranger()
    let third = try host.stranger()
    #expect(try host.answers(first, 1))
    #expect(try host.answers(second, 2))
    #expect(try !host.answers(third, 3))
    #expect(first.listen() && second.listen() && !third.listen())
  }

  @Test func `unknown connections are counted by subscriber, those of this machine are not`() throws
  {
    var limits = ConnectionLimits()
    limits.mostUnknownPerSubscriber = 2
    limits.mostUnknown = 100
    var unknown = UnknownConnections(limits)
    let reactor = try Reactor()
    func connection(_ text: String) throws -> IncomingConnection {
      let socket = FileDescriptor(owning: try #require(Self.socket()))
      let endpoint = try #require(Endpoint(text: text))
      return try IncomingConnection(
        socket, from: endpoint,
        on: .init(deadline: .seconds(10), encryption: .plain, torrents: { [] }), reactor: reactor
      ) { _, _, _ in }
    }
    let first = try connection("[2001:db8::1]:1")
    for connection in [first, try connection("[2001:db8::2]:1"), try connection("127.0.0.1:1")] {
      let crowdedOut = unknown.insert(connection)
      #expect(crowdedOut == nil)
    }
    let (household, neighbour, machine) = (
      unknown.admits(.v6(high: 0x2001_0db8_0000_0000, low: 77)),
      unknown.admits(.v6(high: 0x2001_0db8_0000_0001, low: 77)), unknown.admits(.v4(0x7f00_0001))
    )
    #expect(!household && neighbour && machine)
    unknown.remove(first)
    let householdAfterwards = unknown.admits(.v6(high: 0x2001_0db8_0000_0000, low: 77))
    #expect(householdAfterwards)
    for connection in unknown.removeAll() { connection.close() }
    let count = unknown.count
    #expect(count == 0)
  }

  private static func socket() -> Int32? {
    (try? StreamSocket.connect(to: Endpoint(.v4(0x7f00_0001), port: 9), from: nil))?.release()
  }

  @Test(arguments: [64, 65, 100, 256, 1024, 20_000, 1 << 20])
  func `the parts of the descriptors are no more than the whole`(limit: Int) {
    let budget = DescriptorBudget(limit: limit)
    let parts = budget.files + budget.peers + budget.unknown + budget.guests
    #expect(parts + DescriptorBudget.reserved <= limit)
    #expect(budget.files >= 8 && budget.peers >= 12 && budget.unknown >= 6)
    var configuration = SessionConfiguration(port: 0)
    configuration.keep(within: budget)
    #expect(configuration.swarm.mostPeers <= budget.peers)
    #expect(configuration.openFiles <= budget.files)
  }
}
