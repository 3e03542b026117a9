import DeterministicCore
import HTTPWire
import Networking
import TorrentModel
import TrackerLogic
import TrackerWire

// A worker whose swarms are several trackers': an announce is decided and noted here as ever, and the
// answer leaves with what the store knows beside that once it has told, or without.
extension TrackerWorker {
  /// - Returns: whether the promise will be kept; otherwise the request is answered at once.
  func answer(
    _ request: HTTPRequest, from client: Endpoint, later promise: HTTPPromise
  ) -> Bool {
    guard let shared, shared.isReady, request.method == "GET",
      let path = TrackerPath(request.path[...])
    else { return false }
    switch path.service {
    case .announce:
      // Malformed ones are answered with the reason, which takes no store.
      guard let source = try? tracker.source(of: request, from: client.address),
        let announce = try? AnnounceRequest(query: request.query)
      else { return false }
      let reply: AnnounceReply
      do throws(TrackerFailure) {
        reply = try decide(announce, path.key, from: source)
      } catch {
        counters.count(.refusal)
        reply = .failure(error)
      }
      complete(reply, to: announce, from: source, isForBoth: true) { reply in
        promise.fulfil(Self.response(HTTPTrackerCodec.encode(reply)))
      }
      return true
    case .scrape:
      guard let scrape = try? ScrapeRequest(query: request.query), !scrape.infoHashes.isEmpty,
        tracker.membership == nil || (try? tracker.membership?.check(path.key)) != nil
      else { return false }
      return shared.scrape(scrape.infoHashes) { [tracker, counters] found in
        counters.count(.scrape)
        let known = found.map { Dictionary(zip(scrape.infoHashes, $0)) { first, _ in first } }
        let reply = scrape.reply(tracker.policy) { known?[$0] ?? tracker.statistics(of: $0) }
        promise.fulfil(Self.response(HTTPTrackerCodec.encode(reply)))
      }
    }
  }

  /// Answers an announce by datagram: at once where it is refused, and else by and by.
  func answer(
    _ announce: AnnounceRequest, _ transactionID: UInt32, from client: Endpoint,
    _ admission: Membership.Admission?, into datagram: inout OutputRawSpan
  ) {
    let reply = tracker.withTracker(of: announce.infoHash) {
      $0.handle(announce, from: client.address, at: reactor.now)
    }
    if case .failure(let failure) = reply {
      counters.count(.refusal)
      return UDPTrackerResponse.writeError(failure, transactionID, into: &datagram)
    }
    if let admission { report(announce, admission) }
    complete(reply, to: announce, from: client.address, isForBoth: false) { [weak self] reply in
      guard case .success(let response) = reply else { return }
      self?.send(
        UDPTrackerResponse(transactionID: transactionID, body: .announce(response)), to: client)
    }
  }

  /// - Returns: false where there is nobody to ask.
  func isAnsweredLater(
    _ scrape: ScrapeRequest, _ transactionID: UInt32, from client: Endpoint
  ) -> Bool {
    guard let shared else { return false }
    return shared.scrape(scrape.infoHashes) { [weak self, tracker] found in
      let none = ScrapeStatistics(complete: 0, downloaded: 0, incomplete: 0)
      let counts = found ?? scrape.infoHashes.map { tracker.statistics(of: $0) ?? none }
      self?.send(
        UDPTrackerResponse(transactionID: transactionID, body: .scrape(counts)), to: client)
    }
  }

  /// Completes this tracker's answer with what the store knows.
  private func complete(
    _ reply: AnnounceReply, to announce: AnnounceRequest, from source: Address, isForBoth: Bool,
    _ completion: @escaping (AnnounceReply) -> Void
  ) {
    guard case .success(let response) = reply, let shared else { return completion(reply) }
    let policy = tracker.policy
    var wanted = policy.peerCount(announce.numWant)
    if !isForBoth { wanted = min(wanted, UDPTrackerResponse.mostPeers(source.family)) }
    let isAsked = shared.announce(
      announce, from: source, wanted: wanted, isForBoth: isForBoth, policy: policy
    ) { [counters] answer in
      if answer == nil { counters.count(.answerAlone) }
      completion(.success(answer.map { response.with($0, for: announce) } ?? response))
    }
    guard !isAsked else { return }
    counters.count(.answerAlone)
    completion(reply)
  }

  private func send(_ response: UDPTrackerResponse, to client: Endpoint) {
    let family = client.address.family
    let server = datagramServers.first { $0.endpoint.address.family == family }
    server?.send(response.bytes(family), to: client)
  }

  private static func response(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(.ok, contentType: "text/plain", body: body)
  }
}
