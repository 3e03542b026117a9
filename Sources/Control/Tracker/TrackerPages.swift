public import Accounts
import DeterministicCore
import HTTPWire
import Networking
public import Session
import Storage
public import TorrentModel

/// The pages of a private tracker on listeners and a thread of their own: one for whoever runs it, one
/// for its members. Whatever is asked of them, no announce waits for it.
public final class TrackerPages {
  public struct Configuration: Sendable {
    /// Where the admin page and API are served; `nil` for nowhere.
    public var admin: Endpoint?
    public var adminToken = ""
    /// Names that the admin listener is known by besides its address and localhost, with their ports.
    public var adminHosts: [String] = []
    /// Where members' pages are served; `nil` for nowhere.
    public var members: Endpoint?
    public var accounts: AccountsPlace

    public init(accounts: AccountsPlace) { self.accounts = accounts }
  }

  /// Where the pages are, once they are served.
  public struct Places: Sendable {
    public var admin: Endpoint?
    public var members: Endpoint?
  }

  private enum Order {
    case stop
  }

  private let orders: Mailbox<Order>
  private let thread: WorkerThread
  public let places: Places

  /// Binds the listeners and starts to serve.
  public init(
    _ configuration: Configuration, monitor: TrackerMonitor, followed: FollowedRevision
  ) throws(AccountsError) {
    let orders: Mailbox<Order>
    let begun: Mailbox<Result<Places, AccountsError>>
    do {
      orders = try Mailbox()
      begun = try Mailbox()
    } catch {
      throw AccountsError(.system(error.code), on: error.operation)
    }
    let thread = WorkerThread(name: "shoal-pages") {
      Self.run(configuration, monitor, followed, orders, begun)
    }
    guard let thread else { throw AccountsError(.system(11), on: "a thread for the pages") }
    let outcome = Self.wait(for: begun)
    do {
      places = try outcome.get()
    } catch {
      thread.join()
      throw error
    }
    self.thread = thread
    self.orders = orders
  }

  /// Ends the service. To be called once.
  public func close() {
    orders.send(.stop)
    thread.join()
  }

  /// A loop for one message: this thread has nothing to do before.
  private static func wait(
    for begun: Mailbox<Result<Places, AccountsError>>
  ) -> Result<Places, AccountsError> {
    var outcome: Result<Places, AccountsError>?
    do {
      let reactor = try Reactor()
      try reactor.read(begun) { messages in
        outcome = messages.first
        reactor.stop()
      }
      try reactor.run()
    } catch {
      return .failure(AccountsError(.system(error.code), on: error.operation))
    }
    return outcome ?? .failure(AccountsError(.system(0), on: "the pages"))
  }

  private static func run(
    _ configuration: Configuration, _ monitor: TrackerMonitor, _ followed: FollowedRevision,
    _ orders: Mailbox<Order>, _ begun: Mailbox<Result<Places, AccountsError>>
  ) {
    do {
      let reactor = try Reactor()
      let accounts = try AccountStore(at: configuration.accounts)
      var servers: [HTTPServer] = []
      var places = Places()
      var admin: AdminListener?
      if let endpoint = configuration.admin {
        let listener = AdminListener(configuration, accounts, monitor, followed, on: reactor)
        try listener.server.listen(on: endpoint)
        places.admin = listener.server.listeningOn.first
        listener.open(at: places.admin ?? endpoint, configuration)
        servers.append(listener.server)
        admin = listener
      }
      if let endpoint = configuration.members {
        let site = MemberSite(accounts: accounts, monitor: monitor)
        let server = HTTPServer(on: reactor) { request, _ in site.respond(to: request) }
        try server.listen(on: endpoint)
        places.members = server.listeningOn.first
        servers.append(server)
      }
      begun.send(.success(places))
      try reactor.read(orders) { _ in reactor.stop() }
      try reactor.run()
      admin?.close()
      for server in servers { server.close() }
    } catch let error as AccountsError {
      begun.send(.failure(error))
    } catch let error as NetworkError {
      begun.send(
        .failure(AccountsError(.system(error.code), on: "\(error.operation) \(error.subject)")))
    } catch {
      begun.send(.failure(AccountsError(.system(0), on: "\(error)")))
    }
  }
}

/// The admin page and API of one listener, and those who watch it live.
private final class AdminListener {
  private(set) var server: HTTPServer! = nil
  private let reactor: Reactor
  private let accounts: AccountStore
  private let monitor: TrackerMonitor
  private let followed: FollowedRevision
  private var gate: AdminGate?
  private var streams: [HTTPEventStream] = []
  private var previous: TrackerStatus?

  private static let eventInterval = TimeSpan.seconds(1)
  private static let mostStreams = 32

  init(
    _ configuration: TrackerPages.Configuration, _ accounts: AccountStore,
    _ monitor: TrackerMonitor, _ followed: FollowedRevision, on reactor: Reactor
  ) {
    self.reactor = reactor
    self.accounts = accounts
    self.monitor = monitor
    self.followed = followed
    var limits = HTTPServerLimits()
    limits.request.body = Metainfo.longestDocument
    limits.mostConnections = 256
    limits.mostPendingBytes = 4 << 20
    server = HTTPServer(on: reactor, limits: limits) { [unowned self] request, _ in
      respond(to: request)
    }
    server.eventHandler = { [unowned self] request, _ in stream(for: request) }
  }

  /// Takes requests from now on, by the names that the listener is known by.
  func open(at endpoint: Endpoint, _ configuration: TrackerPages.Configuration) {
    gate = AdminGate(
      hosts: ["\(endpoint)", "localhost:\(endpoint.port)"] + configuration.adminHosts,
      token: configuration.adminToken)
    previous = try? status()
    schedule()
  }

  func close() { for stream in streams { stream.close() } }

  private func status() throws(AccountsError) -> TrackerStatus {
    TrackerStatus(monitor, try accounts.totals(), at: Reactor.clock, after: previous)
  }

  private func respond(to request: HTTPRequest) -> HTTPResponse {
    guard let gate else { return .error(.serviceUnavailable, "not yet") }
    if let response = gate.strangeness(of: request) { return response }
    let path = String(decoding: request.path, as: UTF8.self)
    if request.method == "GET" || request.method == "HEAD", let page = AdminAPI.openPage(path) {
      return page
    }
    guard gate.hasToken(request) else {
      var response = HTTPResponse.error(.unauthorized, "the token is missing or wrong")
      response.addHeader("WWW-Authenticate", "Bearer")
      return response
    }
    let api = AdminAPI(accounts: accounts, monitor: monitor, followed: followed) {
      [self] () throws(AccountsError) in try status()
    }
    return api.respond(to: request)
  }

  private func stream(for request: HTTPRequest) -> HTTPEventStream? {
    streams.removeAll { !$0.isOpen }
    guard request.isFor("/api/v1/events"), request.method == "GET", let gate,
      gate.strangeness(of: request) == nil, gate.hasToken(request),
      streams.count < Self.mostStreams
    else { return nil }
    let stream = HTTPEventStream(
      contentType: "text/event-stream",
      headers: [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
    streams.append(stream)
    return stream
  }

  private func schedule() {
    reactor.schedule(after: Self.eventInterval) { [weak self] in
      guard let self else { return }
      self.tick()
      self.schedule()
    }
  }

  private func tick() {
    guard let status = try? status() else { return }
    previous = status
    streams.removeAll { !$0.isOpen }
    guard !streams.isEmpty else { return }
    let event = "data: \(status.json.text)\n\n"
    for stream in streams { stream.send(event) }
  }
}
