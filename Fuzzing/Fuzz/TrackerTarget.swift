import DeterministicCore
import SwarmLogic
import TorrentModel
import TrackerLogic
import TrackerWire

extension FuzzTarget {
  /// A tracker that announces, scrapes, expiry and restarts come to in whatever order: its counts
  /// agree with each other, nobody is handed to itself, and a snapshot brings everything back.
  static var tracker: FuzzTarget {
    .stateful("tracker") { input in
      var game = TrackerGame(&input)
      for _ in 0..<1000 where !input.isEmpty { game.step(&input) }
      game.finish()
    }
  }

  /// One announce by UDP against a tracker that answers anything at any time: it ends.
  static var announceExchange: FuzzTarget {
    .stateful("announce-exchange", seeds: [[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]]) { input in
      var request = AnnounceRequest(
        infoHash: TrackerGame.infoHash(1), peerID: PeerID(bytes: Array(repeating: 1, count: 20))!,
        port: 1, left: 1)
      request.numWant = 50
      var now = Moment.zero
      var exchange = UDPAnnounceExchange(
        request, urlData: input.bytes(), family: input.isOne(in: 2) ? .v6 : .v4,
        mostAttempts: 1 + input.below(4), generator: SeededGenerator(seed: 1), at: now)
      var transactionID: UInt32 = 0
      var datagrams = 0
      // Past the end of the input nothing is answered any more: the exchange times out.
      while true {
        let answers = !input.isEmpty && input.isOne(in: 2)
        if !answers { now = exchange.deadline + .milliseconds(input.below(256)) }
        let step =
          answers
          ? exchange.receive(
            answer(&input, to: transactionID).span.bytes, at: now + .milliseconds(input.below(9)))
          : exchange.step(at: now)
        switch step {
        case .send(let datagram):
          datagrams += 1
          require(datagrams < 1000, "an exchange without an end")
          guard let sent = try? UDPTrackerRequest(datagram.span.bytes) else {
            fatalError("a datagram that is none")
          }
          transactionID = sent.transactionID
        case .finished, .timedOut: return
        case nil: continue
        }
      }
    }
  }

  /// A datagram that is noise, or an answer with the transaction ID asked for.
  private static func answer(_ input: inout FuzzInput, to transactionID: UInt32) -> [UInt8] {
    guard !input.isOne(in: 4) else { return input.bytes() }
    let body: UDPTrackerResponse.Body
    switch input.below(4) {
    case 0: body = .connect(connectionID: UInt64(input.word()))
    case 1: body = .error(TrackerFailure("no"))
    case 2: body = .scrape([])
    default: body = .announce(AnnounceResponse(interval: Int(input.number())))
    }
    return UDPTrackerResponse(transactionID: transactionID, body: body).bytes(.v4)
  }

  /// Whatever of a snapshot is taken back, the same tracker comes of what is written of it.
  static var trackerSnapshot: FuzzTarget {
    .decoder("tracker-snapshot", seeds: TrackerGame.snapshots) { bytes in
      var tracker = TrackerGame.empty(.everything)
      _ = try? tracker.restore(bytes, at: .zero + .seconds(9), wallClock: 1000)
      TrackerGame.requireRestored(tracker, at: .zero + .seconds(9))
    }
  }
}

private struct TrackerGame: ~Copyable {
  private var tracker: Tracker
  private var now = Moment.zero + .seconds(100)

  init(_ input: inout FuzzInput) {
    tracker = Self.empty(input.isOne(in: 4) ? .registered : .everything)
    tracker.policy.mostPeers = 60
    tracker.policy.mostTorrents = 5
  }

  static func empty(_ admission: Tracker.Admission) -> Tracker {
    Tracker(admission: admission, seed: 1, secret: TrackerSecret(5, 6))
  }

  static func infoHash(_ number: Int) -> InfoHash {
    InfoHash(bytes: Array(repeating: UInt8(number), count: 20))!
  }

  mutating func step(_ input: inout FuzzInput) {
    now = now + .seconds(input.isOne(in: 16) ? input.below(256) * 30 : input.below(4))
    let infoHash = Self.infoHash(input.below(8))
    switch input.below(16) {
    case 0: tracker.register(infoHash)
    case 1: tracker.unregister(infoHash)
    case 2: tracker.purge(at: now, budget: input.below(20))
    case 3: scrape()
    case 4: Self.requireRestored(tracker, at: now)
    default: announce(of: infoHash, &input)
    }
  }

  /// After the longest silence nobody is left.
  mutating func finish() {
    scrape()
    now = now + tracker.policy.lifetime + .seconds(2)
    for _ in 0..<3 { tracker.purge(at: now, budget: 1 << 20) }
    require(tracker.peerCount == 0, "\(tracker.peerCount) peers outlive their time")
  }

  private mutating func announce(of infoHash: InfoHash, _ input: inout FuzzInput) {
    var request = AnnounceRequest(
      infoHash: infoHash, peerID: PeerID(bytes: input.twenty())!, port: UInt16(input.below(9)),
      left: UInt64(input.below(3)))
    request.event = [nil, .started, .stopped, .completed, .paused][input.below(5)]
    request.numWant = input.isOne(in: 4) ? input.below(256) : nil
    request.wantsCompact = !input.isOne(in: 4)
    let host = UInt32(input.below(12))
    let source: Address =
      input.isOne(in: 3) ? .v6(high: 0x2a00 << 48, low: UInt64(host)) : .v4(0x0b00_0000 + host)
    let reply =
      input.isOne(in: 2)
      ? answerByDatagram(request, from: source)
      : try? tracker.handle(request, from: source, at: now).get()
    guard let response = reply else { return }
    let handedOut = response.peers.endpoints
    require(
      !handedOut.contains(Endpoint(source, port: request.port)), "a peer is handed to itself")
    require(handedOut.count <= tracker.policy.mostPeersPerReply, "more peers than allowed")
    require(Set(handedOut).count == handedOut.count, "a peer is handed out twice")
    // Any other seed may be a client that lacks the metadata.
    if request.isSeed, request.event == .completed {
      require(
        handedOut.count <= (response.incomplete ?? 0), "seeds are handed to seeds")
    }
  }

  private mutating func answerByDatagram(
    _ request: AnnounceRequest, from source: Address
  ) -> AnnounceResponse? {
    var bytes = [UInt8](repeating: 0, count: UDPTrackerResponse.longestReply)
    let length = bytes.withUnsafeMutableBytes { room in
      var reply = OutputRawSpan(buffer: room, initializedCount: 0)
      tracker.handle(request, 7, from: source, at: now, into: &reply)
      return reply.finalize(for: room)
    }
    let response = try? UDPTrackerResponse(
      bytes.span.bytes.extracting(..<length), family: source.family)
    switch response?.body {
    case .announce(let announce): return announce
    case .error: return nil
    default: fatalError("an announce is answered by something else")
    }
  }

  private func scrape() {
    var seen = 0
    for number in 0..<8 {
      guard let counts = tracker.statistics(of: Self.infoHash(number)) else { continue }
      seen += counts.complete + counts.incomplete
    }
    require(
      tracker.admission == .registered ? seen <= tracker.peerCount : seen == tracker.peerCount,
      "\(seen) peers are counted of \(tracker.peerCount)")
  }

  static func requireRestored(_ tracker: borrowing Tracker, at now: Moment) {
    var restored = empty(.everything)
    let bytes = tracker.snapshot(at: now, wallClock: 1000)
    do {
      try restored.restore(bytes, at: now, wallClock: 1000)
    } catch {
      fatalError("a snapshot of our own is refused: \(error)")
    }
    let before = tracker.peerCount
    require(restored.peerCount <= before, "more peers than there were")
    var again = empty(.everything)
    _ = try? again.restore(
      restored.snapshot(at: now, wallClock: 1000), at: now, wallClock: 1000)
    require(again.peerCount == restored.peerCount, "a snapshot of a snapshot loses peers")
    require(again.torrentCount == restored.torrentCount, "… and torrents")
  }

  /// An empty tracker's, and one with peers of both families.
  static var snapshots: [[UInt8]] {
    var filled = empty(.everything)
    for number in 0..<6 {
      var request = AnnounceRequest(
        infoHash: infoHash(number % 2), peerID: PeerID(bytes: Array(repeating: 3, count: 20))!,
        port: UInt16(1 + number), left: UInt64(number % 3))
      request.event = number == 3 ? .paused : .started
      let source: Address =
        number % 2 == 0
        ? .v4(0x0b00_0000 + UInt32(number)) : .v6(high: 0x2a00 << 48, low: UInt64(number))
      _ = filled.handle(request, from: source, at: .zero + .seconds(1))
    }
    let end = Moment.zero + .seconds(5)
    return [
      empty(.everything).snapshot(at: end, wallClock: 990),
      filled.snapshot(at: end, wallClock: 990),
    ]
  }
}
