import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import SwarmLogic
import TorrentModel

/// A torrent's presence in a ring: its peers are searched for, and it is announced itself.
///
/// The invariants: one search is under way at most; a torrent that turns out to be none of the
/// ring's business is withdrawn at once, as any is at the end.
final class RingPresence {
  private unowned let runner: TorrentRunner
  let service: ChordService
  private var generator: SeededGenerator
  private var timer: SlabID?
  private var search: PeerSearch?
  /// A reason to search again came up during a search.
  private var isOutdated = false
  private var fruitless = 0
  private var keeper: Contact?
  private var announceDue = Moment.zero
  private var wasSeed = false
  private var isEnded = false

  /// A record lives for 45 minutes: two announces may be lost.
  private static let announceInterval = TimeSpan.minutes(15)
  /// From one search to the next while nobody is connected, doubled each time up to the longest.
  private static let firstWait = TimeSpan.seconds(1)
  private static let longestWait = TimeSpan.seconds(15)
  /// While somebody is: who cannot be dialled waits for us to find it.
  private static let usualWait = TimeSpan.seconds(60)
  private static let farewellPatience = TimeSpan.seconds(2)

  init(of runner: TorrentRunner, in service: ChordService, generator: SeededGenerator) {
    self.runner = runner
    self.service = service
    self.generator = generator
  }

  /// Something changed: searches at once, or again.
  func refresh() {
    guard !isEnded else { return }
    guard runner.mayUseRing else { return leave {} }
    guard search == nil else {
      isOutdated = true
      return
    }
    if let timer { runner.reactor.cancelTimer(timer) }
    timer = nil
    isOutdated = false
    var peerCount = 0
    let announcement = dueAnnouncement
    let search = PeerSearch(
      of: runner.infoHash, in: service, announcing: announcement
    ) { [weak self] peers, contact in
      guard let self, !isEnded else { return }
      let new = peers.filter { self.isAnother($0) }
      peerCount = max(peerCount, new.count)
      runner.take(ringPeers: new, from: contact.endpoint)
    } completion: { [weak self] outcome in
      self?.finish(outcome, announcement, peerCount: peerCount)
    }
    self.search = search
    search.start()
  }

  private func isAnother(_ peer: Endpoint) -> Bool {
    peer.port != runner.session.reachablePort || peer.address != service.ownEndpoint?.address
  }

  /// The announce that is due, if one is: the first, one in the course of things, or that of a
  /// download that became complete. Without the metadata, only once the first search has not led to
  /// a peer: whoever shares may not be dialled itself, and has to find us.
  private var dueAnnouncement: PeerAnnouncement? {
    guard runner.info != nil || fruitless > 0, let port = runner.session.reachablePort else {
      return nil
    }
    let isSeed = runner.swarm.have?.isFull ?? false
    guard runner.reactor.now >= announceDue || isSeed != wasSeed else { return nil }
    return PeerAnnouncement(runner.infoHash, port: port, isSeed: isSeed)
  }

  private func finish(
    _ outcome: PeerSearch.Outcome, _ announcement: PeerAnnouncement?, peerCount: Int
  ) {
    search = nil
    guard !isEnded else { return }
    if let keeper = outcome.keeper, let announcement {
      self.keeper = keeper
      wasSeed = announcement.isSeed
      let spread = Self.announceInterval.seconds / 10
      announceDue =
        runner.reactor.now + Self.announceInterval + .seconds(spread * (generator.fraction() - 0.5))
    }
    if outcome.isAnswered {
      runner.report(.ring(RingReport(ring: service.name, outcome: .found(peers: peerCount))))
    } else if let failure = outcome.failure {
      runner.report(.ring(RingReport(ring: service.name, outcome: .failed(failure))))
    }
    if outcome.keeper != nil {
      runner.report(.ring(RingReport(ring: service.name, outcome: .announced)))
    }
    schedule(hasFailed: !outcome.isAnswered || announcement != nil && outcome.keeper == nil)
  }

  private func schedule(hasFailed: Bool) {
    let isAlone = runner.swarm.peerCount == 0
    fruitless = isAlone || hasFailed ? min(fruitless + 1, 8) : 0
    let wait =
      fruitless > 0
      ? min(Self.firstWait * (1 << (fruitless - 1)), Self.longestWait) : Self.usualWait
    timer = runner.reactor.schedule(after: isOutdated ? .zero : wait) { [weak self] in
      self?.timer = nil
      self?.refresh()
    }
  }

  private func end() {
    isEnded = true
    search?.cancel()
    search = nil
    if let timer { runner.reactor.cancelTimer(timer) }
    timer = nil
  }

  /// Ends the searches and withdraws what was announced; calls `done` once that is known or has had
  /// its time.
  func leave(then done: @escaping () -> Void) {
    let wasEnded = isEnded
    end()
    guard !wasEnded, let keeper, let port = runner.session.reachablePort else { return done() }
    var isDone = false
    let finish = {
      guard !isDone else { return }
      isDone = true
      done()
    }
    runner.reactor.schedule(after: Self.farewellPatience, finish)
    let farewell = PeerAnnouncement(runner.infoHash, port: port, isGone: true)
    service.ask(keeper, .announcePeer(farewell)) { _ in finish() }
  }

  func close() { end() }
}

extension TorrentRunner {
  /// Whether the torrent is of a closed ring: no other network is to hear of it.
  var isOfClosedRing: Bool {
    [source.ring, options.ring].contains { $0.map { !$0.name.isOpen } ?? false }
  }

  /// A torrent that says of itself that it is private goes to no ring that is open to all.
  var mayUseRing: Bool {
    guard phase != .stopped, let ring else { return false }
    guard let info else { return true }
    return !(info.isPrivate && ring.service.name.isOpen)
  }

  /// Enters the ring that the source or the options name.
  func enterRing(generator: SeededGenerator) {
    let named = options.ring.map { ($0, RequestOrigin.user) }
    let found = source.ring.map { ($0, options.origin) }
    guard let (reference, origin) = named ?? found else { return }
    if case .metainfo(let metainfo) = source, metainfo.info.isPrivate, reference.name.isOpen {
      return report(.ring(RingReport(ring: reference.name, outcome: .barred)))
    }
    if let own = source.ring?.name, !own.isOpen, own != reference.name {
      let reason = "the torrent is of a closed ring: no other is asked"
      return report(.ring(RingReport(ring: reference.name, outcome: .failed(reason))))
    }
    guard let service = session.ring(reference, namedBy: origin) else {
      guard !reference.name.isOpen else { return }
      let reason = "the ring is closed, and there is no certificate of it here"
      return report(.ring(RingReport(ring: reference.name, outcome: .failed(reason))))
    }
    ring = RingPresence(of: self, in: service, generator: generator)
    ring?.refresh()
  }

  func take(ringPeers peers: [Endpoint], from keeper: Endpoint) {
    let origin = RequestOrigin.host(keeper)
    addPeers(peers.filter { origin.mayName(peer: $0) }, from: .tracker)
  }
}
