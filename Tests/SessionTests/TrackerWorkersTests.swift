import DeterministicCore
import Networking
import Storage
import Synchronization
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@testable import Session

private func infoHash(_ number: Int) -> InfoHash {
  InfoHash(bytes: (0..<20).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) })!
}

private func announce(
  _ peer: Int, of torrent: Int, to tracker: SharedTracker, at now: Moment = .zero + .seconds(100)
) -> AnnounceReply {
  var generator = SeededGenerator(seed: UInt64(peer))
  let request = AnnounceRequest(
    infoHash: infoHash(torrent), peerID: .random(using: &generator), port: 6881,
    left: UInt64(peer % 2))
  return tracker.withTracker(of: request.infoHash) {
    $0.handle(request, from: .v4(0x0b00_0000 + UInt32(peer)), at: now)
  }
}

@Suite struct SharedTrackers {
  @Test func `threads that announce at once lose nothing`() throws {
    let tracker = SharedTracker(AnnouncePolicy(), admission: .everything)
    let (threads, peers, torrents) = (4, 4000, 97)
    let refused = Atomic(0)
    let started = (0..<threads).compactMap { thread in
      WorkerThread(name: "announcer") {
        for peer in 0..<peers {
          let number = thread * peers + peer
          if case .failure = announce(number, of: number % torrents, to: tracker) {
            refused.add(1, ordering: .relaxed)
          }
        }
      }
    }
    for thread in started { thread.join() }
    try #require(started.count == threads)
    #expect(refused.load(ordering: .relaxed) == 0)
    #expect(tracker.peerCount == threads * peers && tracker.torrentCount == torrents)
    var counted = 0
    for torrent in 0..<torrents {
      let counts = try #require(tracker.statistics(of: infoHash(torrent)))
      counted += counts.complete + counts.incomplete
    }
    #expect(counted == threads * peers)
  }

  @Test func `all shards are in a snapshot, and its swarms find their shards again`() throws {
    let tracker = SharedTracker(AnnouncePolicy(), admission: .everything)
    for peer in 0..<3000 { _ = announce(peer, of: peer % 500, to: tracker) }
    let now = Moment.zero + .seconds(100)
    let bytes = tracker.snapshot(at: now, wallClock: 5)
    // Its placement of torrents has another secret.
    let restored = SharedTracker(AnnouncePolicy(), admission: .everything)
    #expect(try restored.restore(bytes, at: now, wallClock: 5) == 3000)
    #expect(restored.peerCount == 3000 && restored.torrentCount == 500)
    for torrent in 0..<500 {
      #expect(
        restored.statistics(of: infoHash(torrent)) == tracker.statistics(of: infoHash(torrent)))
    }
    #expect(throws: SnapshotError.self) {
      try restored.restore(bytes.dropLast(), at: now, wallClock: 5)
    }
  }

  @Test func `a snapshot that falls to few shards is taken back as far as the policy allows`()
    throws
  {
    let tracker = SharedTracker(AnnouncePolicy(), admission: .everything)
    for peer in 0..<2000 { _ = announce(peer, of: 0, to: tracker) }
    let bytes = tracker.snapshot(at: .zero + .seconds(100), wallClock: 5)
    var policy = AnnouncePolicy()
    for (most, expected) in [(2000, 2000), (1500, 1500)] {
      policy.mostPeers = most
      let restored = SharedTracker(policy, admission: .everything)
      #expect(try restored.restore(bytes, at: .zero + .seconds(100), wallClock: 5) == expected)
    }
  }

  @Test func `the shards together hold what the policy allows, wherever the room is needed`() {
    var policy = AnnouncePolicy()
    policy.mostPeers = 1000
    let tracker = SharedTracker(policy, admission: .everything)
    let now = Moment.zero + .seconds(100)
    // One torrent only: its shard gets an equal part of what is left, time and again.
    for peer in 0..<1000 {
      if peer % 10 == 0 { tracker.tidy(at: now, budget: 1000) }
      _ = announce(peer, of: 0, to: tracker)
    }
    #expect((700...1000 + SharedTracker.shardCount).contains(tracker.peerCount))
    for peer in 1000..<5000 { _ = announce(peer, of: peer, to: tracker) }
    tracker.tidy(at: now, budget: 1000)
    for peer in 5000..<9000 { _ = announce(peer, of: peer, to: tracker) }
    #expect(tracker.peerCount <= 1000 + SharedTracker.shardCount)
  }

  @Test func `silent peers of every shard go`() {
    let tracker = SharedTracker(AnnouncePolicy(), admission: .everything)
    for peer in 0..<2000 { _ = announce(peer, of: peer % 300, to: tracker) }
    let later = Moment.zero + .minutes(70)
    tracker.tidy(at: later, budget: 640)
    #expect((1300..<2000).contains(tracker.peerCount))
    for _ in 0..<20 { tracker.tidy(at: later, budget: 6400) }
    #expect(tracker.peerCount == 0 && tracker.torrentCount == 0)
  }
}

@Suite struct TrackerWorkers {
  @Test func `a connection ID holds at every worker, and all share the swarms`() throws {
    let bench = try TrackerBench(workers: 4)
    defer { bench.server.close() }
    let connect = UDPTrackerRequest(transactionID: 9, body: .connect).bytes
    let connected = try #require(try bench.exchange([connect]).first)
    guard
      case .connect(let id) = try UDPTrackerResponse(connected.span.bytes, family: .v4).body
    else {
      Issue.record("a connect was answered by something else")
      return
    }
    // The kernel chooses a worker by the client's port: of so many, some reach each.
    for number in 1...40 {
      let request = TrackerBench.request(port: UInt16(7000 + number))
      let datagram = UDPTrackerRequest(
        transactionID: UInt32(number),
        body: .announce(request, connectionID: id, urlData: [])
      ).bytes
      let answer = try #require(try bench.exchange([datagram]).first)
      let response = try UDPTrackerResponse(answer.span.bytes, family: .v4)
      guard case .announce(let announce) = response.body else {
        Issue.record("an announce was answered by \(response)")
        return
      }
      #expect(response.transactionID == UInt32(number))
      #expect(announce.incomplete == number && announce.peers.count == number - 1)
    }
    for number in 41...60 {
      let request = TrackerBench.request(port: UInt16(7000 + number))
      let response = try bench.announce(request, by: "http").get()
      #expect(response.incomplete == number)
    }
    #expect(bench.server.peerCount == 60)
  }

  @Test(arguments: [1, 3]) func `a port that is taken is found out`(workers: Int) throws {
    let bench = try TrackerBench(workers: workers)
    defer { bench.server.close() }
    let second = try TrackerServer(admission: .everything, workers: workers, on: bench.reactor)
    defer { second.close() }
    #expect(throws: NetworkError.self) { try second.listen(on: bench.endpoint) }
    #expect(throws: NetworkError.self) { try second.serveDatagrams(on: bench.endpoint) }
  }

  @Test func `a server that is closed gives its port back at once`() throws {
    let bench = try TrackerBench(workers: 3)
    let endpoint = bench.endpoint
    _ = try bench.announce(TrackerBench.request(port: 7001), by: "udp")
    bench.server.close()
    let second = try TrackerServer(admission: .everything, workers: 3, on: bench.reactor)
    defer { second.close() }
    #expect(throws: Never.self) { try second.listen(on: endpoint) }
  }
}
