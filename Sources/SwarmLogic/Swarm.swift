public import DeterministicCore
import PeerWire
public import TorrentModel

/// One torrent's swarm as one peer sees it: which peers to hold, what to ask of whom, whom to serve.
///
/// This file only dispatches. The policies stand on their own: `PiecePreference` (what to fetch),
/// `Choker` (whom to serve), `RequestPipeline` (how much to ask for), `PeerReputation` and
/// `SmartBan` (whom to trust), `CandidateList` (whom to dial).
///
/// The invariant: every key in an effect names a peer in the slab at the moment the effect is
/// made, and a block is in a peer's `requests` exactly when the picker has it outstanding there.
///
/// Not copyable: a swarm is one thing, and a copy made in passing would cost a reference count for
/// each of its arrays on every block.
public struct Swarm: ~Copyable, StateMachine, Sendable {
  public typealias Input = SwarmInput
  public typealias Effect = SwarmEffect

  // What every message looks at comes first and together.
  var peers: Slab<PeerState>
  var wakeSetFor = Moment.distantFuture
  /// A connection ended, whose place `dial` may fill once the input has been dealt with: not
  /// before, since a place may have been made for a newcomer.
  var hasFreePlace = false
  var isDownloadPaused = false
  /// What is fetched and how; nil until the metadata is known.
  var picker: PiecePicker?
  var geometry: PieceGeometry?
  var passingOn = PassingOn()
  var spreading = PieceSpreading()
  public internal(set) var configuration: SwarmConfiguration
  // Payload bytes since the start.
  public internal(set) var down: RateMeter
  public internal(set) var up: RateMeter

  /// What its peers meet under.
  public internal(set) var names: SwarmNames
  public let ourPeerID: PeerID

  var generator: SeededGenerator
  var candidates: CandidateList
  var encryption: EncryptionChoice
  var reputation = PeerReputation()
  var smartBan = SmartBan()
  var departures = Departures()
  var choker: Choker
  /// Peers that want something of us and that we do not choke.
  var servedCount = 0
  /// The info dictionary, once it is known.
  var metadata: [UInt8] = []
  var metadataExchange = MetadataExchange()
  var hashExchange = HashExchange()
  /// Peers come from the torrent's own trackers and the user only (BEP 27).
  var isPrivate = false
  /// How often the set of connected peers that can be dialled has changed.
  var peerChange: UInt64 = 0
  var ownAddress = OwnAddress()
  /// To how many connected peers a super-seed has shown each piece.
  var revealCounts: [UInt32] = []
  /// All web seeds there ever were, by their numbers.
  var webSeedKeys: [PeerKey] = []
  /// Verified bytes that web seeds sent.
  public internal(set) var verifiedFromWebSeeds: UInt64 = 0
  /// Verified bytes that were fetched in this run.
  public internal(set) var verifiedBytes: UInt64 = 0
  /// Told to peers so that they can dial us.
  var listenPort: UInt16?
  /// The same for those who reach us through a router that opened another.
  public var outsidePort: UInt16?

  /// Connections being made.
  public internal(set) var dialCount = 0
  var dialBudget: Double
  var lastWake: Moment

  /// Bytes received that were of no use: duplicates, unrequested, corrupt.
  public internal(set) var wastedBytes: UInt64 = 0
  /// Connections that payload came from.
  public internal(set) var contributorCount = 0
  /// Peers seen to have every piece. Only counted, never walked: sets have no order of their own.
  var completePeers: Set<PeerID> = []

  private let inPlace = InPlace()

  /// How often a swarm looks after its deadlines, dials and slots.
  static let wakeInterval = TimeSpan.seconds(1)

  /// - Parameter metadata: the info dictionary, where it is known from the start: it is served at
  ///   once and asked of nobody, though what is on disk may have to be looked at first.
  public init(
    infoHash: InfoHash, peerID: PeerID, listenPort: UInt16?, metadata: [UInt8] = [],
    configuration: SwarmConfiguration, generator: SeededGenerator, at now: Moment
  ) {
    peers = Slab(expecting: configuration.mostPeers)
    names = SwarmNames(infoHash)
    ourPeerID = peerID
    self.listenPort = listenPort
    self.metadata = metadata
    self.configuration = configuration
    self.generator = generator
    candidates = CandidateList(most: configuration.mostCandidates)
    encryption = EncryptionChoice(configuration.encryption)
    choker = Choker(regularSlots: configuration.uploadSlots, startingAt: now)
    down = RateMeter(startingAt: now)
    up = RateMeter(startingAt: now)
    dialBudget = Double(configuration.mostDials)
    lastWake = now
  }

  public mutating func handle(
    _ input: SwarmInput, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    switch input {
    case .candidates(var endpoints, let source, let name):
      // Whoever tells of all tells everybody in the same order: a crowd would dial the same half of
      // itself, which then has no place left for links inside the other half.
      if source != .user { generator.shuffle(&endpoints) }
      candidates.add(endpoints, from: source, under: name)
      dial(at: now, into: &effects)
    case .reachable(let port):
      noteReachable(at: port, now, into: &effects)
    case .accepted(let ticket, let endpoint, let handshake):
      accept(ticket: ticket, from: endpoint, handshake, at: now, into: &effects)
    case .handshake(let key, let handshake):
      greet(key, handshake, at: now, into: &effects)
    case .received(let message, let key):
      receive(message, from: key, at: now, into: &effects)
    case .landed(let block, let key):
      land(block, from: key, at: now, into: &effects)
    case .discarded(let block, let key):
      discard(block, from: key, at: now, into: &effects)
    case .uploaded(let block, let key):
      noteUploaded(block, to: key, at: now, into: &effects)
    case .unsent(let blocks, let key):
      reject(unsent: blocks, to: key, at: now, into: &effects)
    case .notDialled(let key):
      postponeDial(key, at: now)
    case .refused(let key):
      noteRefusal(by: key, at: now, into: &effects)
    case .ended(let key):
      lose(key, at: now, into: &effects)
    case .faulted(let key, let what):
      fault(key, what, at: now, into: &effects)
    case .pieceVerified(let piece, let digests):
      completePiece(piece, digests, at: now, into: &effects)
    case .pieceFailed(let piece, let digests):
      failPiece(piece, digests, at: now, into: &effects)
    case .pieceLost(let piece):
      abandon(piece, at: now, into: &effects)
    case .ready(let geometry, let have, let wanted, let metadata):
      becomeReady(
        geometry, have: have, wanted: wanted, metadata: metadata, at: now, into: &effects)
    case .metadataFailed:
      metadataFailed(at: now, into: &effects)
    case .layersMissing(let trees, let metadata):
      wantLayers(of: trees, metadata: metadata, at: now, into: &effects)
    case .trees(let trees):
      know(trees)
    case .leavesRead(let key, let range, let piece, let leaves):
      serve(range, leaves: leaves, of: piece, to: key, at: now, into: &effects)
    case .madePrivate:
      becomePrivate(at: now, into: &effects)
    case .priorities(let priorities):
      for (piece, priority) in priorities where picker != nil && picker.wrapped.wants(piece) {
        picker.wrapped.setPriority(priority == .unwanted ? .low : priority, of: piece)
      }
    case .reading(let windows):
      read(windows, at: now, into: &effects)
    case .webSeeds(let count):
      addWebSeeds(count, at: now, into: &effects)
    case .fetched(let key, let outcome):
      endFetch(of: key, outcome, at: now, into: &effects)
    case .wake:
      wakeSetFor = .distantFuture
      wake(at: now, into: &effects)
    case .downloadPaused(let isPaused):
      isDownloadPaused = isPaused
      if !isPaused { for key in peers.ids { fillPipeline(key, at: now, into: &effects) } }
    }
    if hasFreePlace { dial(at: now, into: &effects) }
    scheduleWake(at: now, into: &effects)
  }

  private mutating func scheduleWake(at now: Moment, into effects: inout [SwarmEffect]) {
    guard wakeSetFor == .distantFuture else { return }
    wakeSetFor = now + Self.wakeInterval
    effects.append(.wake(at: wakeSetFor))
  }

  /// Sends a message and notes that something was sent.
  mutating func send(
    _ message: PeerMessage, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    peers[key].lastSent = now
    effects.append(.send(key, message))
  }
}

// MARK: - What a driver and an onlooker may ask

extension Swarm {
  /// Whether a block that begins to arrive from a peer is wanted, and from it alone.
  public func expectation(of block: Block, from key: PeerKey) -> Expectation {
    guard picker != nil, picker.wrapped.isOutstanding(block, at: key) else { return .unexpected }
    return picker.wrapped.requestCount(of: block) > 1 ? .shared : .sole
  }

  /// Whether a block that has arrived in part is still wanted from this peer: not once another has
  /// delivered it or may be doing so, or an honest peer would answer for what this one writes.
  public func isWanted(_ block: Block, from key: PeerKey) -> Bool {
    picker != nil && picker.wrapped.isOutstanding(block, at: key)
  }

  /// Appends the blocks requested of a peer, oldest first, without `landing`.
  public func expectedBlocks(
    from key: PeerKey, after landing: Block?, atMost count: Int, into blocks: inout [Block]
  ) {
    guard peers.contains(key) else { return }
    let pending = peers[key].requests.count
    var index = 0
    while index < pending, blocks.count < count {
      let block = peers[key].requests[index].block
      if block != landing { blocks.append(block) }
      index += 1
    }
  }

  /// Whether connections with an endpoint are refused, for what was done from its address.
  public func isBanned(_ endpoint: Endpoint, at now: Moment) -> Bool {
    reputation.isBanned(endpoint, at: now)
  }

  /// Bounds the pieces under way at once: what the driver has buffers for.
  public mutating func limitPartialPieces(to count: Int) { picker?.limitPartialPieces(to: count) }

  /// Notes what the torrent is called by its versions, once that is known.
  public mutating func learn(v1: InfoHash?, v2: InfoHash?) {
    names.v1 = v1
    names.v2 = v2
  }

  public var infoHash: InfoHash { names.primary }

  /// What a peer that is being dialled is to be told that the torrent is called.
  public func name(dialling key: PeerKey) -> InfoHash {
    guard peers.contains(key) else { return names.primary }
    return peers[key].name ?? names.primary
  }

  public var isReady: Bool { picker != nil }
  /// Every piece is here.
  public var isComplete: Bool { picker != nil && picker.wrapped.isComplete }
  /// Every wanted piece is here.
  public var isFinished: Bool { picker != nil && picker.wrapped.isFinished }
  /// Everything missing that some peer has is asked for: blocks may be asked of several.
  public var isInEndgame: Bool { picker != nil && picker.wrapped.isInEndgame }
  public var bytesLeft: UInt64? { picker == nil ? nil : picker.wrapped.bytesLeft }
  public var have: Bitfield? { picker == nil ? nil : picker.wrapped.have }
  public var peerCount: Int { connectionCount - dialCount }
  /// Whether a tracker should be asked for more peers.
  public var wantsPeers: Bool { peerCount < configuration.enoughPeers }
  /// Connections that stand or are being made.
  public var connectionCount: Int { peers.count - webSeedCount }

  /// Different peers that have been seen with every piece.
  public var completePeerCount: Int { completePeers.count }

  /// Where connected peers can be dialled, in the order of their keys.
  public func dialablePeers(atMost count: Int) -> [Endpoint] {
    var endpoints: [Endpoint] = []
    for key in peers.ids where peers[key].isConnected && endpoints.count < count {
      if let endpoint = peers[key].dialableAt { endpoints.append(endpoint) }
    }
    return endpoints
  }

  /// Connected peers that have every piece.
  public var seedCount: Int {
    peers.ids.count { peers[$0].isConnected && peers[$0].isSeed }
  }
}
