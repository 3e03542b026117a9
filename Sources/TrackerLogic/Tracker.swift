public import DeterministicCore
public import TorrentModel
public import TrackerWire

/// Decides what a tracker answers. Requests in, replies out; time, randomness and the secret are
/// arguments, so the same calls give the same replies.
public struct Tracker: Sendable {
  /// Which torrents are tracked.
  public enum Admission: Hashable, Sendable {
    /// Those of which somebody announces.
    case everything
    /// Those registered.
    case registered
  }

  /// How a request came, which decides what its answer may hold.
  public enum Transport: Hashable, Sendable {
    case http
    /// Peers of the asker's family only, as many as a datagram holds (BEP 15).
    case udp
  }

  public var policy: AnnouncePolicy
  public let admission: Admission
  var store: PeerStore
  private var generator: SeededGenerator

  /// - Parameters:
  ///   - seed: of the choice of peers and the jitter of intervals.
  ///   - secret: keys the tables, so that nobody can fill them with peers that collide.
  public init(
    policy: AnnouncePolicy = AnnouncePolicy(), admission: Admission, seed: UInt64,
    secret: TrackerSecret
  ) {
    self.policy = policy
    self.admission = admission
    store = PeerStore(secret: secret)
    generator = SeededGenerator(seed: seed)
  }

  public var torrentCount: Int { store.torrentCount }
  public var peerCount: Int { store.peerCount }

  // MARK: Registration

  public mutating func register(_ infoHash: InfoHash) {
    if let swarm = store.find(infoHash) {
      store.setRegistered(true, at: swarm)
    } else {
      _ = store.insert(infoHash, isRegistered: true)
    }
  }

  /// The torrent is refused from now on, where only registered ones are tracked; its peers are
  /// forgotten as they expire.
  public mutating func unregister(_ infoHash: InfoHash) {
    if let swarm = store.find(infoHash) { store.setRegistered(false, at: swarm) }
  }

  public func isTracked(_ infoHash: InfoHash) -> Bool {
    store.find(infoHash).map(isTracked) ?? (admission == .everything)
  }

  private func isTracked(_ swarm: Int) -> Bool {
    admission == .everything || store.swarms[swarm].isRegistered
  }

  // MARK: Requests

  /// Answers an announce from `source`, the address the request itself came from.
  public mutating func handle(
    _ request: AnnounceRequest, from source: Address, over transport: Transport, at now: Moment
  ) -> AnnounceReply {
    let peer = Endpoint(source, port: request.port)
    guard peer.isDialable else { return .failure(.unreachable) }
    let known = store.find(request.infoHash)
    guard known.map(isTracked) ?? (admission == .everything) else {
      return .failure(.notRegistered)
    }
    if request.event == .stopped {
      // An unknown peer's farewell is no fault: a client that is told so may try again for ever.
      if let known { store.remove(peer, from: known) }
      return .success(response(to: source, swarm: store.find(request.infoHash)))
    }
    let swarm: Int
    if let known {
      swarm = known
    } else if store.torrentCount < policy.mostTorrents, store.peerCount < policy.mostPeers {
      swarm = store.insert(request.infoHash, isRegistered: false)
    } else {
      return .failure(.full)
    }
    let section = PeerSection(request)
    let sighting = PeerSighting(
      endpoint: peer, id: request.peerID, section: section,
      completes: request.event == .completed && section == .seed, second: now.wholeSeconds)
    let place = store.note(sighting, in: swarm, most: policy.mostPeers)
    var response = response(to: source, swarm: swarm)
    response.peers = peers(for: request, from: source, at: place, in: swarm, over: transport)
    return .success(response)
  }

  public mutating func handle(
    _ request: ScrapeRequest, over transport: Transport
  ) -> ScrapeReply {
    // The whole list is the tracker's, not everyone's to have, and as long as it likes.
    guard !request.infoHashes.isEmpty else { return .failure(.fullScrape) }
    var files: [ScrapeResponse.File] = []
    for infoHash in request.infoHashes.prefix(TrackerLimits.mostScrapedHashes) {
      if let swarm = store.find(infoHash), isTracked(swarm) {
        files.append(.init(infoHash, store.swarms[swarm].statistics))
      } else if transport == .udp {
        // A datagram's counts are told apart by their order alone.
        files.append(.init(infoHash, .init(complete: 0, downloaded: 0, incomplete: 0)))
      }
    }
    var response = ScrapeResponse(files: files)
    response.minRequestInterval = Int(policy.minInterval.seconds)
    return .success(response)
  }

  /// Removes peers that have been silent for too long, looking at no more than `budget` of them:
  /// called every second or so, it never holds the loop up.
  ///
  /// - Returns: the number of peers removed.
  @discardableResult
  public mutating func purge(at now: Moment, budget: Int) -> Int {
    store.purge(
      at: now.wholeSeconds, lifetime: UInt32(clamping: Int(policy.lifetime.seconds)),
      budget: budget)
  }

  // MARK: Responses

  private mutating func response(to source: Address, swarm: Int?) -> AnnounceResponse {
    var response = AnnounceResponse(interval: policy.nextInterval(&generator))
    response.minInterval = Int(policy.minInterval.seconds)
    response.externalAddress = source
    response.trackerID = policy.trackerID
    let counts = swarm.map { store.swarms[$0].statistics }
    response.complete = counts?.complete ?? 0
    response.incomplete = counts?.incomplete ?? 0
    if let downloaders = counts?.downloaders, downloaders != response.incomplete {
      response.downloaders = downloaders
    }
    return response
  }

  private mutating func peers(
    for request: AnnounceRequest, from source: Address, at place: Int?, in swarm: Int,
    over transport: Transport
  ) -> PeerList {
    var gatherer = PeerGatherer(request, family: source.family)
    var wanted = policy.peerCount(request.numWant)
    if transport == .udp { wanted = min(wanted, UDPTrackerResponse.mostPeers(source.family)) }
    gatherer.gather(
      wanted, from: store.swarms[swarm], source.family, excluding: place, &generator)
    // A client on HTTP may reach both internets, and the list has room for both (BEP 7).
    if transport == .http, gatherer.count < wanted {
      gatherer.gather(
        wanted - gatherer.count, from: store.swarms[swarm], source.family == .v4 ? .v6 : .v4,
        excluding: nil, &generator)
    }
    return gatherer.peers
  }
}

extension PeerSection {
  init(_ request: AnnounceRequest) {
    self = request.isSeed ? .seed : request.event == .paused ? .partialSeed : .downloader
  }
}

extension TrackerFailure {
  static let unreachable = TrackerFailure("a peer needs a port and an address to be reached at")
  static let notRegistered = TrackerFailure(
    "the torrent is not registered with this tracker", retry: .after(minutes: 30))
  static let full = TrackerFailure("the tracker is full", retry: .after(minutes: 30))
  static let fullScrape = TrackerFailure("a scrape has to name its torrents")
}
