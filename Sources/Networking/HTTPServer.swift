public import DeterministicCore
public import HTTPWire
public import TorrentModel

/// What one HTTP server lets its clients cost.
public struct HTTPServerLimits: Sendable {
  public var request = HTTPRequestParser.Limits()
  /// From the first byte of a request, or the connection, to the request's last byte.
  public var requestDeadline = TimeSpan.seconds(10)
  /// Between requests on a connection that is kept.
  public var idleDeadline = TimeSpan.seconds(60)
  /// In which the client takes nothing of an answer.
  public var writeDeadline = TimeSpan.seconds(30)
  /// In which nothing is sent on an answer without an end.
  public var streamDeadline = TimeSpan.minutes(2)
  public var mostConnections = 4096
  /// From one address: browsers open six, a proxy or a household a few dozen.
  public var mostConnectionsPerAddress = 64
  /// Bytes of answers that may wait on a connection before no further request is read from it.
  public var mostPendingBytes = 256 << 10

  public init() {}
}

/// An HTTP/1.1 server on a reactor: connections in, one handler for all requests, answers out in
/// order.
///
/// The invariant: every connection in `connections` is registered with the reactor and has a
/// deadline, so whatever a client does or leaves undone, its place becomes free again.
public final class HTTPServer {
  public typealias Handler = (HTTPRequest, Endpoint) -> HTTPResponse

  public let limits: HTTPServerLimits
  let reactor: Reactor
  let handler: Handler
  /// Asked first: answers some requests with bodies that follow by and by.
  public var streamer: ((HTTPRequest, Endpoint) -> HTTPStreamedResponse?)?
  /// Asked before that: answers some requests with events, without an end.
  public var eventHandler: ((HTTPRequest, Endpoint) -> HTTPEventStream?)?
  private var listeners: [Listener] = []
  private var connections: [ObjectIdentifier: HTTPServerConnection] = [:]
  private var perAddress: [Address: Int] = [:]

  public init(
    on reactor: Reactor, limits: HTTPServerLimits = HTTPServerLimits(),
    handler: @escaping Handler
  ) {
    self.reactor = reactor
    self.limits = limits
    self.handler = handler
  }

  /// Connections open now.
  public var connectionCount: Int { connections.count }

  public var listeningOn: [Endpoint] { listeners.map(\.endpoint) }

  public func listen(
    on endpoint: Endpoint, sharing: PortSharing = .none
  ) throws(NetworkError) {
    let listener = try Listener(on: endpoint, sharing: sharing, reactor: reactor) {
      [unowned self] socket, client in take(socket, from: client)
    }
    listeners.append(listener)
  }

  /// Serves a connection accepted elsewhere.
  ///
  /// - Parameter prefix: what has been read of it already.
  public func take(
    _ socket: consuming FileDescriptor, from client: Endpoint, prefix: [UInt8] = []
  ) {
    let address = client.address
    guard connections.count < limits.mostConnections,
      perAddress[address, default: 0] < limits.mostConnectionsPerAddress,
      let connection = try? HTTPServerConnection(socket, from: client, server: self)
    else { return }
    connections[ObjectIdentifier(connection)] = connection
    perAddress[address, default: 0] += 1
    connection.begin(with: prefix)
  }

  func forget(_ connection: HTTPServerConnection) {
    let address = connection.client.address
    guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    let left = perAddress[address, default: 1] - 1
    perAddress[address] = left > 0 ? left : nil
  }

  public func close() {
    for listener in listeners { listener.close() }
    listeners = []
    for connection in connections.values { connection.close() }
  }
}
