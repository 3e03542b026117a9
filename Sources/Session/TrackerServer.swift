import DeterministicCore
import Glibc
public import HTTPWire
public import Networking
import Storage
public import TorrentModel
public import TrackerLogic
import TrackerWire

/// A tracker on the network: HTTP (BEP 3, 48) and UDP (BEP 15) on the same port number, served by one
/// or more threads over the same swarms. The loop it is made on is the first of them and does the
/// upkeep.
public final class TrackerServer {
  private let tracker: SharedTracker
  private let worker: TrackerWorker
  private let others: [TrackerWorkerThread]
  private let reactor: Reactor
  private var upkeepTimer: SlabID?
  private var rotationTimer: SlabID?
  private var stretch = IntervalStretch()
  private var meter = LoadMeter()

  /// Silent peers are looked for this often, so many peers at a time.
  private static let upkeepInterval = TimeSpan.seconds(1)
  private static let purgeBudget = 100_000
  /// Connection IDs are signed with a new secret this often.
  private static let secretLife = TimeSpan.minutes(60)
  /// Port numbers tried where any will do, until one is free for TCP and UDP both.
  private static let portAttempts = 16

  /// - Parameters:
  ///   - membership: who may announce and what; `nil` for a tracker without members. With one, every
  ///     torrent that it lists is tracked.
  ///   - trustedProxies: whose word counts for where a HTTP announce comes from.
  ///   - store: where the swarms are kept together with those of other trackers; without it each keeps
  ///     its own in memory.
  ///   - workers: threads that serve, at least 1; the loop's own is one of them.
  ///   - report: called on the loop when the store fails, with the reason, and with `nil` when it serves
  ///     again.
  public init(
    _ policy: AnnouncePolicy = AnnouncePolicy(), admission: Tracker.Admission,
    membership: Membership? = nil, trustedProxies: [Address] = [], store: RedisAddress? = nil,
    workers: Int = 1, on reactor: Reactor, report: @escaping (String?) -> Void = { _ in }
  ) throws(NetworkError) {
    let tracker = SharedTracker(
      policy, admission: membership == nil ? admission : .everything, membership: membership,
      trustedProxies: trustedProxies, store: store)
    self.tracker = tracker
    self.reactor = reactor
    worker = try TrackerWorker(tracker, on: reactor, report: report)
    var others: [TrackerWorkerThread] = []
    for number in 1..<max(1, workers) {
      if let thread = try TrackerWorkerThread(tracker, number: number) { others.append(thread) }
    }
    self.others = others
    scheduleUpkeep()
    scheduleRotation()
  }

  // MARK: Torrents

  public func register(_ infoHash: InfoHash) {
    tracker.withTracker(of: infoHash) { $0.register(infoHash) }
  }

  public func unregister(_ infoHash: InfoHash) {
    tracker.withTracker(of: infoHash) { $0.unregister(infoHash) }
  }

  public var torrentCount: Int { tracker.torrentCount }
  public var peerCount: Int { tracker.peerCount }

  /// The counts of a torrent.
  public func counts(of infoHash: InfoHash) -> (seeders: Int, leechers: Int, completed: Int) {
    guard let counts = tracker.statistics(of: infoHash) else { return (0, 0, 0) }
    return (counts.complete, counts.incomplete, counts.downloaded)
  }

  /// Answers by another policy from now on; how much is held at most stays.
  public func setPolicy(_ policy: AnnouncePolicy) { tracker.setPolicy(policy) }

  /// What the tracker does, for threads that only look.
  public var monitor: TrackerMonitor { TrackerMonitor(tracker) }

  // MARK: Listening

  public var listeningOn: [Endpoint] { worker.listeningOn }

  /// Serves both protocols on an endpoint. With port 0, one is found that is free for both.
  public func listen(on endpoint: Endpoint) throws(NetworkError) {
    var attempts = endpoint.port == 0 ? Self.portAttempts : 1
    while true {
      let bound = try bindDatagrams(on: endpoint)
      do {
        try worker.serveHTTP(on: bound, sharing: sharing)
        for other in others { other.serve(http: bound, datagrams: bound) }
        return
      } catch {
        worker.closeLastDatagramServer()
        attempts -= 1
        guard attempts > 0 else { throw error }
      }
    }
  }

  /// Serves at a socket that a service manager has opened, with all threads: one of another user's
  /// cannot be joined by sockets of their own.
  public func listen(at socket: consuming PassedSocket) throws(NetworkError) {
    switch consume socket {
    case .stream(let socket):
      for other in others { try other.serve(atStream: socket) }
      try worker.serveHTTP(at: socket)
    case .datagram(let socket):
      for other in others { try other.serve(atDatagrams: socket) }
      try worker.serveDatagrams(at: socket)
    }
  }

  /// Serves UDP alone, where something else has the port's HTTP.
  public func serveDatagrams(on endpoint: Endpoint) throws(NetworkError) {
    let bound = try bindDatagrams(on: endpoint)
    for other in others { other.serve(http: nil, datagrams: bound) }
  }

  private func bindDatagrams(on endpoint: Endpoint) throws(NetworkError) -> Endpoint {
    try worker.serveDatagrams(on: endpoint, sharing: sharing)
    return worker.datagramEndpoints.last ?? endpoint
  }

  private var sharing: PortSharing { others.isEmpty ? .none : .first }

  /// `nil` for a path that is not a tracker's.
  public func respond(to request: HTTPRequest, from client: Endpoint) -> HTTPResponse? {
    worker.respond(to: request, from: client)
  }

  /// Ends the service and its threads. To be called once.
  public func close() {
    for other in others { other.stop() }
    worker.close()
    for timer in [upkeepTimer, rotationTimer] {
      if let timer { reactor.cancelTimer(timer) }
    }
    upkeepTimer = nil
    rotationTimer = nil
  }

  // MARK: State

  /// Gives the swarms as bytes, for `restore` of a later run. To be called on any thread: taking
  /// them is work for one that serves nobody.
  public var snapshot: @Sendable () -> [UInt8] {
    { [tracker] in
      tracker.snapshot(at: Reactor.clock, wallClock: UInt64(clamping: time(nil)))
    }
  }

  /// Takes the swarms of an earlier run back and returns the number of their peers; the torrents are to
  /// be registered before. To be called on any thread; others are served meanwhile.
  public var restoration: @Sendable ([UInt8]) throws(SnapshotError) -> Int {
    { [tracker] (snapshot) throws(SnapshotError) in
      try tracker.restore(snapshot, at: Reactor.clock, wallClock: UInt64(clamping: time(nil)))
    }
  }

  // MARK: Upkeep

  private func scheduleUpkeep() {
    upkeepTimer = reactor.schedule(after: Self.upkeepInterval) { [weak self] in
      guard let self else { return }
      self.tracker.tidy(at: self.reactor.now, budget: Self.purgeBudget)
      if let load = self.meter.load(at: self.reactor.now, threads: self.others.count + 1) {
        self.stretch.note(load: load)
        self.tracker.setStretch(self.stretch)
      }
      self.scheduleUpkeep()
    }
  }

  private func scheduleRotation() {
    rotationTimer = reactor.schedule(after: Self.secretLife) { [weak self] in
      guard let self else { return }
      self.tracker.rotateConnectionIDs()
      self.scheduleRotation()
    }
  }
}
