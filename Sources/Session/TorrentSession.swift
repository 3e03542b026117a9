public import ChordLogic
import DeterministicCore
import Glibc
public import Networking
import PeerWire
public import Storage
import SwarmLogic
public import TorrentModel

/// Why a session cannot begin.
public enum SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  case network(NetworkError)
  case storage(StorageError)

  public var description: String {
    switch self {
    case .network(let error): error.description
    case .storage(let error): error.description
    }
  }
}

/// Everything one process does in swarms: a port, worker threads, and a runner for each torrent.
///
/// Lives on its reactor's thread. The invariant: a torrent is found under its info-hash, a hybrid one
/// under both, exactly while its runner takes connections.
public final class TorrentSession {
  public let reactor: Reactor
  public let configuration: SessionConfiguration
  public let peerID: PeerID
  let workers: WorkerPool
  let descriptors: DescriptorPool
  let scratch = ReceiveScratch()
  private(set) var mailbox: Mailbox<SessionMessage>!
  private(set) var courier: ResultCourier!
  let http: HTTPClient
  private(set) var trackers: TrackerClient!
  private(set) var limits: RateLimits!
  private(set) var labelLimits: [String: RateLimits] = [:]
  private var generator: SeededGenerator
  private var lookUps: [UInt64: ([Endpoint]) -> Void] = [:]
  private var nextLookUp: UInt64 = 0
  private var listeners: [Listener] = []
  private var localDiscovery: LocalDiscoverySockets?
  private var ringPort: RingPort?
  private(set) var portMapper: PortMapper?
  /// The rings that this session takes part in.
  public private(set) var rings: [ChordService] = []
  private var unknown: UnknownConnections
  private var runners = Slab<TorrentRunner>()

  /// Addresses of peers that are not spoken to; connections with those that are added end.
  public var filter: AddressFilter {
    didSet { for runner in torrents { runner.dropFilteredPeers() } }
  }
  /// Takes connections that are not peers', with the bytes read of them so far.
  public var otherConnections: ((consuming FileDescriptor, Endpoint, [UInt8]) -> Void)?
  /// Told what happens, by torrent.
  public var observer: ((TorrentRunner, TorrentEvent) -> Void)?
  /// Told what came of asking the router to let peers in.
  public var portObserver: ((PortMappingReport) -> Void)?
  /// What this session shows in closed rings, to be here before they are entered.
  public var ringCredentials: [RingName: RingCredentials] = [:]
  /// Told what happens in a ring.
  public var ringObserver: ((ChordService, RingEvent) -> Void)?

  public init(_ configuration: SessionConfiguration, on reactor: Reactor) throws(SessionError) {
    self.reactor = reactor
    self.configuration = configuration
    filter = configuration.filter
    unknown = UnknownConnections(configuration.connections)
    var system = SystemRandomNumberGenerator()
    generator = SeededGenerator(seed: system.next())
    peerID = PeerID.random(using: &system)
    http = HTTPClient(on: reactor, through: configuration.proxy)
    descriptors = DescriptorPool(capacity: configuration.openFiles)
    do { workers = try WorkerPool() } catch { throw .storage(error) }
    do {
      mailbox = try reactor.makeMailbox { [weak self] messages in
        for message in messages { self?.receive(message) }
      }
    } catch {
      workers.shutDown()
      throw .network(error)
    }
    courier = ResultCourier(mailbox)
    limits = RateLimits(
      up: configuration.uploadLimit, down: configuration.downloadLimit, on: reactor
    ) { [unowned self] in
      for runner in torrents { runner.resumeTransports() }
    }
    for (label, limits) in configuration.labelLimits {
      labelLimits[label] = RateLimits(up: limits.up, down: limits.down, on: reactor) {
        [unowned self] in
        for runner in torrents where runner.options.label == label { runner.resumeTransports() }
      }
    }
    trackers = TrackerClient(
      on: reactor, http: http, isProxied: configuration.proxy != nil, from: sourceAddress,
      generator: SeededGenerator(seed: generator.next())
    ) { [unowned self] host, port, completion in
      lookUp([MagnetLink.PeerHint(host: host, port: port)], completion: completion)
    }
  }

  // MARK: Listening

  /// The endpoints in fact listened on.
  public var listeningOn: [Endpoint] { listeners.map(\.endpoint) }

  public var listenPort: UInt16? { listeners.first?.endpoint.port }

  /// The local address that connections are made from, when one was chosen.
  var sourceAddress: Address? {
    configuration.listen.first.flatMap { $0.address.isUnspecified ? nil : $0.address }
  }

  /// Starts to listen. Of several endpoints the first must be had; a machine may lack IPv6.
  public func listen() throws(NetworkError) {
    // Who came past the proxy would learn where we are.
    guard configuration.proxy == nil else { return }
    for var endpoint in configuration.listen {
      do {
        if let port = listenPort { endpoint.port = port }
        try listen(on: endpoint)
      } catch {
        guard listeners.isEmpty else { continue }
        guard configuration.fallsBackToAnyPort, error.code == EADDRINUSE else { throw error }
        endpoint.port = 0
        try listen(on: endpoint)
      }
    }
    discoverLocally()
    mapPort()
  }

  /// Asks the router to let peers in, where that is wanted.
  private func mapPort() {
    guard configuration.mapsPorts, portMapper == nil, let port = listenPort,
      configuration.listen.first?.address.isLoopback == false
    else { return }
    let nonce = (0..<GatewayMessage.nonceLength).map { _ in
      UInt8(truncatingIfNeeded: generator.next())
    }
    let mapper = PortMapper(
      port, configuration.takesDatagrams ? [.tcp, .udp] : [.tcp], of: self, nonce: nonce)
    portMapper = mapper
    // Whoever observes is told after this call.
    reactor.schedule(after: .zero) { mapper.begin() }
  }

  /// Begins to tell the local network of our torrents, where that is wanted.
  private func discoverLocally() {
    guard configuration.discoversLocally, localDiscovery == nil, let port = listenPort,
      let address = configuration.listen.first?.address, !address.isLoopback
    else { return }
    localDiscovery = LocalDiscoverySockets(
      listeningOn: address, port: port, reactor: reactor, generator: &generator,
      torrents: { [unowned self] in
        torrents.filter(\.maySearchLocally).flatMap { $0.swarm.names.all }
      },
      found: { [unowned self] peer, infoHash in
        guard let runner = runner(of: infoHash), runner.maySearchLocally else { return }
        runner.addPeers([peer], from: .localDiscovery)
      })
  }

  /// Ports tried where any will do, until one is free for TCP and UDP both.
  private static let portAttempts = 16

  private func listen(on endpoint: Endpoint) throws(NetworkError) {
    guard configuration.takesDatagrams else { return try listenForPeers(on: endpoint) }
    let port = ringPort ?? RingPort(on: reactor)
    ringPort = port
    var attempts = endpoint.port == 0 ? Self.portAttempts : 1
    while true {
      try listenForPeers(on: endpoint)
      do {
        return try port.open(on: listeners.last?.endpoint ?? endpoint)
      } catch {
        listeners.popLast()?.close()
        attempts -= 1
        guard attempts > 0, error.code == EADDRINUSE else { throw error }
      }
    }
  }

  private func listenForPeers(on endpoint: Endpoint) throws(NetworkError) {
    let listener = try Listener(
      on: endpoint, reactor: reactor,
      makesRoom: { [unowned self] in
        let oldest = unknown.removeOldest()
        oldest?.close()
        return oldest != nil
      },
      accepted: { [unowned self] socket, peer in welcome(socket, from: peer) })
    listeners.append(listener)
  }

  /// Lets a connection say who it is, unless it comes from a banned address.
  private func welcome(_ socket: consuming FileDescriptor, from endpoint: Endpoint) {
    guard unknown.admits(endpoint.address), !filter.blocks(endpoint.address),
      !torrents.contains(where: { $0.swarm.isBanned(endpoint, at: reactor.now) })
    else { return }
    let terms = IncomingConnection.Terms(
      deadline: configuration.connections.handshakeDeadline,
      encryption: configuration.swarm.encryption
    ) { [unowned self] in torrents.flatMap { $0.swarm.names.all } }
    let connection = try? IncomingConnection(
      socket, from: endpoint, on: terms, reactor: reactor
    ) { [unowned self] connection, socket, outcome in
      unknown.remove(connection)
      switch outcome {
      case .peer(let handshake, let stream):
        introduce(socket, from: connection.endpoint, handshake, stream)
      case .other(let bytes): otherConnections?(socket, connection.endpoint, bytes)
      case .nothing: break
      }
    }
    if let connection { unknown.insert(connection)?.close() }
  }

  /// Hands a peer to the torrent it asks for. Whoever asks for one we do not have learns nothing.
  private func introduce(
    _ socket: consuming FileDescriptor, from endpoint: Endpoint, _ handshake: Handshake,
    _ stream: EncryptedStream?
  ) {
    guard let runner = runner(of: handshake.infoHash),
      connectionCount < configuration.connections.mostPeers
    else { return }
    runner.accept(socket, from: endpoint, handshake, stream)
  }

  /// Connections with peers that stand or are being made.
  private var connectionCount: Int { torrents.reduce(0) { $0 + $1.swarm.connectionCount } }

  /// Whether there is a place for the last dial that a swarm has decided on.
  var mayDial: Bool {
    connectionCount <= configuration.connections.mostPeers
      && torrents.reduce(0) { $0 + $1.swarm.dialCount } <= configuration.connections.mostDials
  }

  // MARK: Torrents

  public var torrents: [TorrentRunner] { runners.ids.map { runners[$0] } }

  public func runner(of infoHash: InfoHash) -> TorrentRunner? {
    torrents.first { $0.infoHash == infoHash || $0.swarm.names.contains(infoHash) }
  }

  /// Takes a torrent in and starts on it.
  ///
  /// - Returns: the runner of the torrent, also when it was there already.
  @discardableResult
  public func add(_ source: TorrentSource, _ options: TorrentOptions) -> TorrentRunner {
    if let present = runner(of: source.infoHash) { return present }
    let runner = TorrentRunner(
      source, options, session: self, generator: SeededGenerator(seed: generator.next()))
    runner.id = runners.insert(runner)
    runner.start()
    return runner
  }

  public func remove(_ runner: TorrentRunner) {
    runner.close()
    runners.remove(runner.id)
  }

  // MARK: Rings

  /// Takes part in a ring, or takes in further nodes of one.
  ///
  /// - Parameter origin: who named the nodes.
  /// - Returns: nil where the session takes no datagrams, and for a closed ring whose credentials
  ///   it does not have.
  public func join(
    _ configuration: RingConfiguration, namedBy origin: RequestOrigin
  ) -> ChordService? {
    let credentials = ringCredentials[configuration.ring.name]
    guard let ringPort, configuration.ring.name.isOpen || credentials != nil else { return nil }
    let nodes = configuration.ring.nodes
    let service: ChordService
    var remembered: [Endpoint] = []
    if let present = rings.first(where: { $0.name == configuration.ring.name }) {
      service = present
    } else {
      service = ChordService(
        configuration, showing: credentials, in: self, port: ringPort)
      rings.append(service)
      ringPort.services.append(service)
      service.scheduleKeeping()
      remembered = service.readMemory()
    }
    let named = nodes.compactMap(\.endpoint).filter { origin.mayName(peer: $0) }
    let names = nodes.filter { $0.endpoint == nil }
    let known = named + remembered
    // A member that has nobody to ask founds the ring: names come first.
    guard names.isEmpty || !known.isEmpty else {
      lookUp(names) { service.begin(with: $0.filter { origin.mayName(peer: $0) }) }
      return service
    }
    service.begin(with: known)
    if !names.isEmpty {
      lookUp(names) { service.begin(with: $0.filter { origin.mayName(peer: $0) }) }
    }
    return service
  }

  /// The ring that a torrent names, entered as a leaf where this session is not in it yet.
  func ring(_ reference: RingReference, namedBy origin: RequestOrigin) -> ChordService? {
    join(RingConfiguration(reference), namedBy: origin)
  }

  private func receive(_ message: SessionMessage) {
    switch message {
    case .worked(let results):
      for result in results {
        runners.find(SlabID(word: result.torrent))?.take(result)
      }
    case .checkProgress(let id, let bytes):
      runners.find(id)?.checkedBytes = bytes
    case .checked(let id, let outcome):
      runners.find(id)?.finishChecking(outcome)
    case .restored(let id, let finding):
      runners.find(id)?.restore(finding)
    case .kept(let id, let outcome):
      runners.find(id)?.finishKeeping(outcome)
    case .leavesRead(let id, let input):
      runners.find(id)?.tell(input)
    case .ringUnkept(let name, let error):
      rings.first { $0.name == name }?.report(.unkept("\(error)"))
    case .portMapped(let outcome):
      portMapper?.take(outcome)
    case .resolved(let id, let endpoints):
      lookUps.removeValue(forKey: id)?(endpoints)
    }
  }

  /// Finds the addresses of hosts, names among them by the system's resolver and off the loop;
  /// `completion` is called on the loop, later.
  func lookUp(_ hosts: [MagnetLink.PeerHint], completion: @escaping ([Endpoint]) -> Void) {
    guard configuration.proxy == nil else {
      // A resolver's packets go past the proxy.
      reactor.schedule(after: .zero) { completion(hosts.compactMap(\.endpoint)) }
      return
    }
    nextLookUp += 1
    let id = nextLookUp
    lookUps[id] = completion
    let mailbox = mailbox!
    workers.run {
      mailbox.send(
        .resolved(
          lookUp: id, hosts.flatMap { NameLookup.endpoints(of: $0.host, port: $0.port) }))
    }
  }

  /// Tells trackers and rings that we leave, and calls `done` when they know or have had their time.
  public func leave(then done: @escaping () -> Void) {
    leaveTorrents { [self] in
      var pending = rings.count
      guard pending > 0 else { return done() }
      for ring in rings {
        ring.leave {
          pending -= 1
          if pending == 0 { done() }
        }
      }
    }
  }

  private func leaveTorrents(then done: @escaping () -> Void) {
    let leaving = torrents
    var pending = leaving.count
    guard pending > 0 else { return done() }
    for runner in leaving {
      runner.leave {
        pending -= 1
        if pending == 0 { done() }
      }
    }
  }

  /// Ends all connections and threads. Trackers are not told: `TorrentRunner.leave` does that.
  public func shutDown() {
    for listener in listeners { listener.close() }
    listeners = []
    localDiscovery?.close()
    portMapper?.close()
    for connection in unknown.removeAll() { connection.close() }
    for ring in rings { ring.shutDown() }
    ringPort?.close()
    for runner in torrents { runner.close() }
    workers.shutDown()
    for ring in rings { ring.keepLast() }
    // Last, when nobody writes to a file any more whose time of change the state names.
    for runner in torrents { runner.keepLastState() }
  }
}
