import DeterministicCore
import Networking
import SwarmLogic
import TorrentModel
import TrackerWire

// Announcing: the schedule says when and to whom, the tracker client does it, and the peers go to
// the swarm.
extension TorrentRunner {
  /// An announce in the course of things.
  private static let announcePatience = TimeSpan.seconds(60)
  /// The last announce, while somebody waits for the process to end.
  private static let farewellPatience = TimeSpan.seconds(2)

  static func schedule(
    for source: TorrentSource, _ options: TorrentOptions, generator: SeededGenerator
  ) -> AnnounceSchedule {
    var seen: [TrackerURL] = []
    let texts = source.trackers + options.trackers.map { [$0] }
    let tiers = texts.map { tier in
      tier.compactMap { text -> TrackerURL? in
        guard let url = TrackerURL(text), !seen.contains(url) else { return nil }
        seen.append(url)
        return url
      }
    }
    return AnnounceSchedule(tiers: tiers, generator: generator)
  }

  /// Makes the announces that are due and sees to the next ones.
  func announce() {
    guard phase != .stopped else { return }
    for order in schedule.next(at: reactor.now, wantsPeers: swarm.wantsPeers) {
      carryOut(order, patience: Self.announcePatience) { [weak self] outcome in
        guard let self else { return }
        self.schedule.finish(order, outcome, at: self.reactor.now)
        self.announce()
      }
    }
    setAnnounceTimer()
  }

  /// A download without a single peer asks its trackers again as soon as they allow, not only when
  /// their interval is over: somebody may have begun to share meanwhile.
  func announceSoonerIfAlone() {
    guard phase == .downloading || phase == .fetchingMetadata, swarm.peerCount == 0 else { return }
    let due = schedule.nextDue
    schedule.wantPeers(at: reactor.now)
    if schedule.nextDue < due { setAnnounceTimer() }
  }

  private func setAnnounceTimer() {
    if let announceTimer { reactor.cancelTimer(announceTimer) }
    announceTimer = nil
    let due = schedule.nextDue
    guard due != .distantFuture else { return }
    announceTimer = reactor.schedule(at: due) { [weak self] in
      self?.announceTimer = nil
      self?.announce()
    }
  }

  /// Bytes of the whole torrent that are not here, wanted or not: a tracker that were told of the
  /// wanted ones only would hand a partial seed out as a whole one (BEP 21).
  private var bytesMissing: UInt64? {
    guard let info, let have = swarm.have else { return nil }
    guard !have.isFull else { return 0 }
    let present = have.pieces.reduce(UInt64(0)) { $0 + UInt64(info.geometry.length(of: $1)) }
    return info.geometry.totalLength - present
  }

  private func carryOut(
    _ order: AnnounceOrder, patience: TimeSpan,
    then finished: @escaping (AnnounceOutcome) -> Void
  ) {
    var request = AnnounceRequest(
      infoHash: infoHash, peerID: session.peerID, port: session.announcedPort,
      left: bytesMissing ?? AnnounceRequest.unknownLeft)
    request.uploaded = swarm.up.total
    request.downloaded = swarm.down.total
    request.event = order.event
    request.numWant = order.numWant
    request.key = announceKey
    request.trackerID = order.trackerID
    announceElsewhere(request, order)
    session.trackers.announce(
      request, to: order.url, namedBy: origin(of: order.url), patience: patience
    ) { [weak self] result in
      guard let self else { return finished(.failed) }
      let (outcome, report) = self.take(result, of: order)
      // Whoever hears the report may ask how the schedule stands after it.
      finished(outcome)
      self.note(report, of: order)
    }
  }

  /// Of a hybrid torrent the peers that know its other version only are met under its other name
  /// (BEP 52). What comes of that is a gain; the schedule goes by the first name alone.
  private func announceElsewhere(_ request: AnnounceRequest, _ order: AnnounceOrder) {
    for name in swarm.names.all.dropFirst() {
      var request = request
      request.infoHash = name
      request.trackerID = nil
      session.trackers.announce(
        request, to: order.url, namedBy: origin(of: order.url), patience: Self.announcePatience
      ) { [weak self] result in
        guard let self, case .success(let answer) = result,
          case .success(let response) = answer.reply, order.event != .stopped
        else { return }
        let tracker = RequestOrigin.host(answer.tracker)
        addPeers(
          response.peers.endpoints.filter { tracker.mayName(peer: $0) }, from: .tracker,
          under: name)
      }
    }
  }

  /// What the user typed may stand in the source as well.
  private func origin(of url: TrackerURL) -> RequestOrigin {
    options.trackers.contains { TrackerURL($0) == url } ? .user : options.origin
  }

  /// Hands the peers of an answer to the swarm.
  private func take(
    _ result: Result<TrackerClient.Answer, TrackerClient.AnnounceFault>, of order: AnnounceOrder
  ) -> (AnnounceOutcome, TrackerReport.Outcome) {
    let answer: TrackerClient.Answer
    switch result {
    case .failure(let fault):
      return (.failed, .failed(fault.reason))
    case .success(let success):
      answer = success
    }
    switch answer.reply {
    case .failure(let failure):
      return (.refused(failure.retry), .refused(failure.reason))
    case .success(let response):
      let tracker = RequestOrigin.host(answer.tracker)
      let endpoints = response.peers.endpoints.filter { tracker.mayName(peer: $0) }
      if order.event != .stopped { addPeers(endpoints, from: .tracker) }
      return (
        .answered(
          interval: response.interval, minInterval: response.minInterval,
          trackerID: response.trackerID),
        .answered(
          peers: endpoints.count, seeders: response.complete, leechers: response.incomplete)
      )
    }
  }

  private func note(_ outcome: TrackerReport.Outcome, of order: AnnounceOrder) {
    // Keys of members stand in the path: only scheme and host are shown.
    report(.tracker(TrackerReport(url: order.url.redacted, outcome: outcome)))
  }

  /// Tells the trackers and the ring of the end, and of a completion they have not heard of.
  public func leave(then done: @escaping () -> Void) {
    let orders = schedule.stop()
    var pending = orders.count + (ring == nil ? 0 : 1)
    guard pending > 0 else { return done() }
    ring?.leave {
      pending -= 1
      if pending == 0 { done() }
    }
    for order in orders {
      let sayStopped = { [self] in
        carryOut(order, patience: Self.farewellPatience) { _ in
          pending -= 1
          if pending == 0 { done() }
        }
      }
      guard order.owesCompleted else {
        sayStopped()
        continue
      }
      carryOut(order.saying(.completed), patience: Self.farewellPatience) { _ in sayStopped() }
    }
  }
}
