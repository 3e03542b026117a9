import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@Suite struct TrackerDecisions {
  @Test func `peers learn of each other and never of themselves`() {
    var harness = Harness()
    #expect(harness.announce("10.0.0.1:1", .started) == [])
    #expect(harness.announce("10.0.0.2:2", .started) == ["10.0.0.1:1"])
    #expect(harness.announce("10.0.0.1:1") == ["10.0.0.2:2"])
    #expect(harness.announce("10.0.0.3:3", torrent: 1) == [])
    #expect(harness.tracker.torrentCount == 2 && harness.tracker.peerCount == 3)
  }

  @Test func `while a swarm is young its peers come again soon`() throws {
    var policy = AnnouncePolicy()
    policy.youngInterval = .minutes(2)
    var harness = Harness(policy: policy)
    func interval(_ harness: inout Harness, _ peer: String = "10.0.0.1:1") throws -> Int {
      try harness.reply(peer).get().interval
    }
    for (minutes, range) in [(0, 120...132), (8, 120...132), (60, 900...990), (600, 1800...1920)] {
      harness.now = .zero + .seconds(1_000_000) + .minutes(minutes)
      let given = try interval(&harness)
      #expect(range.contains(given), "\(minutes)")
    }
    // Empty for a while, it is young again.
    harness.announce("10.0.0.1:1", .stopped)
    let again = try interval(&harness)
    #expect((120...132).contains(again))
    // A tracker that was restarted knows its swarms to be old.
    let bytes = harness.tracker.snapshot(at: harness.now, wallClock: 5)
    var restored = Harness(policy: policy)
    try restored.tracker.restore(bytes, at: restored.now, wallClock: 5)
    let old = try interval(&restored)
    #expect((1800...1920).contains(old))
  }

  @Test func `seeds are not given seeds, nor partial seeds either`() {
    var harness = Harness()
    harness.announce("10.0.0.1:1", left: 0)
    harness.announce("10.0.0.2:1", .paused)
    harness.announce("10.0.0.3:1")
    #expect(harness.announce("10.0.0.4:1", left: 0, uploaded: 1) == ["10.0.0.3:1"])
    #expect(harness.announce("10.0.0.4:1", .completed, left: 0) == ["10.0.0.3:1"])
    #expect(harness.announce("10.0.0.2:1", .paused) == ["10.0.0.3:1"])
    #expect(harness.announce("10.0.0.3:1") == ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.4:1"])
    #expect(
      harness.counts()
        == ScrapeStatistics(complete: 2, downloaded: 0, incomplete: 2, downloaders: 1))
  }

  @Test func `a client that says it lacks nothing may lack the metadata, and is given seeds`() {
    var harness = Harness()
    harness.announce("10.0.0.1:1", .started, left: 0)
    #expect(harness.announce("10.0.0.2:1", .started, left: 0) == ["10.0.0.1:1"])
    #expect(harness.announce("10.0.0.2:1", left: 0) == ["10.0.0.1:1"])
    #expect(harness.announce("10.0.0.2:1", left: 0, uploaded: 1) == [])
  }

  @Test func `a download is counted once, for a peer that came without everything`() {
    var harness = Harness()
    harness.announce("10.0.0.1:1", .completed, left: 0)
    #expect(harness.counts()?.downloaded == 0)
    harness.announce("10.0.0.2:1", .started)
    harness.announce("10.0.0.2:1", .completed, left: 5)
    #expect(harness.counts()?.downloaded == 0)
    for _ in 0..<3 {
      harness.announce("10.0.0.2:1", .completed, left: 0)
      harness.announce("10.0.0.2:1", left: 3)
    }
    #expect(harness.counts()?.downloaded == 1)
    harness.announce("10.0.0.3:1", .paused)
    harness.announce("10.0.0.3:1", .completed, left: 0)
    #expect(harness.counts()?.downloaded == 2)
  }

  @Test func `who stops is forgotten, and a stranger's farewell is no fault`() {
    var harness = Harness()
    harness.announce("10.0.0.1:1")
    harness.announce("10.0.0.2:1")
    #expect(harness.announce("10.0.0.1:1", .stopped) == [])
    #expect(harness.announce("10.0.0.1:1", .stopped) == [])
    #expect(harness.announce("10.9.9.9:1", .stopped, torrent: 5) == [])
    #expect(harness.announce("10.0.0.2:1", .stopped) == [])
    #expect(harness.tracker.torrentCount == 0 && harness.tracker.peerCount == 0)
  }

  @Test func `nobody can stop another's peer`() {
    var harness = Harness()
    harness.announce("10.0.0.1:1")
    harness.announce("10.0.0.2:1", .stopped)
    harness.announce("10.0.0.1:2", .stopped)
    #expect(harness.tracker.peerCount == 1)
  }

  @Test func `the address a client claims reaches nobody`() throws {
    var harness = Harness()
    var (request, address) = Harness.request("10.0.0.1:80")
    request.claimedAddress = Address(text: "198.51.100.7")
    let reply = harness.tracker.handle(request, from: address, at: harness.now)
    #expect(try reply.get().externalAddress == address)
    #expect(harness.announce("10.0.0.2:1") == ["10.0.0.1:80"])
  }

  @Test(arguments: ["10.0.0.1:0", "0.0.0.0:5", "224.0.0.1:5", "255.255.255.255:5", "[ff02::1]:5"])
  func `what cannot be dialled is no peer`(peer: String) {
    var harness = Harness()
    #expect(harness.announce(peer) == nil)
    #expect(harness.tracker.torrentCount == 0 && harness.tracker.peerCount == 0)
  }

  @Test func `only registered torrents are tracked where that is the rule`() throws {
    var harness = Harness(.registered)
    let refused = harness.reply("10.0.0.1:1")
    #expect(throws: TrackerFailure.self) { try refused.get() }
    #expect(harness.tracker.torrentCount == 0)
    harness.tracker.register(Harness.infoHash(0))
    #expect(harness.announce("10.0.0.1:1") == [])
    #expect(harness.counts()?.incomplete == 1)
    #expect(harness.counts(1) == nil)
    harness.announce("10.0.0.1:1", .stopped)
    #expect(harness.tracker.torrentCount == 1, "a registered torrent outlives its last peer")
    harness.announce("10.0.0.2:1")
    harness.tracker.unregister(Harness.infoHash(0))
    #expect(harness.announce("10.0.0.2:1") == nil)
    #expect(harness.counts() == nil)
    #expect(harness.tracker.isTracked(Harness.infoHash(0)) == false)
    harness.now = harness.now + .minutes(90)
    #expect(harness.tracker.purge(at: harness.now, budget: 100) == 1)
    #expect(harness.tracker.torrentCount == 0)
  }

  @Test(
    arguments: [
      (nil, 50), (0, 0), (1, 1), (75, 75), (200, 200), (100_000, 200), (-5, 50), (Int.max, 200),
    ] as [(Int?, Int)])
  func `numwant is clamped`(numWant: Int?, expected: Int) {
    var harness = Harness()
    for number in 1...250 { harness.announce("10.0.\(number).1:1", numWant: 0) }
    #expect(harness.announce("10.1.1.1:1", numWant: numWant)?.count == expected)
  }

  @Test func `a datagram's answer holds its own family and what fits`() throws {
    var harness = Harness()
    for number in 1...300 {
      harness.announce("10.0.\(number % 256).\(number / 256):1", numWant: 0)
      harness.announce("[2001:db8::\(String(number, radix: 16))]:1", numWant: 0)
    }
    for (asker, family) in [("10.1.1.1:1", AddressFamily.v4), ("[2001:db8::1:1]:1", .v6)] {
      let response = try harness.datagram(asker, numWant: 1000)
      guard case .announce(let announce) = response.body else {
        Issue.record("an announce was answered by something else")
        return
      }
      #expect(response.transactionID == 42)
      #expect(announce.peers.count == UDPTrackerResponse.mostPeers(family))
      #expect(announce.peers.endpoints.allSatisfy { $0.address.family == family })
      #expect(Set(announce.peers.endpoints).count == announce.peers.count)
      #expect(announce.incomplete == (family == .v4 ? 601 : 602) && announce.complete == 0)
    }
  }

  @Test func `both protocols decide alike`() throws {
    for seed in UInt64(0)..<20 {
      var generator = SeededGenerator(seed: seed)
      var http = Harness(.registered, seed: seed)
      var udp = Harness(.registered, seed: seed)
      for torrent in 0..<2 {
        http.tracker.register(Harness.infoHash(torrent))
        udp.tracker.register(Harness.infoHash(torrent))
      }
      for step in 0..<200 {
        let peer = "10.0.0.\(1 + generator.below(30)):9"
        let event: AnnounceEvent? = [nil, .started, .stopped, .completed, .paused][
          generator.below(5)]
        let (left, torrent) = (UInt64(generator.below(2)), generator.below(3))
        let numWant = generator.below(20)
        let response = try udp.datagram(
          peer, event, left: left, torrent: torrent, numWant: numWant)
        switch http.reply(peer, event, left: left, torrent: torrent, numWant: numWant) {
        case .success(let expected):
          guard case .announce(let announce) = response.body else {
            Issue.record("seed \(seed) step \(step): \(response)")
            return
          }
          #expect(announce.peers == expected.peers, "seed \(seed) step \(step)")
          #expect(announce.interval == expected.interval, "seed \(seed) step \(step)")
          #expect(announce.complete == expected.complete, "seed \(seed) step \(step)")
          #expect(announce.incomplete == expected.incomplete, "seed \(seed) step \(step)")
        case .failure(let failure):
          #expect(response.body == .error(TrackerFailure(failure.reason)))
        }
      }
    }
  }

  @Test func `over HTTP the other family fills what is left, without the asker's twin`() throws {
    var harness = Harness()
    harness.announce("10.0.0.1:1")
    harness.announce("[2001:db8::2]:1")
    var (twin, _) = Harness.request("10.0.0.3:1")
    let six = try #require(Address(text: "2001:db8::3"))
    _ = harness.tracker.handle(twin, from: six, at: harness.now)
    #expect(harness.announce("10.0.0.3:1") == ["10.0.0.1:1", "[2001:db8::2]:1"].sorted())
    #expect(harness.announce("10.0.0.3:1", numWant: 1) == ["10.0.0.1:1"])
    twin.wantsCompact = false
    let reply = harness.tracker.handle(twin, from: six, at: harness.now)
    guard case .described(let peers) = try reply.get().peers else {
      Issue.record("the dictionary model was asked for")
      return
    }
    #expect(peers.allSatisfy { $0.id != nil })
    twin.omitsPeerIDs = true
    let bare = harness.tracker.handle(twin, from: six, at: harness.now)
    guard case .described(let unnamed) = try bare.get().peers else {
      Issue.record("the dictionary model was asked for")
      return
    }
    #expect(unnamed.count == peers.count && unnamed.allSatisfy { $0.id == nil })
  }

  @Test func `peers come back at different times`() throws {
    var harness = Harness()
    var intervals: Set<Int> = []
    for number in 1...50 {
      let response = try harness.reply("10.0.0.\(number):1").get()
      #expect((1800...1920).contains(response.interval))
      #expect(response.minInterval == 300)
      intervals.insert(response.interval)
    }
    #expect(intervals.count > 20)
  }

  @Test func `the same calls give the same replies`() {
    var first = Harness(seed: 5)
    var second = Harness(seed: 5)
    for number in 0..<500 {
      let peer = "10.0.\(number % 7).\(number % 251):\(1 + number % 3)"
      let left = UInt64(number % 4)
      #expect(
        first.reply(peer, left: left, torrent: number % 5)
          == second.reply(peer, left: left, torrent: number % 5))
    }
  }
}

@Suite struct TrackerLimitsHeld {
  @Test func `a full tracker serves the known and takes no more`() throws {
    var policy = AnnouncePolicy()
    policy.mostPeers = 3
    policy.mostTorrents = 2
    var harness = Harness(policy: policy)
    harness.announce("10.0.0.1:1")
    harness.announce("10.0.0.1:1", torrent: 1)
    #expect(harness.announce("10.0.0.2:1", torrent: 2) == nil)
    harness.announce("10.0.0.2:1")
    #expect(harness.announce("10.0.0.3:1") == ["10.0.0.1:1", "10.0.0.2:1"])
    #expect(harness.tracker.peerCount == 3 && harness.tracker.torrentCount == 2)
    #expect(harness.announce("10.0.0.1:1") == ["10.0.0.2:1"])
    harness.announce("10.0.0.2:1", .stopped)
    harness.announce("10.0.0.3:1")
    #expect(harness.announce("10.0.0.1:1") == ["10.0.0.3:1"])
  }

  @Test func `a scrape names its torrents and gets what is tracked of them`() throws {
    var harness = Harness()
    harness.announce("10.0.0.1:1", torrent: 2)
    let policy = harness.tracker.policy
    let known = [Harness.infoHash(2): harness.counts(2)]
    func find(_ infoHash: InfoHash) -> ScrapeStatistics? { known[infoHash] ?? nil }
    #expect(throws: TrackerFailure.self) {
      try ScrapeRequest([]).reply(policy, find).get()
    }
    let request = ScrapeRequest([1, 2, 3].map { Harness.infoHash($0) })
    let http = try request.reply(policy, find).get()
    #expect(http.files.map(\.infoHash) == [Harness.infoHash(2)])
    #expect(http.minRequestInterval == 300)
    var bytes = [UInt8](repeating: 0, count: UDPTrackerResponse.longestReply)
    let length = bytes.withUnsafeMutableBytes { room in
      var reply = OutputRawSpan(buffer: room, initializedCount: 0)
      request.write(7, into: &reply, find)
      return reply.finalize(for: room)
    }
    let udp = try UDPTrackerResponse(bytes.span.bytes.extracting(..<length), family: .v4)
    guard case .scrape(let counts) = udp.body else {
      Issue.record("a scrape was answered by something else")
      return
    }
    #expect(udp.transactionID == 7)
    #expect(counts.map(\.incomplete) == [0, 1, 0])
  }

  @Test func `silent peers go, a bounded number at a time, and speaking ones stay`() {
    var harness = Harness()
    for number in 0..<300 {
      harness.announce("10.0.\(number / 100).\(number % 100):1", torrent: number % 40, numWant: 0)
      harness.announce("[2001:db8::\(number)]:1", torrent: number % 40, numWant: 0)
    }
    harness.now = harness.now + .minutes(64)
    for number in 0..<100 {
      harness.announce("10.0.0.\(number):1", torrent: number % 40, numWant: 0)
    }
    #expect(harness.tracker.purge(at: harness.now, budget: 10_000) == 0)
    harness.now = harness.now + .minutes(2)
    var rounds = 0
    while harness.tracker.peerCount > 100, rounds < 1000 {
      #expect(harness.tracker.purge(at: harness.now, budget: 10) <= 10)
      rounds += 1
    }
    #expect(harness.tracker.peerCount == 100)
    #expect((60...120).contains(rounds), "600 peers and 40 swarms took \(rounds) rounds of ten")
    harness.now = harness.now + .minutes(66)
    #expect(harness.tracker.purge(at: harness.now, budget: 10_000) == 100)
    #expect(harness.tracker.torrentCount == 0)
    #expect(harness.tracker.purge(at: harness.now, budget: 10_000) == 0)
  }

  @Test func `random traffic keeps the counts true`() {
    for seed in UInt64(0)..<5 {
      var generator = SeededGenerator(seed: seed)
      var harness = Harness(seed: seed)
      for _ in 0..<4000 {
        let peer =
          generator.below(3) == 0
          ? "[2001:db8::\(generator.below(60))]:9" : "10.0.0.\(generator.below(120)):9"
        let event: AnnounceEvent? =
          [nil, nil, .started, .stopped, .completed, .paused][generator.below(6)]
        harness.announce(
          peer, event, left: UInt64(generator.below(2)), torrent: generator.below(12),
          numWant: 2)
        harness.now = harness.now + .seconds(generator.below(20))
        harness.tracker.purge(at: harness.now, budget: 5)
      }
      var total = 0
      for torrent in 0..<12 {
        guard let counts = harness.counts(torrent) else { continue }
        total += counts.complete + counts.incomplete
        #expect((counts.downloaders ?? 0) <= counts.incomplete, "seed \(seed)")
      }
      #expect(total == harness.tracker.peerCount, "seed \(seed)")
    }
  }
}
