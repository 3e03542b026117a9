import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@Suite struct Twins {
  @Test func `a peer at both internets is named at both and counts once`() throws {
    var harness = Harness()
    func announce(
      _ peer: String, _ number: UInt8, key: UInt32 = 7, left: UInt64 = 1,
      _ event: AnnounceEvent? = nil
    ) -> (complete: Int, incomplete: Int) {
      var (request, address) = Harness.request(peer, event, left: left)
      request.peerID = PeerID(bytes: [UInt8](repeating: number, count: 20))!
      request.key = key
      _ = harness.tracker.handle(request, from: address, at: harness.now)
      let counts = harness.counts()!
      return (counts.complete, counts.incomplete)
    }
    #expect(announce("10.0.0.1:1", 1) == (0, 1))
    #expect(announce("[2001:db8::1]:1", 1) == (0, 1))
    #expect(announce("[2001:db8::2]:1", 2) == (0, 2))
    #expect(announce("10.0.0.2:1", 2) == (0, 2))
    // Another with the same peer id is another.
    #expect(announce("10.0.0.3:1", 1, key: 8) == (0, 3))
    // What it has become it tells over each internet.
    #expect(announce("10.0.0.1:1", 1, left: 0).complete == 1)
    #expect(announce("[2001:db8::1]:1", 1, left: 0) == (1, 2))
    let named = harness.announce("10.0.0.9:1")
    #expect(named?.count == 5)
    #expect(announce("10.0.0.1:1", 1, left: 0, .stopped) == (1, 3))
    #expect(announce("10.0.0.1:1", 1, left: 0) == (1, 3))
    #expect(announce("[2001:db8::1]:1", 1, left: 0, .stopped) == (1, 3))
    #expect(announce("[2001:db8::2]:1", 5) == (1, 4))
  }

  @Test func `counts hold through everything that peers do`() throws {
    for seed in UInt64(1)...6 {
      var harness = Harness(seed: seed)
      var generator = SeededGenerator(seed: seed)
      /// By endpoint: who it is, whether it is a seed, when it was heard of.
      var peers: [String: (id: Int, isSeed: Bool, at: Moment)] = [:]
      for step in 0..<3000 {
        let place = generator.below(30)
        let peer = generator.below(2) == 0 ? "10.0.0.\(place + 1):1" : "[2001:db8::\(place + 1)]:1"
        let id = generator.below(4) == 0 ? generator.below(30) : place
        let isSeed = generator.below(3) == 0
        let stops = generator.below(6) == 0
        var (request, address) = Harness.request(
          peer, stops ? .stopped : nil, left: isSeed ? 0 : 1)
        request.peerID = PeerID(bytes: [UInt8](repeating: UInt8(id + 1), count: 20))!
        _ = harness.tracker.handle(request, from: address, at: harness.now)
        peers[peer] = stops ? nil : (id, isSeed, harness.now)
        if generator.below(40) == 0 {
          harness.now = harness.now + .minutes(20)
          harness.tracker.purge(at: harness.now, budget: 100_000)
          peers = peers.filter { harness.now - $0.value.at <= .minutes(65) }
        }
        let four = Set(peers.filter { !$0.key.hasPrefix("[") }.map(\.value.id))
        let counted = peers.filter { !$0.key.hasPrefix("[") || !four.contains($0.value.id) }
        let counts = harness.counts()
        let complete = counted.values.count { $0.isSeed }
        #expect(counts?.complete ?? 0 == complete, "seed \(seed), step \(step)")
        #expect(counts?.incomplete ?? 0 == counted.count - complete, "seed \(seed), step \(step)")
      }
    }
  }
}

@Suite struct Sites {
  @Test func `peers of one site are named to each other first, and others beside them`() throws {
    var policy = AnnouncePolicy()
    let isAdded = policy.sites.add("hall=10.1.0.0/16,2001:db8:1::/48")
    let isNextAdded = policy.sites.add("hall-2=10.1.7.0/24")
    #expect(isAdded && isNextAdded)
    var harness = Harness(policy: policy)
    for number in 1...100 {
      harness.announce("10.1.0.\(number):1", numWant: 0)
      harness.announce("10.2.0.\(number):1", numWant: 0)
      harness.announce("10.1.7.\(number):1", numWant: 0)
    }
    let near = harness.announce("10.1.0.200:1", numWant: 20)
    var answers = [try #require(near)]
    let datagram = try harness.datagram("10.1.0.201:1", numWant: 20)
    guard case .announce(let response) = datagram.body else {
      Issue.record("an announce was answered by something else")
      return
    }
    answers.append(response.peers.endpoints.map(\.description))
    for named in answers {
      #expect(named.count == 20)
      #expect((14...16).contains(named.count { $0.hasPrefix("10.1.0.") }), "\(named)")
    }
    // Who is of no site gets a fair sample, and a small swarm is named whole.
    let fair = harness.announce("192.0.2.1:1", numWant: 60)
    let other = try #require(fair)
    #expect(other.count == 60 && (5...40).contains(other.count { $0.hasPrefix("10.2.") }))
    var small = Harness(policy: policy)
    for peer in ["10.1.0.1:1", "10.1.0.2:1", "10.2.0.1:1"] { small.announce(peer) }
    let whole = small.announce("10.1.0.9:1")
    #expect(whole?.count == 3)
    let (request, address) = Harness.request("10.1.0.8:1", numWant: 50)
    let body = try small.written(request, from: address)
    #expect(try HTTPTrackerCodec.decodeAnnounceReply(body).get().peers.count == 4)
  }

  @Test(arguments: [
    "", "hall", "=10.0.0.0/8", "hall=", "hall=10.0.0.0/33", "hall=10.0.0/8", "hall=x",
    "hall=10.0.0.0/8,", "hall=::/129", "hall=10.0.0.0/-1",
  ]) func `what is no network is refused`(text: String) {
    var sites = SiteMap()
    let isAdded = sites.add(text)
    #expect(!isAdded && sites.isEmpty)
  }
}

@Suite struct Stretching {
  @Test func `intervals grow while the load is high, and shrink again when it is low`() throws {
    var stretch = IntervalStretch()
    stretch.note(load: 0.7)
    #expect(stretch.percent == 100)
    for _ in 0..<20 { stretch.note(load: 0.95) }
    #expect(stretch.percent == IntervalStretch.most)
    stretch.note(load: 0.7)
    #expect(stretch.percent == IntervalStretch.most)
    var policy = AnnouncePolicy()
    policy.stretchPercent = stretch.percent
    var harness = Harness(policy: policy)
    let reply = harness.reply("10.0.0.1:1")
    let interval = try reply.get().interval
    #expect(interval >= 3600 && TimeSpan.seconds(interval) < policy.lifetime)
    for _ in 0..<40 { stretch.note(load: 0.1) }
    #expect(stretch.percent == 100)
  }
}
