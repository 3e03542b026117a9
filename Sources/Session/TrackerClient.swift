import DeterministicCore
import Networking
import SwarmLogic
import TorrentModel
import TrackerWire

/// Makes announces for all torrents of a session: HTTP and HTTPS through libcurl, UDP from sockets
/// of its own.
///
/// The invariant: each announce is answered through its completion exactly once.
final class TrackerClient {
  typealias Completion = (Result<Answer, AnnounceFault>) -> Void

  /// A reply, and the address it came from, which decides what it may name.
  struct Answer {
    let reply: AnnounceReply
    let tracker: Endpoint
  }

  /// Why there was no answer that could be read.
  struct AnnounceFault: Error {
    let reason: String
  }

  private let reactor: Reactor
  private let http: HTTPClient
  /// Datagrams would go past the proxy, so none are sent.
  private let isProxied: Bool
  private let sourceAddress: Address?
  private let lookUp: (String, UInt16, @escaping ([Endpoint]) -> Void) -> Void
  private var generator: SeededGenerator
  private var sockets: [AddressFamily: DatagramSocket] = [:]
  private var exchanges: [UInt64: UDPAnnounce] = [:]
  private var nextExchange: UInt64 = 0
  private var connections: [Endpoint: UDPAnnounceExchange.Connection] = [:]

  /// Trackers whose connection ID is kept.
  private static let mostConnections = 1000

  init(
    on reactor: Reactor, http: HTTPClient, isProxied: Bool = false, from sourceAddress: Address?,
    generator: SeededGenerator,
    lookUp: @escaping (String, UInt16, @escaping ([Endpoint]) -> Void) -> Void
  ) {
    self.reactor = reactor
    self.sourceAddress = sourceAddress
    self.generator = generator
    self.lookUp = lookUp
    self.http = http
    self.isProxied = isProxied
  }

  /// - Parameter origin: who named the URL, and with that where it may lead.
  /// - Parameter patience: how long the whole announce may take.
  func announce(
    _ request: AnnounceRequest, to url: TrackerURL, namedBy origin: RequestOrigin,
    patience: TimeSpan, completion: @escaping Completion
  ) {
    if url.scheme == .udp, isProxied {
      let fault = AnnounceFault(reason: "not asked: UDP does not go through the proxy")
      reactor.schedule(after: .zero) { completion(.failure(fault)) }
    } else if url.scheme == .udp {
      lookUp(url.host, url.port) { [weak self] endpoints in
        let allowed = endpoints.filter { origin.mayRequest($0, for: url.purpose) }
        if allowed.isEmpty, let refused = endpoints.first {
          return completion(
            .failure(AnnounceFault(reason: origin.refusal(of: refused, for: url.purpose))))
        }
        self?.announceByUDP(request, url, allowed, patience, completion)
      }
    } else {
      announceByHTTP(request, url, origin, patience, completion)
    }
  }

  private func announceByHTTP(
    _ request: AnnounceRequest, _ url: TrackerURL, _ origin: RequestOrigin, _ patience: TimeSpan,
    _ completion: @escaping Completion
  ) {
    var fetch = HTTPFetch(url: url.appending(query: request.query), namedBy: origin)
    fetch.purpose = url.purpose
    fetch.longestBody = TrackerLimits.longestResponse
    fetch.deadline = patience
    fetch.sourceAddress = sourceAddress.map { "\($0)" }
    http.get(fetch) { outcome in
      switch outcome {
      case .failed(let reason):
        completion(.failure(AnnounceFault(reason: reason)))
      case .response(let status, let body, let tracker):
        do {
          // Trackers send their failure reason with any status.
          let reply = try HTTPTrackerCodec.decodeAnnounceReply(body)
          completion(.success(Answer(reply: reply, tracker: tracker)))
        } catch {
          let reason =
            status == 200 ? "not a tracker's answer: \(error)" : "the server answered \(status)"
          completion(.failure(AnnounceFault(reason: reason)))
        }
      }
    }
  }

  // MARK: UDP

  /// One exchange under way. A class, since its timer and the socket both reach it.
  private final class UDPAnnounce {
    var exchange: UDPAnnounceExchange
    let endpoint: Endpoint
    let endsAt: Moment
    let completion: Completion
    var timer: SlabID?

    init(
      _ exchange: UDPAnnounceExchange, to endpoint: Endpoint, endsAt: Moment,
      completion: @escaping Completion
    ) {
      self.exchange = exchange
      self.endpoint = endpoint
      self.endsAt = endsAt
      self.completion = completion
    }
  }

  private func announceByUDP(
    _ request: AnnounceRequest, _ url: TrackerURL, _ endpoints: [Endpoint], _ patience: TimeSpan,
    _ completion: @escaping Completion
  ) {
    // IPv4 first: that is where a tracker of one family most likely is.
    let usable = endpoints.filter { sourceAddress?.isV4 ?? $0.address.isV4 == $0.address.isV4 }
    guard let endpoint = usable.first(where: \.address.isV4) ?? usable.first ?? endpoints.first
    else {
      return completion(.failure(AnnounceFault(reason: "the host name is not known")))
    }
    do {
      try openSocket(for: endpoint)
    } catch {
      return completion(.failure(AnnounceFault(reason: "\(error)")))
    }
    let exchange = UDPAnnounceExchange(
      request, urlData: url.urlData, family: endpoint.address.family,
      connection: connections[endpoint], generator: SeededGenerator(seed: generator.next()),
      at: reactor.now)
    nextExchange += 1
    exchanges[nextExchange] = UDPAnnounce(
      exchange, to: endpoint, endsAt: reactor.now + patience, completion: completion)
    step(nextExchange)
  }

  private func openSocket(for endpoint: Endpoint) throws(NetworkError) {
    let family = endpoint.address.family
    guard sockets[family] == nil else { return }
    let any: Address = family == .v4 ? .v4(0) : .v6(high: 0, low: 0)
    let local = sourceAddress.flatMap { $0.family == family ? $0 : nil } ?? any
    sockets[family] = try DatagramSocket(on: Endpoint(local, port: 0), reactor: reactor) {
      [weak self] bytes, sender in self?.receive(bytes, from: sender)
    }
  }

  private func step(_ id: UInt64) {
    guard let announce = exchanges[id] else { return }
    announce.timer = nil
    if reactor.now >= announce.endsAt {
      return finish(id, .failure(AnnounceFault(reason: "no answer in time")))
    }
    if let step = announce.exchange.step(at: reactor.now) { perform(step, id) }
    guard exchanges[id] != nil else { return }
    let wakeAt = min(announce.exchange.deadline, announce.endsAt)
    announce.timer = reactor.schedule(at: wakeAt) { [weak self] in self?.step(id) }
  }

  private func perform(_ step: UDPAnnounceExchange.Step, _ id: UInt64) {
    guard let announce = exchanges[id] else { return }
    switch step {
    case .send(let bytes):
      sockets[announce.endpoint.address.family]?.send(bytes, to: announce.endpoint)
    case .finished(let reply):
      finish(id, .success(Answer(reply: reply, tracker: announce.endpoint)))
    case .timedOut: finish(id, .failure(AnnounceFault(reason: "no answer")))
    }
  }

  private func receive(_ bytes: [UInt8], from sender: Endpoint) {
    // A tracker has few announces of ours under way at once.
    for id in exchanges.keys.sorted() where exchanges[id]?.endpoint == sender {
      guard let announce = exchanges[id] else { continue }
      let next = announce.exchange.receive(bytes.span.bytes, at: reactor.now)
      if let connection = announce.exchange.connection {
        if connections.count >= Self.mostConnections { connections.removeAll() }
        connections[sender] = connection
      }
      if let next {
        perform(next, id)
        return
      }
    }
  }

  private func finish(_ id: UInt64, _ outcome: Result<Answer, AnnounceFault>) {
    guard let announce = exchanges.removeValue(forKey: id) else { return }
    if let timer = announce.timer { reactor.cancelTimer(timer) }
    announce.completion(outcome)
  }
}
