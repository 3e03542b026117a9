import DeterministicCore
import Networking
import Storage
import TorrentModel
import TrackerLogic
import TrackerWire

/// The swarms of several trackers, kept together in Redis, as one loop reaches them.
///
/// Each tracker keeps the peers that announce to it in memory as well, and answers with those alone
/// while the store is away, behind or wrong: no announce waits longer than the connection's patience.
///
/// The invariant: whatever was asked is answered once, with what the store knows or with `nil`.
final class SharedSwarms {
  private let connection: RedisConnection
  private let report: (String?) -> Void
  /// The last error that the store answered with, until it answers with none.
  private var fault: String?
  private let lookup: NameLookupErrand

  private static let announceDigest = SharedSwarmScripts.digest(SharedSwarmScripts.announce)
  private static let scrapeDigest = SharedSwarmScripts.digest(SharedSwarmScripts.scrape)

  /// - Parameter report: called on the loop when the store fails us, with the reason, and with `nil`
  ///   when it serves again.
  init(
    _ address: RedisAddress, on reactor: Reactor, report: @escaping (String?) -> Void
  ) throws(NetworkError) {
    self.report = report
    let lookup = try NameLookupErrand(address.host, port: address.port, on: reactor)
    self.lookup = lookup
    connection = RedisConnection(
      address,
      preparation: [SharedSwarmScripts.announce, SharedSwarmScripts.scrape].map {
        RedisCommand("SCRIPT", "LOAD", $0)
      }, on: reactor, resolve: { lookup.run($0) }, report: report)
  }

  func close() { connection.close() }

  /// Whether the store would be asked.
  var isReady: Bool { connection.isReady }

  // MARK: Announces

  /// What the store says of a swarm.
  struct Answer {
    var statistics: ScrapeStatistics
    var peers: [DescribedPeer] = []
  }

  /// Notes an announce and asks for peers.
  ///
  /// - Parameters:
  ///   - wanted: peers, at most.
  ///   - isForBoth: whether peers of the other family are of use where there are too few.
  /// - Returns: false, and nothing else happens, while the store is away.
  func announce(
    _ request: AnnounceRequest, from source: Address, wanted: Int, isForBoth: Bool,
    policy: AnnouncePolicy, _ completion: @escaping (Answer?) -> Void
  ) -> Bool {
    let endpoint = Endpoint(source, port: request.port)
    var identity = request.peerID.bytes
    for shift in stride(from: 24, through: 0, by: -8) {
      identity.append(UInt8(truncatingIfNeeded: (request.key ?? 0) >> UInt32(shift)))
    }
    let completes = request.event == .completed && request.isSeed
    let isNamed = !request.wantsCompact && !request.omitsPeerIDs
    let arguments: [String] = [
      request.event == .stopped ? "-" : PeerSection(request).letter,
      source.isV4 ? "4" : "6", "\(Int(policy.lifetime.seconds))", completes ? "1" : "0",
      "\(wanted)", request.wantsNothing ? "1" : "0", isForBoth ? "1" : "0", isNamed ? "1" : "0",
      "\(Double.random(in: 0..<1))", "\(policy.mostPeers)",
    ]
    let command = RedisCommand(
      ["EVALSHA", Self.announceDigest, SharedSwarmScripts.keyCount].map { Array($0.utf8) }
        + SharedSwarmScripts.keys(of: request.infoHash) + [endpoint.compact, identity]
        + arguments.map { Array($0.utf8) })
    return connection.send(command) { [weak self] value in
      completion(self?.check(value).flatMap(Answer.init))
    }
  }

  /// Asks for the counts of torrents.
  ///
  /// - Returns: false, and nothing else happens, while the store is away.
  func scrape(
    _ infoHashes: [InfoHash], _ completion: @escaping ([ScrapeStatistics]?) -> Void
  ) -> Bool {
    guard connection.isReady, !infoHashes.isEmpty else { return false }
    let gathering = Gathering(infoHashes.count, completion)
    for (index, infoHash) in infoHashes.enumerated() {
      let command = RedisCommand(
        ["EVALSHA", Self.scrapeDigest, SharedSwarmScripts.keyCount].map { Array($0.utf8) }
          + SharedSwarmScripts.keys(of: infoHash))
      let isSent = connection.send(command) { [weak self] value in
        gathering.take(self?.check(value).flatMap(Answer.init)?.statistics, at: index)
      }
      if !isSent { gathering.take(nil, at: index) }
    }
    return true
  }

  /// The answers to several questions, told together.
  private final class Gathering {
    private var found: [ScrapeStatistics?]
    private var left: Int
    private let completion: ([ScrapeStatistics]?) -> Void

    init(_ count: Int, _ completion: @escaping ([ScrapeStatistics]?) -> Void) {
      found = Array(repeating: nil, count: count)
      left = count
      self.completion = completion
    }

    func take(_ statistics: ScrapeStatistics?, at index: Int) {
      found[index] = statistics
      left -= 1
      guard left == 0 else { return }
      let whole = found.compactMap { $0 }
      completion(whole.count == found.count ? whole : nil)
    }
  }

  /// Tells of errors once, and mends what a restart of the store undoes.
  private func check(_ value: RedisValue?) -> [RedisValue]? {
    guard let value else { return nil }
    guard case .error(let reason) = value else {
      if fault != nil { report(nil) }
      fault = nil
      return value.array
    }
    if reason.hasPrefix("NOSCRIPT") {
      connection.renew(because: "it has forgotten the scripts")
    } else if fault != reason {
      fault = reason
      report(reason)
    }
    return nil
  }
}

extension SharedSwarms.Answer {
  /// `nil` for what is no answer of our scripts.
  fileprivate init?(_ values: [RedisValue]) {
    let counts = values.prefix(4).compactMap(\.integer)
    guard counts.count == 4, counts.allSatisfy({ $0 >= 0 }) else { return nil }
    statistics = ScrapeStatistics(
      complete: counts[0], downloaded: counts[3], incomplete: counts[1] + counts[2],
      downloaders: counts[2])
    guard values.count == 6 else { return }
    let names = values[5].array ?? []
    for (index, place) in (values[4].array ?? []).enumerated() {
      guard let endpoint = place.bytes.flatMap({ Endpoint(compact: $0) }), endpoint.isDialable
      else { continue }
      let name = index < names.count ? names[index].bytes.flatMap { PeerID(bytes: $0) } : nil
      peers.append(DescribedPeer(endpoint, id: name))
    }
  }
}

extension AnnounceResponse {
  /// The same answer with the counts and peers that the store of several trackers knows.
  func with(_ answer: SharedSwarms.Answer, for request: AnnounceRequest) -> AnnounceResponse {
    var response = self
    response.complete = answer.statistics.complete
    response.incomplete = answer.statistics.incomplete
    let downloaders = answer.statistics.downloaders
    response.downloaders = downloaders == response.incomplete ? nil : downloaders
    guard request.wantsCompact else {
      response.peers = .described(answer.peers)
      return response
    }
    var v4 = CompactPeers(.v4)
    var v6 = CompactPeers(.v6)
    for peer in answer.peers {
      if peer.endpoint.address.isV4 { v4.append(peer.endpoint) } else { v6.append(peer.endpoint) }
    }
    response.peers = .compact(v4: v4, v6: v6)
    return response
  }
}

extension PeerSection {
  fileprivate var letter: String {
    switch self {
    case .downloader: "d"
    case .partialSeed: "p"
    case .seed: "s"
    }
  }
}

/// Looks one host name up, as often as it is asked to, on a thread of its own for as long as that
/// takes.
private final class NameLookupErrand {
  private let host: String
  private let port: UInt16
  private let state: State
  private let results: Mailbox<[Endpoint]>

  /// What the mailbox's closure and the errand share.
  private final class State {
    var thread: WorkerThread?
    var completion: (([Endpoint]) -> Void)?
  }

  init(_ host: String, port: UInt16, on reactor: Reactor) throws(NetworkError) {
    self.host = host
    self.port = port
    let state = State()
    self.state = state
    results = try reactor.makeMailbox { batches in
      state.thread?.join()
      state.thread = nil
      let completion = state.completion
      state.completion = nil
      if let endpoints = batches.last { completion?(endpoints) }
    }
  }

  /// - Parameter completion: called on the loop, never before this returns.
  func run(_ completion: @escaping ([Endpoint]) -> Void) {
    state.completion = completion
    guard state.thread == nil else { return }
    if let address = Address(text: host) {
      return results.send([Endpoint(address, port: port)])
    }
    state.thread = WorkerThread(name: "shoal-lookup") { [host, port, results] in
      results.send(NameLookup.endpoints(of: host, port: port))
    }
    if state.thread == nil { results.send([]) }
  }

  deinit { state.thread?.join() }
}
