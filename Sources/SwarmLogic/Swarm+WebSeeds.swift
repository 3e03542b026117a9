public import DeterministicCore
import TorrentModel

/// How a request to a web seed ended.
public enum FetchOutcome: Hashable, Sendable {
  /// All of it came.
  case done
  /// It broke off, or never began; the server may name a time.
  case failed(retryAfter: TimeSpan?)
  /// The server does not have what these pieces lie in, or something else in its place.
  case refused(Range<Int>)
}

/// What is known of a web seed, beside what is known of any source of blocks.
struct WebSeedState: Sendable {
  /// Its number among the torrent's.
  let number: Int
  /// What is being fetched.
  var pieces: Range<Int>?
  var isFetching: Bool { pieces != nil }
  /// Requests in succession that brought nothing whole.
  var failures = 0
  var notBefore = Moment.zero

  /// The wait after a first failure; doubled by each further one.
  static let firstRetry = TimeSpan.seconds(5)
  static let longestRetry = TimeSpan.minutes(30)
}

// Web seeds (BEP 19, BEP 17) are sources of blocks like peers: what they send takes the same way to
// the same hash. They are never unchoked or told anything, and their pieces do not count as
// available: a server may go at any time, and the swarm should be whole without it.
extension Swarm {
  /// Web seeds are named by addresses of no host, so that false data of one bans it alone.
  private static func endpoint(ofWebSeed number: Int) -> Endpoint {
    Endpoint(.v4(UInt32(truncatingIfNeeded: number) & 0xffff), port: 0)
  }

  mutating func addWebSeeds(
    _ count: Int, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    for number in webSeedKeys.count..<max(webSeedKeys.count, count) {
      var state = PeerState(
        endpoint: Self.endpoint(ofWebSeed: number), isOutgoing: true, phase: .webSeed, at: now,
        pipeline: RequestPipeline(blockLength: PieceGeometry.standardBlockLength))
      state.webSeed = WebSeedState(number: number)
      let key = peers.insert(state)
      webSeedKeys.append(key)
      fetch(from: key, at: now, into: &effects)
    }
  }

  func isWebSeed(_ key: PeerKey) -> Bool { webSeedKeys.contains(key) }

  /// Web seeds that have not been given up.
  public var webSeedCount: Int { webSeedKeys.count { peers.contains($0) } }

  /// Asks an idle web seed for the next pieces.
  mutating func fetch(from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]) {
    guard !isDownloadPaused, let geometry, peers.contains(key), picker != nil,
      !picker.wrapped.missing.isEmpty,
      let seed = peers[key].webSeed, !seed.isFetching, now >= seed.notBefore
    else { return }
    let has = peers[key].pieces ?? .full(count: geometry.pieceCount)
    peers[key].pieces = has
    let length = WebSeedRange.length(atRate: peers[key].down.bytesPerSecond(at: now))
    // Half of what memory allows: peers need room, too.
    let free = picker.wrapped.mostPartialPieces - picker.wrapped.partialPieceCount
    guard free > 0 else { return }
    var blocks: [Block] = []
    let pieces = picker.wrapped.reserveRun(
      for: key, has: has,
      most: min(free - free / 2, max(1, Int(length / UInt64(geometry.pieceLength)))),
      into: &blocks)
    guard !pieces.isEmpty else { return }
    for block in blocks { peers[key].requests.append(PendingRequest(block: block, sentAt: now)) }
    peers[key].webSeed!.pieces = pieces
    effects.append(.fetch(key, webSeed: seed.number, pieces: pieces))
  }

  mutating func fetchFromWebSeeds(at now: Moment, into effects: inout [SwarmEffect]) {
    for key in webSeedKeys { fetch(from: key, at: now, into: &effects) }
  }

  /// Nothing of what a web seed is sending is wanted any more.
  mutating func endFetchIfIdle(of key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]) {
    guard peers[key].webSeed?.isFetching == true, peers[key].requests.isEmpty else { return }
    peers[key].webSeed!.pieces = nil
    effects.append(.endFetch(key))
    fetch(from: key, at: now, into: &effects)
  }

  mutating func endFetch(
    of key: PeerKey, _ outcome: FetchOutcome, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key), var seed = peers[key].webSeed else { return }
    releaseFetch(of: key)
    seed.pieces = nil
    switch outcome {
    case .done:
      seed.failures = 0
    case .failed(let retryAfter):
      let wait = min(WebSeedState.longestRetry, WebSeedState.firstRetry * (1 << seed.failures))
      seed.notBefore = now + min(WebSeedState.longestRetry, max(wait, retryAfter ?? .zero))
      seed.failures = min(seed.failures + 1, 16)
    case .refused(let pieces):
      for piece in pieces { peers[key].pieces?.remove(PieceIndex(piece)) }
      seed.failures = 0
    }
    peers[key].webSeed = seed
    fetchFromWebSeeds(at: now, into: &effects)
    // What it did not bring is for the peers.
    for other in peers.ids where peers[other].isConnected {
      fillPipeline(other, at: now, into: &effects)
    }
  }

  /// Hands what a web seed did not bring back to the picker; pieces of which there is nothing count
  /// as untouched again.
  private mutating func releaseFetch(of key: PeerKey) {
    releaseRequests(of: key)
    for piece in peers[key].webSeed?.pieces ?? 0..<0 {
      picker?.giveBackIfEmpty(PieceIndex(piece))
    }
  }

  /// Gives a web seed up that sent false data.
  mutating func retireWebSeed(
    _ key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard peers.contains(key), let seed = peers[key].webSeed else { return }
    effects.append(.endFetch(key))
    releaseFetch(of: key)
    wastedBytes += UInt64(picker?.distrust(key) ?? 0)
    peers.remove(key)
    effects.append(.report(.webSeedBanned(seed.number)))
  }

  /// The web seed that an endpoint stands for.
  func webSeed(at endpoint: Endpoint) -> PeerKey? {
    guard endpoint.address.isNeverAPeer else { return nil }
    return webSeedKeys.first { peers.contains($0) && peers[$0].endpoint == endpoint }
  }

  /// Counts who sent the blocks of a piece that came right.
  mutating func noteSources(of piece: PieceIndex) {
    guard !webSeedKeys.isEmpty, let geometry, picker != nil else { return }
    for (number, sender) in picker.wrapped.senders(of: piece).enumerated() where isWebSeed(sender) {
      verifiedFromWebSeeds += UInt64(geometry.block(number, in: piece).length)
    }
  }
}
