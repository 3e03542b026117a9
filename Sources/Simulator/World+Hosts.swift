import DeterministicCore
import SwarmLogic
import TorrentModel
import TrackerLogic
import TrackerWire

// How hosts come and go, and how they hear of each other.
extension World {
  static let announceURL: TrackerURL = {
    guard let url = TrackerURL("http://tracker.invalid/announce") else {
      preconditionFailure("the tracker's URL is one")
    }
    return url
  }()

  /// A tracker that is down is noticed after this.
  static let trackerPatience = TimeSpan.seconds(15)
  /// What an announce takes.
  static let trackerDelay = TimeSpan.milliseconds(80)

  mutating func addHost(_ number: Int) {
    let host = plan.hosts[number]
    var have = Bitfield(count: geometry.pieceCount)
    if host.share >= 1 {
      have = .full(count: geometry.pieceCount)
    } else if host.share > 0 {
      for piece in 0..<geometry.pieceCount where generator.fraction() < host.share {
        have.insert(PieceIndex(piece))
      }
    }
    hosts.append(
      SimulatedHost(
        number, host, newSwarm(number, life: 1, at: host.arrivesAt), newSchedule(),
        SimulatedStorage(have), in: room))
    places.append(HostPlace(hosts[number]))
    schedule(.arrival, at: host.arrivesAt, host: number)
  }

  private mutating func newSwarm(_ number: Int, life: UInt32, at moment: Moment) -> Swarm {
    Swarm(
      infoHash: Self.infoHash, peerID: Self.peerID(number, life: life),
      listenPort: Self.endpoint(number).port, metadata: Self.metadata,
      configuration: plan.configuration, generator: SeededGenerator(seed: generator.next()),
      at: moment)
  }

  private mutating func newSchedule() -> AnnounceSchedule {
    AnnounceSchedule(
      tiers: [[Self.announceURL]], generator: SeededGenerator(seed: generator.next()))
  }

  private static let metadata = Array("de".utf8)

  // MARK: Coming

  mutating func start(_ number: Int) -> Int {
    let host = hosts[number]
    host.isOnline = true
    host.life += 1
    host.startedAt = host.startedAt ?? now
    host.lastProgress = now
    census.come(host)
    let count = tell(
      number,
      .ready(geometry, have: host.storage.verified, wanted: nil, metadata: Self.metadata))
    startPlayer(of: host)
    if host.swarm.isComplete, host.completedAt == nil, host.role != .seed {
      noteComplete(host)
    }
    if case .lasting(let span) = host.plan.stay {
      schedule(.departure, at: now + span, host: number, generation: host.life)
    }
    setAnnounceTimer(host)
    return count
  }

  // MARK: Going

  mutating func depart(_ number: Int, _ life: UInt32) {
    guard isAlive(number, life) else { return }
    let host = hosts[number]
    census.go(host)
    host.isOnline = false
    host.hasLeft = true
    for order in host.schedule.stop() where isTrackerUp {
      _ = announce(order, of: host)
    }
    for flow in host.flows where flow.generation != .max {
      guard !connections[flow.flow].isClosed else { continue }
      shut(flow.flow, of: host)
      tellEnd(flow.flow)
      connections.releaseIfClosed(flow.flow)
    }
  }

  /// A host loses its power: its peers hear nothing of it.
  private mutating func crash(_ number: Int) {
    let host = hosts[number]
    guard host.isOnline else { return }
    census.go(host)
    host.isOnline = false
    host.isSending = false
    for flow in host.flows where flow.generation != .max {
      guard !connections[flow.flow].isClosed else { continue }
      shut(flow.flow, of: host)
      connections.releaseIfClosed(flow.flow)
    }
    host.turns.removeAll()
    host.downlinkFreeAt = now
    host.storage.loseMemory()
    host.bytesUploaded = 0
    host.bytesLanded = 0
  }

  private mutating func restart(_ number: Int) {
    let host = hosts[number]
    guard !host.isOnline, !host.hasLeft, host.life > 0 else { return }
    host.swarm = newSwarm(number, life: host.life + 1, at: now)
    host.schedule = newSchedule()
    host.announceSetFor = .distantFuture
    host.flows = []
    _ = start(number)
  }

  mutating func befall(_ event: Plan.Event) {
    switch event {
    case .trackerDown: isTrackerUp = false
    case .trackerUp: isTrackerUp = true
    case .partition(let below):
      cut = below
      healsAt = .zero
      for happening in plan.happenings {
        if case .heal = happening.event, happening.at > now {
          healsAt = happening.at
          break
        }
      }
    case .heal: cut = 0
    case .crash(let host): crash(host)
    case .restart(let host): restart(host)
    }
  }

  // MARK: The tracker

  /// Asks again soon where the last peer has gone.
  mutating func reviveSchedule(of host: SimulatedHost) {
    guard host.isOnline, !host.swarm.isFinished, host.swarm.peerCount == 0 else { return }
    host.schedule.wantPeers(at: now)
    setAnnounceTimer(host)
  }

  mutating func setAnnounceTimer(_ host: SimulatedHost) {
    let due = host.schedule.nextDue
    guard due != .distantFuture, due < host.announceSetFor || host.announceSetFor <= now else {
      return
    }
    host.announceSetFor = due
    schedule(.announceDue, at: max(due, now), host: host.number, generation: host.life)
  }

  mutating func announceIfDue(_ number: Int, _ life: UInt32) {
    guard isAlive(number, life) else { return }
    let host = hosts[number]
    for order in host.schedule.next(at: now, wantsPeers: host.swarm.wantsPeers) {
      let answer: TrackerAnswer
      var delay = Self.trackerDelay
      if isTrackerUp {
        answer = announce(order, of: host)
      } else {
        answer = TrackerAnswer(order: order, outcome: .failed, peers: [])
        delay = Self.trackerPatience
      }
      schedule(
        .trackerAnswer, at: now + delay, host: number, subject: answers.insert(answer),
        generation: life)
    }
    setAnnounceTimer(host)
  }

  private mutating func announce(_ order: AnnounceOrder, of host: SimulatedHost) -> TrackerAnswer {
    let endpoint = Self.endpoint(host.number)
    var request = AnnounceRequest(
      infoHash: Self.infoHash, peerID: Self.peerID(host.number, life: host.life),
      port: endpoint.port, left: host.swarm.bytesLeft ?? AnnounceRequest.unknownLeft)
    request.uploaded = host.swarm.up.total
    request.downloaded = host.swarm.down.total
    request.event = order.event
    request.numWant = order.numWant
    request.trackerID = order.trackerID
    switch tracker.handle(request, from: endpoint.address, at: now) {
    case .success(let response):
      return TrackerAnswer(
        order: order,
        outcome: .answered(
          interval: response.interval, minInterval: response.minInterval,
          trackerID: response.trackerID),
        peers: response.peers.endpoints)
    case .failure(let failure):
      return TrackerAnswer(order: order, outcome: .refused(failure.retry), peers: [])
    }
  }

  mutating func takeAnswer(_ event: Event) -> Int {
    let answer = answers.take(event.subject)
    let number = Int(event.host)
    guard isAlive(number, event.generation) else { return 0 }
    let host = hosts[number]
    host.schedule.finish(answer.order, answer.outcome, at: now)
    setAnnounceTimer(host)
    return answer.peers.isEmpty ? 0 : tell(number, .candidates(answer.peers, from: .tracker))
  }
}
