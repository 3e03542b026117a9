import ChordLogic
import ChordWire
import Control
import DeterministicCore
import HTTPWire
import Networking
import Session
import Storage
import TorrentModel
import TrackerLogic

/// Hashes, publishes and seeds until interrupted.
func runShare(_ options: ShareOptions, console: Console) throws(CommandError) -> ExitCode {
  Interruption.heed()
  var contents: [HashedContent] = []
  for path in options.paths {
    if let file = options.output { try FileContents.checkWritable(file) }
    contents.append(try HashedContent(path, options.creation, console: console))
  }
  let command = ShareCommand(options)
  let loop = try TransferLoop(
    options.peers, usualPort: SessionConfiguration.usualPort,
    usesRings: options.creation.ring != nil, console: console, command: command)
  try command.begin(contents, in: loop)
  return try loop.run()
}

/// The state of a `share`: its torrents, the tracker that knows their peers, and the page that
/// shows them, all on the one port that peers use.
private final class ShareCommand: TransferCommand {
  private let options: ShareOptions
  private var torrents: [SharedTorrent] = []
  private var tracker: TrackerServer?
  private var server: HTTPServer?
  private let page = SharePage()
  /// What is published once a ring has been entered.
  private var waiting: [HashedContent]?

  init(_ options: ShareOptions) { self.options = options }

  /// Publishes at once, or as soon as the ring's nodes are known that the links are to name.
  func begin(_ contents: [HashedContent], in loop: TransferLoop) throws(CommandError) {
    guard let ring = options.creation.ring else { return try publish(contents, in: loop) }
    waiting = contents
    loop.session.ringCredentials[ring.name] = options.credentials
    let service = loop.session.join(RingConfiguration(ring), namedBy: .user)
    if let service, service.entrances.isEmpty, ring.nodes.isEmpty {
      guard options.credentials?.certificate.roles.contains(.member) ?? true else {
        throw CommandError(
          .usage, "no node of the ring is known, and a client founds none",
          on: ring.name.description, remedy: "name one with --bootstrap HOST:PORT")
      }
      loop.console.explain("no node of \(ring.name) is known: this is the first")
      service.found()
    }
    loop.reactor.schedule(after: Self.ringPatience) { [weak self, weak loop] in
      guard let self, let loop, waiting != nil else { return }
      loop.console.warn("no node of \(ring.name) has answered yet")
      publishWaiting(in: loop)
    }
    if let service, service.isConnected { publishWaiting(in: loop) }
  }

  func ring(_ service: ChordService, did event: RingEvent, in loop: TransferLoop) {
    if service.isConnected { publishWaiting(in: loop) }
  }

  private func publishWaiting(in loop: TransferLoop) {
    guard let contents = waiting else { return }
    waiting = nil
    do throws(CommandError) {
      try publish(contents, in: loop)
    } catch {
      loop.end(error)
    }
  }

  /// The ring as links name it: with nodes that are there.
  private func reference(in loop: TransferLoop) -> RingReference? {
    guard let ring = options.creation.ring,
      let service = loop.session.rings.first(where: { $0.name == ring.name })
    else { return options.creation.ring }
    let met = service.acquaintances(most: Self.nodesNamed).map {
      MagnetLink.PeerHint($0.endpoint)
    }
    let own = service.isMember ? service.ownEndpoint.map { [MagnetLink.PeerHint($0)] } ?? [] : []
    let named = ring.nodes + (own + met).filter { !ring.nodes.contains($0) }
    return RingReference(
      ring.name, nodes: Array(named.prefix(max(Self.nodesNamed, ring.nodes.count))))
  }

  private static let nodesNamed = 8
  private static let ringPatience = TimeSpan.seconds(5)

  private func publish(_ contents: [HashedContent], in loop: TransferLoop) throws(CommandError) {
    let port = loop.session.listenPort ?? options.peers.listen.port
    // Behind a proxy nobody can connect, and nobody is to learn where we are.
    let addresses =
      options.peers.proxy == nil
      ? LocalAddresses.reachable(from: options.peers.listen.address) : []
    let endpoints = addresses.map { Endpoint($0, port: port) }
    var creation = options.creation
    creation.ring = reference(in: loop)
    if options.hasEmbeddedTracker {
      // Each address is a tier of its own: a client goes on to the ones it can reach.
      creation.trackers = endpoints.map { "http://\($0)/announce" }
      try startTracker(in: loop)
    }
    startServer(in: loop)
    for content in contents {
      try publish(content, creation, endpoints: endpoints, in: loop)
    }
    if let endpoint = endpoints.first {
      loop.console.result("page     http://\(endpoint)/")
    }
    loop.console.note("sharing until interrupted (^C)")
  }

  private func publish(
    _ content: HashedContent, _ creation: CreationOptions, endpoints: [Endpoint],
    in loop: TransferLoop
  ) throws(CommandError) {
    let (document, metainfo) = try content.metainfo(creation)
    let file = options.output ?? metainfo.info.name + ".torrent"
    try FileContents.write(document, to: file)
    var magnet = metainfo.magnet
    // Who names a ring names no addresses: those of the ring may outlive this one's.
    if creation.ring == nil { magnet.peers = endpoints.map { MagnetLink.PeerHint($0) } }
    torrents.append(SharedTorrent(metainfo: metainfo, document: document, magnet: magnet.text))
    for infoHash in metainfo.info.swarmHashes { tracker?.register(infoHash) }

    var torrent = options.peers.torrent(in: ".")
    torrent.origin = .user
    do {
      torrent.storage = try content.content.storage()
    } catch {
      throw CommandError(error)
    }
    torrent.isReadOnly = true
    torrent.trustsData = true
    let source = TorrentSource.metainfo(metainfo)
    loop.announceStart(of: source)
    loop.session.add(source, torrent)

    let info = metainfo.info
    loop.console.result(
      "sharing  \(SafeText.visible(info.name))  \(Format.size(info.geometry.totalLength)), "
        + "\(Format.count(info.layout.files.count, "file")), "
        + "\(Format.count(info.geometry.pieceCount, "piece")) of "
        + "\(Format.size(UInt64(info.geometry.pieceLength)))\(info.isPrivate ? ", private" : "")")
    loop.console.result("torrent  \(SafeText.visible(file))")
    loop.console.result("magnet   \(magnet.text)")
    loop.console.event(
      .event(
        .shared,
        [
          ("name", .string(info.name)), ("infoHash", .string(info.infoHash.description)),
          ("size", .unsigned(info.geometry.totalLength)), ("file", .string(file)),
          ("magnet", .string(magnet.text)),
          ("page", .optional(endpoints.first.map { "http://\($0)/" })),
        ]))
  }

  // MARK: The port's other guests

  /// Announces are answered on the port that peers use, over TCP and UDP. A share is small and
  /// close: its peers look for each other every minute.
  private func startTracker(in loop: TransferLoop) throws(CommandError) {
    var policy = AnnouncePolicy()
    policy.interval = .minutes(2)
    policy.minInterval = .minutes(1)
    policy.jitter = .seconds(15)
    policy.lifetime = .minutes(6)
    let tracker: TrackerServer
    do {
      tracker = try TrackerServer(policy, admission: .registered, on: loop.reactor)
    } catch {
      throw CommandError(.failure, "the tracker of this share could not start: \(error)")
    }
    for endpoint in loop.session.listeningOn {
      do {
        try tracker.serveDatagrams(on: endpoint)
      } catch {
        // UDP is a convenience here: the links name HTTP.
        loop.console.explain("no UDP announces: \(error)")
      }
    }
    self.tracker = tracker
  }

  private func startServer(in loop: TransferLoop) {
    var limits = HTTPServerLimits()
    let budget = DescriptorBudget(limit: DescriptorLimit.current)
    limits.mostConnections = min(limits.mostConnections, budget.guests)
    let server = HTTPServer(on: loop.reactor, limits: limits) {
      [unowned self, unowned loop] request, client in
      if let response = tracker?.respond(to: request, from: client) { return response }
      updateCounts(loop)
      return page.respond(to: request, torrents: torrents) ?? HTTPResponse(.notFound)
    }
    self.server = server
    loop.session.otherConnections = { socket, client, prefix in
      server.take(socket, from: client, prefix: prefix)
    }
  }

  private func updateCounts(_ loop: TransferLoop) {
    for index in torrents.indices {
      let infoHash = torrents[index].metainfo.info.infoHash
      guard let snapshot = loop.session.runner(of: infoHash)?.snapshot else { continue }
      var counts = SharedTorrent.Counts()
      counts.upRate = UInt64(snapshot.upRate)
      counts.uploaded = snapshot.uploaded
      // Of the swarm, not of the tracker, which sees a peer of two internets twice.
      counts.seeders = snapshot.seeds + 1
      counts.leechers = snapshot.peers - snapshot.seeds
      counts.completed = snapshot.completePeers
      torrents[index].counts = counts
    }
  }

  // MARK: TransferCommand

  func torrent(_ runner: TorrentRunner, did event: TorrentEvent, in loop: TransferLoop) {
    if case .phase(.failed(let failure)) = event {
      loop.end(CommandError(failure, on: runner.name))
    }
  }

  func tick(at now: Moment, in loop: TransferLoop) {
    guard let untilCopies = options.untilCopies, waiting == nil else { return }
    let isDone = loop.session.torrents.allSatisfy { runner in
      runner.snapshot.completePeers >= untilCopies
    }
    if isDone { loop.end(.done) }
  }

  func interrupted(in loop: TransferLoop) { loop.end(.done) }
}
