public import DeterministicCore
import Glibc
import Networking
import PeerWire
import Storage
public import SwarmLogic
public import TorrentModel

/// Carries out what a torrent's `Swarm` decides: connections, buffers, hashing, files, timers.
///
/// It takes no decision about peers or pieces. The invariant: `transports[slot]` is the connection
/// of the swarm's peer of that slot, or nil while it has none, and a piece has a buffer exactly
/// from its first landing block until its verification or abandonment.
public final class TorrentRunner {
  public internal(set) var id = SlabID(slot: 0, generation: 0)
  public let source: TorrentSource
  public let infoHash: InfoHash
  public let options: TorrentOptions
  unowned let session: TorrentSession
  let reactor: Reactor

  public internal(set) var info: TorrentInfo?
  /// Metadata of version 2 whose pieces cannot be told from false ones yet (BEP 52).
  var unverifiable: TorrentInfo?
  public internal(set) var phase: TorrentPhase
  var swarm: Swarm
  var storage: (any PieceStorage)?

  private var inbox = Queue<SwarmInput>()
  private var effects: [SwarmEffect] = []
  private var isDispatching = false

  var transports: [PeerTransport?] = []
  var accepted: [UInt64: AcceptedConnection] = [:]
  var nextTicket: UInt64 = 0
  let bufferPool: PieceBufferPool
  var buffers: [PieceBuffer?] = []
  /// Pieces lately hinted to the kernel as about to be read.
  var readAheadPieces: [PieceIndex] = []
  var schedule: AnnounceSchedule
  var announceTimer: SlabID?
  /// Its presence in a ring, where it has one.
  var ring: RingPresence?
  private var ringGenerator: SeededGenerator
  /// What tells trackers that we are the same peer when our address changes.
  let announceKey: UInt32

  /// The web seeds, as the swarm numbers them, and what is being fetched of them.
  var webSeeds: [WebSeed] = []
  var fetches: [WebSeedFetch] = []
  /// Whoever reads while it loads, the latest first.
  var readers: [TorrentReader] = []

  /// Its own limits, those of its label and those of all torrents.
  private(set) var limits: [RateLimits] = []
  /// Where the next round of those that a limit held up begins.
  var firstResumed = 0

  /// Ends the check of the disk.
  let cancellation = Cancellation()
  /// Bytes in the wanted pieces, where not all are wanted.
  var wantedBytes: UInt64?
  /// Progress of the check under way.
  var checkedBytes: UInt64 = 0
  /// Whether trackers and named peers have been asked.
  private var isIntroduced = false
  /// What is kept of the torrent between two runs; nil when nothing is.
  var keeping: StateKeeping?
  /// What the disk has refused.
  var refused = RefusedPieces()

  init(
    _ source: TorrentSource, _ options: TorrentOptions, session: TorrentSession,
    generator: SeededGenerator
  ) {
    self.source = source
    self.options = options
    self.session = session
    reactor = session.reactor
    infoHash = source.infoHash
    bufferPool = PieceBufferPool(limit: session.configuration.bufferBytes)
    var generator = generator
    announceKey = UInt32(truncatingIfNeeded: generator.next())
    schedule = Self.schedule(
      for: source, options, generator: SeededGenerator(seed: generator.next()))
    ringGenerator = SeededGenerator(seed: generator.next())
    swarm = Swarm(
      infoHash: infoHash, peerID: session.peerID, listenPort: session.listenPort,
      metadata: source.metadata, configuration: session.configuration.swarm, generator: generator,
      at: reactor.now)
    swarm.outsidePort = session.outsidePort
    phase = .fetchingMetadata
    let own = RateLimits(
      up: options.uploadLimit, down: options.downloadLimit, on: reactor
    ) { [unowned self] in resumeTransports() }
    limits =
      [own, session.limits] + (options.label.flatMap { session.labelLimits[$0] }.map { [$0] } ?? [])
    if let folder = session.configuration.resumeFolder, !options.isReadOnly {
      keeping = StateKeeping(
        ResumeFile(in: folder, of: infoHash, downloadFolder: options.folder))
    }
    switch source {
    case .metainfo(let metainfo):
      swarm.learn(v1: metainfo.info.infoHashV1, v2: metainfo.info.infoHashV2?.truncated)
    case .magnet(let link): swarm.learn(v1: link.infoHashV1, v2: link.infoHashV2?.truncated)
    }
  }

  func start() {
    if keeping == nil { begin() } else { lookForState() }
  }

  /// Starts with the torrent where it is known, or else with the search for it.
  func begin() {
    switch source {
    case .metainfo(let metainfo):
      open(metainfo.info)
    case .magnet:
      if let info = keeping?.restored?.info { return open(info) }
      report(.phase(.fetchingMetadata))
      introduce()
    }
  }

  /// Looks for peers, once: as soon as we can tell them what we have, or need the metadata.
  func introduce() {
    guard !isIntroduced else { return }
    isIntroduced = true
    if case .magnet(let link) = source { lookUp(link.peers, namedBy: options.origin) }
    lookUp(options.peers, namedBy: .user)
    addPeers(rememberedPeers, from: .tracker)
    announce()
    enterRing(generator: ringGenerator)
  }

  public var name: String { info?.name ?? source.name }

  func report(_ event: TorrentEvent) { session.observer?(self, event) }

  func enter(_ phase: TorrentPhase) {
    guard phase != self.phase else { return }
    self.phase = phase
    report(.phase(phase))
  }

  // MARK: Facts in, effects out

  /// Tells the swarm a fact and carries out what follows. Facts that arise meanwhile wait.
  func tell(_ input: SwarmInput) {
    inbox.append(input)
    guard !isDispatching else { return }
    isDispatching = true
    defer { isDispatching = false }
    var batch: [SwarmEffect] = []
    swap(&batch, &effects)
    while let input = inbox.popFirst() {
      swarm.handle(input, at: reactor.now, into: &batch)
      for effect in batch { perform(effect) }
      batch.removeAll(keepingCapacity: true)
    }
    swap(&batch, &effects)
  }

  private func perform(_ effect: SwarmEffect) {
    switch effect {
    case .connect(let key, let endpoint, let isEncrypted):
      connect(key, endpoint, isEncrypted: isEncrypted)
    case .adopt(let ticket, let key): adopt(ticket, key)
    case .refuse(let ticket, _): accepted[ticket] = nil
    case .send(let key, let message): send(message, to: key)
    case .upload(let key, let block): upload(block, to: key)
    case .unsend(let key, let block):
      if transport(key)?.unsend(block) == true { tell(.unsent([block], to: key)) }
    case .unsendAll(let key):
      if let blocks = transport(key)?.unsendAllBlocks(), !blocks.isEmpty {
        tell(.unsent(blocks, to: key))
      }
    case .close(let key, _):
      transport(key)?.close()
      forget(key)
    case .verify(let piece, let isSuspect): verify(piece, isSuspect: isSuspect)
    case .abandon(let piece): abandon(piece)
    case .fetch(let key, let number, let pieces): fetch(key, number, pieces)
    case .endFetch(let key): endFetch(key)
    case .metadataComplete(let bytes): take(metadata: bytes)
    case .layersComplete(let nodes): take(nodes: nodes)
    case .readLeaves(let key, let range, let piece): readLeaves(of: piece, for: key, range)
    case .wake(let moment): reactor.schedule(at: moment) { [weak self] in self?.wake() }
    case .report(let event): note(event)
    }
  }

  private func wake() {
    guard phase != .stopped else { return }
    bufferPool.trim()
    tell(.wake)
    announceSoonerIfAlone()
  }

  private func note(_ event: SwarmEvent) {
    report(.swarm(event))
    if case .webSeedBanned(let number) = event {
      note(webSeeds[number], failed: "it sent data that does not match its hash; not asked again")
    }
    if case .pieceVerified = event { wakeReaders() }
    guard event == .complete else { return }
    forgetState()
    ring?.refresh()
    if swarm.down.total > 0 {
      schedule.noteComplete(at: reactor.now)
      announce()
    }
    enter(.seeding)
  }

  // MARK: Peers

  /// Tries peers at once; host names are looked up first.
  func lookUp(_ hints: [MagnetLink.PeerHint], namedBy origin: RequestOrigin) {
    let dial = { [weak self] (endpoints: [Endpoint]) in
      self?.addPeers(endpoints.filter { origin.mayName(peer: $0) }, from: .user)
    }
    dial(hints.compactMap(\.endpoint))
    let names = hints.filter { $0.endpoint == nil }
    guard !names.isEmpty else { return }
    session.lookUp(names) { dial($0) }
  }

  /// - Parameter name: what they call the torrent, where it has two names and that is known.
  public func addPeers(
    _ endpoints: [Endpoint], from source: PeerSource, under name: InfoHash? = nil
  ) {
    guard phase != .stopped else { return }
    tell(
      .candidates(
        endpoints.filter { !session.filter.blocks($0.address) }, from: source, under: name))
  }

  /// Ends all connections; nothing happens to this torrent afterwards.
  func close() {
    guard phase != .stopped else { return }
    enter(.stopped)
    cancellation.cancel()
    if let announceTimer { reactor.cancelTimer(announceTimer) }
    ring?.close()
    for transport in transports { transport?.close() }
    transports = []
    limits.first?.stop()
    for fetch in fetches { fetch.cancel() }
    fetches = []
    accepted = [:]
    buffers = []
  }

  // MARK: Numbers

  public var snapshot: TorrentSnapshot {
    let now = reactor.now
    return TorrentSnapshot(
      name: name, infoHash: infoHash, phase: phase, bytesDone: bytesDone, bytesTotal: bytesTotal,
      downRate: swarm.down.bytesPerSecond(at: now), upRate: swarm.up.bytesPerSecond(at: now),
      downloaded: swarm.down.total + (keeping?.restored?.downloaded ?? 0),
      uploaded: swarm.up.total + (keeping?.restored?.uploaded ?? 0), wasted: swarm.wastedBytes,
      peers: swarm.peerCount, seeds: swarm.seedCount,
      completePeers: swarm.completePeerCount, contributors: swarm.contributorCount,
      webSeeds: swarm.webSeedCount,
      verifiedFromPeers: swarm.verifiedBytes - swarm.verifiedFromWebSeeds,
      verifiedFromWebSeeds: swarm.verifiedFromWebSeeds, label: options.label)
  }

  /// What is wanted of the torrent, or all of it while that is not known.
  private var bytesTotal: UInt64 { wantedBytes ?? info?.geometry.totalLength ?? 0 }

  private var bytesDone: UInt64 {
    if phase == .checking { return checkedBytes }
    guard let left = swarm.bytesLeft else { return 0 }
    return bytesTotal - left
  }

  /// Whether the local network may hear of the torrent: not of a private one (BEP 27), and not of one
  /// of a closed ring. Of a link it is known when the metadata is here.
  var maySearchLocally: Bool {
    guard info?.isPrivate != true, !isOfClosedRing else { return false }
    switch phase {
    case .fetchingMetadata, .downloading, .seeding, .waiting: return true
    case .checking, .failed, .stopped: return false
    }
  }

  /// Whether every tracker refuses the torrent, as far as each was heard of last.
  public var isRefusedByAllTrackers: Bool { schedule.isRefusedByAll }

  /// Everything wanted is here.
  public var isFinished: Bool { swarm.isFinished }
}
