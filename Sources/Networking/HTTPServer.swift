public import DeterministicCore
import Glibc
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
  /// Asked before both: promises to answer some requests, and returns whether this is one.
  public var deferrer: ((HTTPRequest, Endpoint, HTTPPromise) -> Bool)?
  /// Asked first of all, for plain requests; outlives the server or takes itself away.
  public unowned var plainResponder: (any PlainResponder)?
  private let exchange = PlainExchange()
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

  /// Bytes of the body of a plain answer.
  public static var longestPlainBody: Int { PlainExchange.longestBody }

  /// - Parameter waitsForData: whether the kernel hands a connection over with its first bytes, which
  ///   saves a look at one that has sent nothing yet.
  public func listen(
    on endpoint: Endpoint, sharing: PortSharing = .none, waitsForData: Bool = false
  ) throws(NetworkError) {
    let listener = try Listener(
      on: endpoint, sharing: sharing, waitsForData: waitsForData, reactor: reactor
    ) {
      [unowned self] socket, client in serve(socket, from: client)
    }
    listeners.append(listener)
  }

  /// Serves at a socket that somebody else has bound and listens at.
  public func adopt(_ socket: consuming FileDescriptor) throws(NetworkError) {
    let listener = try Listener(adopting: socket, reactor: reactor) {
      [unowned self] socket, client in serve(socket, from: client)
    }
    listeners.append(listener)
  }

  /// Begins to serve a connection. One whose only request is here already, whole and plain, is over
  /// before it would be anybody's to keep.
  private func serve(_ socket: consuming FileDescriptor, from client: Endpoint) {
    guard plainResponder != nil else { return take(socket, from: client) }
    let count = recv(socket.number, exchange.received.baseAddress, exchange.received.count, 0)
    guard count != 0 else { return }
    guard count > 0 else {
      guard errno == EAGAIN || errno == EINTR else { return }
      return take(socket, from: client)
    }
    let bytes = UnsafeRawBufferPointer(rebasing: exchange.received[..<count])
    let progress = servePlain(bytes, from: client, on: socket.number)
    if hasEnded(progress, bytes) { return }
    let rest = bytes[progress.served...]
    keep(socket, from: client) { $0.begin(after: progress, with: Array(rest)) }
  }

  /// Reads from a connection into memory that is good until the next read of any.
  ///
  /// - Returns: `nil` where the connection is at its end or broken; nothing where it is not ready.
  func receive(from number: Int32) -> UnsafeRawBufferPointer? {
    let count = recv(number, exchange.received.baseAddress, exchange.received.count, 0)
    if count > 0 { return UnsafeRawBufferPointer(rebasing: exchange.received[..<count]) }
    guard count < 0, errno == EAGAIN || errno == EINTR else { return nil }
    return UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Answers plain requests one after another, for as long as they are plain and the kernel takes the
  /// answers whole.
  func servePlain(
    _ bytes: UnsafeRawBufferPointer, from client: Endpoint, on number: Int32
  ) -> PlainProgress {
    var progress = PlainProgress()
    guard let plainResponder else { return progress }
    while progress.served < bytes.count, !progress.isLast, progress.unsent.isEmpty {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[progress.served...])
      guard
        let (request, reply) = exchange.answer(
          rest, from: client, limits: limits.request, by: plainResponder)
      else { break }
      progress.served += request.length
      progress.isLast = !request.keepsAlive
      // What is closed right after it goes out in one packet with the end of the connection.
      let isEnd = progress.isLast && progress.served == bytes.count && isWhole(bytes)
      let sent = send(
        number, reply.baseAddress, reply.count,
        Int32(MSG_NOSIGNAL) | (isEnd ? Int32(MSG_MORE) : 0))
      if sent < 0, errno != EAGAIN, errno != EINTR {
        progress.isBroken = true
        break
      }
      if sent < reply.count { progress.unsent = Array(reply[max(0, sent)...]) }
    }
    return progress
  }

  /// Whether a connection can be closed on the spot. One that sent more than its last request is not:
  /// the reset that follows could overtake the answer.
  func hasEnded(_ progress: PlainProgress, _ bytes: UnsafeRawBufferPointer) -> Bool {
    progress.isBroken
      || progress.isLast && progress.unsent.isEmpty && progress.served == bytes.count
        && isWhole(bytes)
  }

  /// Whether a read was given all there was.
  private func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count < exchange.received.count
  }

  /// Serves a connection accepted elsewhere.
  ///
  /// - Parameter prefix: what has been read of it already.
  public func take(
    _ socket: consuming FileDescriptor, from client: Endpoint, prefix: [UInt8] = []
  ) {
    keep(socket, from: client) { $0.begin(after: PlainProgress(), with: prefix) }
  }

  /// - Parameter begin: called where there is a place for the connection.
  private func keep(
    _ socket: consuming FileDescriptor, from client: Endpoint,
    begin: (HTTPServerConnection) -> Void
  ) {
    let address = client.address
    guard connections.count < limits.mostConnections,
      perAddress[address, default: 0] < limits.mostConnectionsPerAddress,
      let connection = try? HTTPServerConnection(socket, from: client, server: self)
    else { return }
    connections[ObjectIdentifier(connection)] = connection
    perAddress[address, default: 0] += 1
    begin(connection)
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
