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
final class TrackerWorker: DatagramResponder {
  private let tracker: SharedTracker
  private let reactor: Reactor
  private let counters: TrackerCounters
  private var http: HTTPServer?
  private var datagramServers: [DatagramServer] = []
  private var connectionIDs: ConnectionIDAuthority

  init(_ tracker: SharedTracker, on reactor: Reactor) {
    self.tracker = tracker
    self.reactor = reactor
    counters = tracker.makeCounters()
    connectionIDs = tracker.connectionIDAuthority
  }

  var listeningOn: [Endpoint] { http?.listeningOn ?? [] }
  var datagramEndpoints: [Endpoint] { datagramServers.map(\.endpoint) }

  // MARK: Listening

  /// Serves HTTP on an endpoint, and further ones as they are named.
  func serveHTTP(on endpoint: Endpoint, sharing: PortSharing) throws(NetworkError) {
    let server =
      http
      ?? HTTPServer(on: reactor) { [unowned self] request, client in
        respond(to: request, from: client) ?? HTTPResponse(.notFound)
      }
    http = server
    try server.listen(on: endpoint, sharing: sharing)
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
    for server in datagramServers { server.close() }
    datagramServers = []
  }

  // MARK: HTTP

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
    counters.count(.httpAnnounce)
    let announce = try AnnounceRequest(query: query)
    let admission = try tracker.membership?.admit(
      announce, key: key, from: source, at: reactor.now)
    let reply = tracker.withTracker(of: announce.infoHash) {
      $0.handle(announce, from: source, at: reactor.now)
    }
    switch reply {
    case .success: if let admission { report(announce, admission) }
    case .failure: counters.count(.refusal)
    }
    return HTTPTrackerCodec.encode(reply)
  }

  private func scrape(_ query: HTTPQuery, _ key: ArraySlice<UInt8>?) throws -> [UInt8] {
    counters.count(.scrape)
    let scrape = try ScrapeRequest(query: query)
    try tracker.membership?.check(key)
    return HTTPTrackerCodec.encode(
      scrape.reply(tracker.policy) { tracker.statistics(of: $0) })
  }

  private func report(_ announce: AnnounceRequest, _ admission: Membership.Admission) {
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
      scrape.write(request.transactionID, into: &reply) { tracker.statistics(of: $0) }
    }
  }

  private func isValid(_ connectionID: UInt64, _ client: Endpoint) -> Bool {
    connectionIDs.isValid(connectionID, from: client.address, at: reactor.now)
  }
}

extension TrackerFailure {
  fileprivate static let scrapeByHTTP = TrackerFailure(
    "this tracker is private; scrape it by HTTP, with your key")
}
