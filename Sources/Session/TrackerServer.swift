import DeterministicCore
import Glibc
public import HTTPWire
public import Networking
public import TorrentModel
public import TrackerLogic
import TrackerWire

/// A tracker on the network: HTTP (BEP 3, 48) and UDP (BEP 15) on the same port number, both
/// answered by one `Tracker`. Parse, decide, write stand on one screen for each protocol.
///
/// The invariant: nothing is sent to an address by UDP but an answer no longer than what came from
/// it, unless it has shown with a connection ID that it receives what is sent to it.
public final class TrackerServer {
  public private(set) var tracker: Tracker
  private var connectionIDs: ConnectionIDAuthority
  private let reactor: Reactor
  private var http: HTTPServer?
  private var sockets: [DatagramSocket] = []
  private var purgeTimer: SlabID?

  /// Silent peers are looked for this often, so many peers at a time.
  private static let purgeInterval = TimeSpan.seconds(1)
  private static let purgeBudget = 50_000
  /// Connection IDs are signed with a new secret this often.
  private static let secretLife = TimeSpan.minutes(60)
  /// Port numbers tried where any will do, until one is free for TCP and UDP both.
  private static let portAttempts = 16

  public init(
    _ policy: AnnouncePolicy = AnnouncePolicy(), admission: Tracker.Admission, on reactor: Reactor
  ) {
    var system = SystemRandomNumberGenerator()
    tracker = Tracker(
      policy: policy, admission: admission, seed: system.next(),
      secret: TrackerSecret(system.next(), system.next()))
    connectionIDs = ConnectionIDAuthority(secret: TrackerSecret(system.next(), system.next()))
    self.reactor = reactor
    schedulePurge()
    scheduleRotation()
  }

  // MARK: Torrents

  public func register(_ infoHash: InfoHash) { tracker.register(infoHash) }

  public func unregister(_ infoHash: InfoHash) { tracker.unregister(infoHash) }

  // MARK: Listening

  public var listeningOn: [Endpoint] { http?.listeningOn ?? [] }

  /// Serves both protocols on an endpoint. With port 0, one is found that is free for both.
  public func listen(on endpoint: Endpoint) throws(NetworkError) {
    let server =
      http
      ?? HTTPServer(on: reactor) { [unowned self] request, client in
        respond(to: request, from: client) ?? HTTPResponse(.notFound)
      }
    http = server
    var attempts = endpoint.port == 0 ? Self.portAttempts : 1
    while true {
      let socket = try datagramSocket(on: endpoint)
      do {
        try server.listen(on: socket.endpoint)
        return sockets.append(socket)
      } catch {
        socket.close()
        attempts -= 1
        guard attempts > 0 else { throw error }
      }
    }
  }

  /// Serves UDP alone, where something else has the port's HTTP.
  public func serveDatagrams(on endpoint: Endpoint) throws(NetworkError) {
    sockets.append(try datagramSocket(on: endpoint))
  }

  private func datagramSocket(on endpoint: Endpoint) throws(NetworkError) -> DatagramSocket {
    // The socket's own closure must not keep it alive.
    weak var way: DatagramSocket?
    let socket = try DatagramSocket(on: endpoint, reactor: reactor) {
      [unowned self] bytes, client in
      if let answer = answer(bytes, from: client) { way?.send(answer, to: client) }
    }
    way = socket
    return socket
  }

  public func close() {
    http?.close()
    for socket in sockets { socket.close() }
    sockets = []
    if let purgeTimer { reactor.cancelTimer(purgeTimer) }
    purgeTimer = nil
  }

  // MARK: HTTP

  /// `nil` for a path that is not a tracker's.
  public func respond(to request: HTTPRequest, from client: Endpoint) -> HTTPResponse? {
    guard request.isFor("/announce") || request.isFor("/scrape") else { return nil }
    guard request.method == "GET" || request.method == "HEAD" else {
      var response = HTTPResponse(.methodNotAllowed)
      response.addHeader("Allow", "GET, HEAD")
      return response
    }
    // Failures go out with 200 as well: clients look for the reason behind no other status.
    do {
      let body: [UInt8]
      if request.isFor("/announce") {
        let announce = try AnnounceRequest(query: request.query)
        let reply = tracker.handle(announce, from: client.address, over: .http, at: reactor.now)
        body = HTTPTrackerCodec.encode(reply)
      } else {
        let scrape = try ScrapeRequest(query: request.query)
        body = HTTPTrackerCodec.encode(tracker.handle(scrape, over: .http))
      }
      return HTTPResponse(.ok, contentType: "text/plain", body: body)
    } catch {
      let failure = AnnounceReply.failure(TrackerFailure("\(error)"))
      return HTTPResponse(
        .ok, contentType: "text/plain", body: HTTPTrackerCodec.encode(failure))
    }
  }

  // MARK: UDP

  /// The answer to a datagram, or `nil` where silence is better: to what is no request, and to
  /// whoever has not shown that the source address is its own.
  private func answer(_ bytes: [UInt8], from client: Endpoint) -> [UInt8]? {
    guard let request = try? UDPTrackerRequest(bytes.span.bytes) else { return nil }
    let body: UDPTrackerResponse.Body
    switch request.body {
    case .connect:
      let id = connectionIDs.issue(for: client.address, at: reactor.now)
      body = .connect(connectionID: id)
    case .announce(let announce, let connectionID, _):
      guard isValid(connectionID, client) else { return nil }
      switch tracker.handle(announce, from: client.address, over: .udp, at: reactor.now) {
      case .success(let response): body = .announce(response)
      case .failure(let failure): body = .error(failure)
      }
    case .scrape(let scrape, let connectionID):
      guard isValid(connectionID, client) else { return nil }
      switch tracker.handle(scrape, over: .udp) {
      case .success(let response): body = .scrape(response.files.map(\.statistics))
      case .failure(let failure): body = .error(failure)
      }
    }
    return UDPTrackerResponse(transactionID: request.transactionID, body: body)
      .bytes(client.address.family)
  }

  private func isValid(_ connectionID: UInt64, _ client: Endpoint) -> Bool {
    connectionIDs.isValid(connectionID, from: client.address, at: reactor.now)
  }

  // MARK: State

  /// The swarms as bytes, for `restore` of a later run.
  public func snapshot() -> [UInt8] {
    tracker.snapshot(at: Reactor.clock, wallClock: UInt64(clamping: time(nil)))
  }

  /// Takes the swarms of an earlier run back; the torrents are to be registered before.
  ///
  /// - Returns: the number of peers taken back.
  @discardableResult
  public func restore(_ snapshot: [UInt8]) throws(SnapshotError) -> Int {
    try tracker.restore(snapshot, at: Reactor.clock, wallClock: UInt64(clamping: time(nil)))
  }

  // MARK: Upkeep

  private func schedulePurge() {
    purgeTimer = reactor.schedule(after: Self.purgeInterval) { [weak self] in
      guard let self, self.purgeTimer != nil else { return }
      self.tracker.purge(at: self.reactor.now, budget: Self.purgeBudget)
      self.schedulePurge()
    }
  }

  private func scheduleRotation() {
    reactor.schedule(after: Self.secretLife) { [weak self] in
      guard let self, self.purgeTimer != nil else { return }
      var system = SystemRandomNumberGenerator()
      self.connectionIDs.rotate(to: TrackerSecret(system.next(), system.next()))
      self.scheduleRotation()
    }
  }

  /// The counts of a torrent.
  public func counts(of infoHash: InfoHash) -> (seeders: Int, leechers: Int, completed: Int) {
    guard
      case .success(let response) = tracker.handle(ScrapeRequest([infoHash]), over: .udp),
      let counts = response.files.first?.statistics
    else { return (0, 0, 0) }
    return (counts.complete, counts.incomplete, counts.downloaded)
  }
}
