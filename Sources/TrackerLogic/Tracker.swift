public import DeterministicCore
public import TorrentModel
public import TrackerWire

/// Decides what a tracker answers. Requests in, replies out; time, randomness and the secret are
/// arguments, so the same calls give the same replies.
public struct Tracker: ~Copyable, Sendable {
  /// Which torrents are tracked.
  public enum Admission: Hashable, Sendable {
    /// Those of which somebody announces.
    case everything
    /// Those registered.
    case registered
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
    isTracked(store.find(infoHash))
  }

  private func isTracked(_ swarm: Int?) -> Bool {
    if admission == .everything { return true }
    guard let swarm else { return false }
    return store.swarms[swarm].isRegistered
  }

  // MARK: Requests

  /// Answers an announce over HTTP from `source`, the address the request itself came from.
  public mutating func handle(
    _ request: AnnounceRequest, from source: Address, at now: Moment
  ) -> AnnounceReply {
    let standing: Standing
    do {
      standing = try admit(request, from: source, at: now)
    } catch {
      return .failure(error)
    }
    var response = response(to: standing, from: source, at: now)
    if let swarm = standing.swarm, !standing.hasLeft {
      response.peers = peers(for: request, from: source, at: standing.place, in: swarm)
    }
    return .success(response)
  }

  /// Answers an announce over HTTP that wants compact peers, without an allocation unless there are
  /// sites: the same answer as a bencoded body, with no more peers than there is room for.
  ///
  /// - Precondition: `request.wantsCompact`, and room for a frame and the policy's tracker ID.
  /// - Throws: what the client is to be told instead; nothing is written then.
  public mutating func handle(
    _ request: AnnounceRequest, from source: Address, at now: Moment,
    into body: inout OutputRawSpan
  ) throws(TrackerFailure) {
    precondition(request.wantsCompact, "described peers are written by the codec")
    let standing = try admit(request, from: source, at: now)
    var response = response(to: standing, from: source, at: now)
    if let swarm = standing.swarm, !standing.hasLeft, !policy.sites.isEmpty {
      response.peers = peers(for: request, from: source, at: standing.place, in: swarm)
      for byte in HTTPTrackerCodec.encode(.success(response)) { body.append(byte) }
      return
    }
    let frame = AnnounceResponse.longestFrame + (response.trackerID?.count ?? 0)
    let room = (body.freeCapacity - frame) / AddressFamily.v6.compactLength
    response.writeBeginning(into: &body)
    if let swarm = standing.swarm, !standing.hasLeft {
      store.swarms[swarm].write(
        min(policy.peerCount(request.numWant), room), for: request, bothFrom: source.family,
        excluding: standing.place, &generator, into: &body)
    } else {
      AnnounceResponse.writeKey(of: .v4, count: 0, into: &body)
    }
    response.writeEnd(into: &body)
  }

  /// Answers an announce by datagram (BEP 15), without an allocation unless there are sites.
  ///
  /// - Precondition: there is room for `UDPTrackerResponse.longestReply` bytes.
  /// - Returns: whether the peer was served; otherwise it was told why not.
  @discardableResult
  public mutating func handle(
    _ request: AnnounceRequest, _ transactionID: UInt32, from source: Address, at now: Moment,
    into datagram: inout OutputRawSpan
  ) -> Bool {
    let standing: Standing
    do {
      standing = try admit(request, from: source, at: now)
    } catch {
      UDPTrackerResponse.writeError(error, transactionID, into: &datagram)
      return false
    }
    let counts = statistics(standing)
    UDPTrackerResponse.writeAnnounce(
      transactionID, interval: nextInterval(standing, at: now),
      incomplete: counts?.incomplete ?? 0, complete: counts?.complete ?? 0, into: &datagram)
    guard let swarm = standing.swarm, !standing.hasLeft else { return true }
    if !policy.sites.isEmpty {
      var gatherer = PeerGatherer(request, from: source, sites: policy.sites)
      gatherer.gather(
        min(policy.peerCount(request.numWant), UDPTrackerResponse.mostPeers(source.family)),
        from: store.swarms[swarm], source.family, excluding: standing.place, &generator)
      for endpoint in gatherer.peers.endpoints { datagram.append(endpoint) }
      return true
    }
    store.swarms[swarm].write(
      policy.peerCount(request.numWant), for: request, source.family, excluding: standing.place,
      &generator, into: &datagram)
    return true
  }

  /// The counts of a torrent; `nil` when it is not tracked.
  public func statistics(of infoHash: InfoHash) -> ScrapeStatistics? {
    guard let swarm = store.find(infoHash), isTracked(swarm) else { return nil }
    return store.swarms[swarm].statistics
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

  // MARK: Decisions

  /// Where an announce left its swarm and its peer.
  private struct Standing {
    /// `nil` when the tracker knows no such swarm: a stranger said farewell to it.
    var swarm: Int?
    /// The peer's position among those of its family; `nil` when there was no room for it.
    var place: Int?
    var hasLeft = false
  }

  /// All of an answer over HTTP but its peers.
  private mutating func response(
    to standing: Standing, from source: Address, at now: Moment
  ) -> AnnounceResponse {
    var response = AnnounceResponse(interval: nextInterval(standing, at: now))
    response.minInterval = Int(policy.minInterval.seconds)
    response.externalAddress = source
    response.trackerID = policy.trackerID
    let counts = statistics(standing)
    response.complete = counts?.complete ?? 0
    response.incomplete = counts?.incomplete ?? 0
    if let downloaders = counts?.downloaders, downloaders != response.incomplete {
      response.downloaders = downloaders
    }
    return response
  }

  private mutating func nextInterval(_ standing: Standing, at now: Moment) -> Int {
    let age = standing.swarm.map { now.wholeSeconds &- store.swarms[$0].firstSeen } ?? .max
    return policy.nextInterval(age: age, &generator)
  }

  private func statistics(_ standing: Standing) -> ScrapeStatistics? {
    guard let swarm = standing.swarm else { return nil }
    return store.swarms[swarm].statistics
  }

  /// Notes what an announce says of its peer.
  private mutating func admit(
    _ request: AnnounceRequest, from source: Address, at now: Moment
  ) throws(TrackerFailure) -> Standing {
    let peer = Endpoint(source, port: request.port)
    guard peer.isDialable else { throw .unreachable }
    let known = store.find(request.infoHash)
    guard isTracked(known) else { throw .notRegistered }
    if request.event == .stopped {
      // An unknown peer's farewell is no fault: a client that is told so may try again for ever.
      if let known { store.remove(peer, from: known) }
      return Standing(swarm: store.find(request.infoHash), hasLeft: true)
    }
    let swarm: Int
    if let known {
      swarm = known
    } else if store.torrentCount < policy.mostTorrents, store.peerCount < policy.mostPeers {
      swarm = store.insert(request.infoHash, isRegistered: false)
    } else {
      throw .full
    }
    let section = PeerSection(request)
    let sighting = PeerSighting(
      endpoint: peer, id: request.peerID, keyTag: PeerIdentity.tag(of: request.key),
      section: section,
      completes: request.event == .completed && section == .seed, second: now.wholeSeconds)
    return Standing(
      swarm: swarm, place: store.note(sighting, in: swarm, most: policy.mostPeers))
  }

  private mutating func peers(
    for request: AnnounceRequest, from source: Address, at place: Int?, in swarm: Int
  ) -> PeerList {
    var gatherer = PeerGatherer(request, from: source, sites: policy.sites)
    let wanted = policy.peerCount(request.numWant)
    gatherer.gather(
      wanted, from: store.swarms[swarm], source.family, excluding: place, &generator)
    // A client on HTTP may reach both internets, and the list has room for both (BEP 7).
    gatherer.gather(
      wanted - gatherer.count, from: store.swarms[swarm], source.family == .v4 ? .v6 : .v4,
      excluding: nil, &generator)
    return gatherer.peers
  }
}

extension PeerSection {
  public init(_ request: AnnounceRequest) {
    self = request.isSeed ? .seed : request.event == .paused ? .partialSeed : .downloader
  }
}

extension TrackerFailure {
  static let unreachable = TrackerFailure("a peer needs a port and an address to be reached at")
  static let notRegistered = TrackerFailure(
    "the torrent is not registered with this tracker", retry: .after(minutes: 30))
  static let full = TrackerFailure("the tracker is full", retry: .after(minutes: 30))
}
