import DeterministicCore
import Glibc
import HTTPWire
import Networking
import TorrentModel
import TrackerLogic
import TrackerWire

/// Serves the clients that reach one thread's sockets, by HTTP (BEP 3, 48) and UDP (BEP 15). Parse,
/// decide, write stand on one screen for each protocol.
///
/// The invariant: nothing is sent to an address by UDP but an answer no longer than what came from
/// it, unless it has shown with a connection ID that it receives what is sent to it.
final class TrackerWorker: DatagramResponder, PlainResponder {
  let tracker: SharedTracker
  let reactor: Reactor
  let counters: TrackerCounters
  private var http: HTTPServer?
  private(set) var datagramServers: [DatagramServer] = []
  private var connectionIDs: ConnectionIDAuthority
  /// The swarms of several trackers; `nil` for a tracker alone.
  let shared: SharedSwarms?

  /// - Parameter report: called when the shared swarms are out of reach, and with `nil` when they are
  ///   there again.
  init(
    _ tracker: SharedTracker, on reactor: Reactor, report: @escaping (String?) -> Void
  ) throws(NetworkError) {
    self.tracker = tracker
    self.reactor = reactor
    counters = tracker.makeCounters()
    connectionIDs = tracker.connectionIDAuthority
    if let store = tracker.store {
      shared = try SharedSwarms(store, on: reactor, report: report)
    } else {
      shared = nil
    }
  }

  var listeningOn: [Endpoint] { http?.listeningOn ?? [] }
  var datagramEndpoints: [Endpoint] { datagramServers.map(\.endpoint) }

  // MARK: Listening

  /// Serves HTTP on an endpoint, and further ones as they are named.
  func serveHTTP(on endpoint: Endpoint, sharing: PortSharing) throws(NetworkError) {
    try httpServer().listen(on: endpoint, sharing: sharing, waitsForData: true)
  }

  /// Serves HTTP at a socket that listens.
  func serveHTTP(at socket: consuming FileDescriptor) throws(NetworkError) {
    try httpServer().adopt(socket)
  }

  private func httpServer() -> HTTPServer {
    if let http { return http }
    let server = HTTPServer(on: reactor) { [unowned self] request, client in
      respond(to: request, from: client) ?? HTTPResponse(.notFound)
    }
    if shared == nil {
      server.plainResponder = self
    } else {
      server.deferrer = { [unowned self] request, client, promise in
        answer(request, from: client, later: promise)
      }
    }
    http = server
    return server
  }

  /// Serves UDP at a socket that is bound.
  func serveDatagrams(at socket: consuming FileDescriptor) throws(NetworkError) {
    datagramServers.append(
      try DatagramServer(
        adopting: socket, at: Endpoint(.v4(0), port: 0), reactor: reactor,
        longestReply: UDPTrackerResponse.longestReply, responder: self))
  }

  /// Serves UDP on an endpoint. With port 0, any that is free.
  func serveDatagrams(on endpoint: Endpoint, sharing: PortSharing) throws(NetworkError) {
    datagramServers.append(
      try DatagramServer(
        on: endpoint, sharing: sharing, reactor: reactor,
        longestReply: UDPTrackerResponse.longestReply, responder: self))
  }

  /// Gives up the endpoint of the last `serveDatagrams`.
  func closeLastDatagramServer() { datagramServers.popLast()?.close() }

  func close() {
    http?.close()
    http?.plainResponder = nil
    for server in datagramServers { server.close() }
    datagramServers = []
    shared?.close()
  }

  // MARK: HTTP

  /// An announce as nearly every client sends it, answered where it lies. What is anything else, or is
  /// refused, is left to `respond`.
  func answer(
    _ request: PlainRequest, in bytes: RawSpan, from client: Endpoint,
    into body: inout OutputRawSpan
  ) -> Bool {
    guard !tracker.trustedProxies.contains(client.address),
      let path = bytes.extracting(request.path).trackerPath, path.service == .announce,
      let announce = try? AnnounceRequest(query: bytes.extracting(request.query)),
      announce.wantsCompact
    else { return false }
    var admission: Membership.Admission?
    if let membership = tracker.membership {
      admission = try? membership.admit(
        announce, key: path.key, from: client.address, at: reactor.now)
      guard admission != nil else { return false }
    }
    let isServed = tracker.withTracker(of: announce.infoHash) { tracker in
      do throws(TrackerFailure) {
        try tracker.handle(announce, from: client.address, at: reactor.now, into: &body)
        return true
      } catch {
        return false
      }
    }
    guard isServed else { return false }
    counters.count(.httpAnnounce)
    if let admission { report(announce, admission) }
    return true
  }

  /// `nil` for a path that is not a tracker's.
  func respond(to request: HTTPRequest, from client: Endpoint) -> HTTPResponse? {
    guard let path = TrackerPath(request.path[...]) else { return nil }
    guard request.method == "GET" || request.method == "HEAD" else {
      var response = HTTPResponse(.methodNotAllowed)
      response.addHeader("Allow", "GET, HEAD")
      return response
    }
    // Failures go out with 200 as well: clients look for the reason behind no other status.
    let body: [UInt8]
    do {
      switch path.service {
      case .announce:
        let source = try tracker.source(of: request, from: client.address)
        body = try announce(request.query, path.key, from: source)
      case .scrape: body = try scrape(request.query, path.key)
      }
    } catch let failure as TrackerFailure {
      counters.count(.refusal)
      body = HTTPTrackerCodec.encode(AnnounceReply.failure(failure))
    } catch {
      counters.count(.refusal)
      body = HTTPTrackerCodec.encode(AnnounceReply.failure(TrackerFailure("\(error)")))
    }
    return HTTPResponse(.ok, contentType: "text/plain", body: body)
  }

  private func announce(
    _ query: HTTPQuery, _ key: ArraySlice<UInt8>?, from source: Address
  ) throws -> [UInt8] {
    let announce = try AnnounceRequest(query: query)
    return HTTPTrackerCodec.encode(try decide(announce, key, from: source))
  }

  /// What this tracker answers to an announce over HTTP by itself.
  func decide(
    _ announce: AnnounceRequest, _ key: ArraySlice<UInt8>?, from source: Address
  ) throws(TrackerFailure) -> AnnounceReply {
    counters.count(.httpAnnounce)
    let admission = try tracker.membership?.admit(
      announce, key: key, from: source, at: reactor.now)
    let reply = tracker.withTracker(of: announce.infoHash) {
      $0.handle(announce, from: source, at: reactor.now)
    }
    switch reply {
    case .success: if let admission { report(announce, admission) }
    case .failure: counters.count(.refusal)
    }
    return reply
  }

  private func scrape(_ query: HTTPQuery, _ key: ArraySlice<UInt8>?) throws -> [UInt8] {
    counters.count(.scrape)
    let scrape = try ScrapeRequest(query: query)
    try tracker.membership?.check(key)
    return HTTPTrackerCodec.encode(
      scrape.reply(tracker.policy) { tracker.statistics(of: $0) })
  }

  func report(_ announce: AnnounceRequest, _ admission: Membership.Admission) {
    tracker.membership?.report(announce, admission, time: Int64(time(nil)))
  }

  // MARK: UDP

  func beginBatch() { connectionIDs = tracker.connectionIDAuthority }

  /// Silence answers what is no request, and whoever has not shown that the source address is its
  /// own.
  func answer(_ bytes: RawSpan, from client: Endpoint, into reply: inout OutputRawSpan) {
    guard let request = try? UDPTrackerRequest(bytes) else { return }
    switch request.body {
    case .connect:
      UDPTrackerResponse.writeConnect(
        connectionIDs.issue(for: client.address, at: reactor.now), request.transactionID,
        into: &reply)
    case .announce(let announce, let connectionID, let urlData):
      guard isValid(connectionID, client) else { return }
      counters.count(.udpAnnounce)
      var admission: Membership.Admission?
      if let membership = tracker.membership {
        do {
          // A client that sends no URL data (BEP 41) has no way to say whose it is.
          admission = try membership.admit(
            announce, key: TrackerPath(urlData[...])?.key, from: client.address, at: reactor.now)
        } catch {
          counters.count(.refusal)
          return UDPTrackerResponse.writeError(error, request.transactionID, into: &reply)
        }
      }
      if shared?.isReady == true {
        return answer(announce, request.transactionID, from: client, admission, into: &reply)
      }
      let isServed = tracker.withTracker(of: announce.infoHash) {
        $0.handle(
          announce, request.transactionID, from: client.address, at: reactor.now, into: &reply)
      }
      guard isServed else { return counters.count(.refusal) }
      if let admission { report(announce, admission) }
    case .scrape(let scrape, let connectionID):
      guard isValid(connectionID, client) else { return }
      counters.count(.scrape)
      guard tracker.membership == nil else {
        // URL data belongs to announces only, so nobody can show a key here.
        return UDPTrackerResponse.writeError(
          .scrapeByHTTP, request.transactionID, into: &reply)
      }
      guard !isAnsweredLater(scrape, request.transactionID, from: client) else { return }
      scrape.write(request.transactionID, into: &reply) { tracker.statistics(of: $0) }
    }
  }

  private func isValid(_ connectionID: UInt64, _ client: Endpoint) -> Bool {
    connectionIDs.isValid(connectionID, from: client.address, at: reactor.now)
  }
}

extension RawSpan {
  /// The path of a tracker without members is told at a glance.
  fileprivate var trackerPath: TrackerPath? {
    withUnsafeBytes { bytes in
      bytes.elementsEqual("/announce".utf8)
        ? .announce : TrackerPath(ArraySlice(bytes))
    }
  }
}

extension TrackerFailure {
  fileprivate static let scrapeByHTTP = TrackerFailure(
    "this tracker is private; scrape it by HTTP, with your key")
}
