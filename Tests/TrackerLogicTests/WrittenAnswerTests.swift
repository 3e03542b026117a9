import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@Suite struct WrittenAnswers {
  @Test func `an answer that is written is the one that is encoded`() throws {
    for seed in UInt64(1)..<8 {
      var policy = AnnouncePolicy()
      policy.trackerID = seed % 2 == 0 ? Array("this one".utf8) : nil
      var encoding = Harness(seed: seed, policy: policy)
      var writing = Harness(seed: seed, policy: policy)
      var generator = SeededGenerator(seed: seed)
      for number in 0..<300 {
        let host = generator.below(3) == 0 ? "[2001:db8::\(number % 90)]" : "10.0.0.\(number % 90)"
        var (request, address) = Harness.request(
          "\(host):\(6881 + number % 7)", [nil, .started, .stopped, .paused][generator.below(4)],
          left: UInt64(generator.below(2)), torrent: generator.below(3),
          numWant: generator.below(80))
        // Some are at both internets, and are not named to themselves.
        if number % 5 == 0 { request.peerID = PeerID(bytes: [UInt8](repeating: 65, count: 20))! }
        let reply = encoding.tracker.handle(request, from: address, at: encoding.now)
        let written = try writing.written(request, from: address)
        #expect(written == HTTPTrackerCodec.encode(reply), "seed \(seed)")
      }
    }
  }

  @Test func `no more peers are written than there is room for`() throws {
    var policy = AnnouncePolicy()
    policy.mostPeersPerReply = 1000
    var harness = Harness(policy: policy)
    for number in 0..<400 {
      harness.announce("10.0.\(number / 200).\(number % 200):6881", numWant: 0)
      harness.announce("[2001:db8::\(number + 1)]:6881", numWant: 0)
    }
    let (request, address) = Harness.request("10.9.9.9:1", numWant: 1000)
    let body = try harness.written(request, from: address, room: 4096)
    let reply = try HTTPTrackerCodec.decodeAnnounceReply(body).get()
    #expect((150...250).contains(reply.peers.count))
  }

  @Test func `a refusal writes nothing`() {
    var harness = Harness(.registered)
    let (request, address) = Harness.request("10.0.0.1:6881")
    do {
      _ = try harness.written(request, from: address)
      Issue.record("it was served")
    } catch {
      #expect(error is TrackerFailure)
    }
  }
}
