import CLinux
import DeterministicCore
import Glibc
public import TorrentModel

/// A listening TCP socket that hands every accepted connection to its owner.
///
/// Out of descriptors, it asks its owner for one, and where there is none pauses for a second
/// instead of spinning: the connections wait in the kernel's backlog meanwhile.
public final class Listener: ReadinessHandler {
  private let reactor: Reactor
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private let accepted: (consuming FileDescriptor, Endpoint) -> Void
  private let makesRoom: () -> Bool

  /// The address and port in fact bound, also where port 0 asked for any.
  public let endpoint: Endpoint

  /// Connections taken in one turn; the rest wait for the next.
  private static let acceptsPerTurn = 64
  private static let backlog: Int32 = 1024
  private static let pauseWhenExhausted = TimeSpan.seconds(1)

  /// - Parameters:
  ///   - waitsForData: whether a connection is handed over with its first bytes; one that sends none
  ///     is a second or so later.
  ///   - makesRoom: closes what can be spared and returns whether there was anything.
  public init(
    on endpoint: Endpoint, sharing: PortSharing = .none, waitsForData: Bool = false,
    reactor: Reactor,
    makesRoom: @escaping () -> Bool = { false },
    accepted: @escaping (consuming FileDescriptor, Endpoint) -> Void
  ) throws(NetworkError) {
    self.reactor = reactor
    self.makesRoom = makesRoom
    self.accepted = accepted
    let number = shoal_socket_stream(endpoint.family)
    guard number >= 0 else { throw NetworkError("socket") }
    socket = FileDescriptor(owning: number)
    _ = shoal_socket_set_reuse_address(number)
    if !endpoint.address.isV4 { _ = shoal_socket_set_v6_only(number) }
    // Accepted connections inherit what is set here, at no cost for each.
    StreamSocket.tune(number)
    if waitsForData { _ = shoal_socket_set_defer_accept(number, 1) }
    guard sharing.bind(number, to: endpoint), listen(number, Self.backlog) == 0 else {
      throw NetworkError("listen on", on: "\(endpoint)")
    }
    self.endpoint = StreamSocket.localEndpoint(of: number) ?? endpoint
    registration = try reactor.register(number, for: .readable, handler: self)
  }

  /// Accepts on a socket that somebody else has bound and listens at.
  public init(
    adopting socket: consuming FileDescriptor, reactor: Reactor,
    accepted: @escaping (consuming FileDescriptor, Endpoint) -> Void
  ) throws(NetworkError) {
    self.reactor = reactor
    makesRoom = { false }
    self.accepted = accepted
    let number = socket.number
    guard let endpoint = StreamSocket.localEndpoint(of: number) else {
      throw NetworkError("take over a listener", code: EAFNOSUPPORT)
    }
    StreamSocket.tune(number)
    self.endpoint = endpoint
    self.socket = consume socket
    registration = try reactor.register(number, for: .readable, handler: self)
  }

  /// Gives the port back at once; nothing is accepted afterwards.
  public func close() {
    if let registration { reactor.deregister(registration) }
    registration = nil
    socket = nil
  }

  public func becameReady(_ readiness: Readiness) {
    for _ in 0..<Self.acceptsPerTurn {
      // The owner may close the listener when it is handed a connection.
      guard let listening = socket?.number else { return }
      var address = SocketAddress()
      let number = address.withMutablePointer { shoal_accept(listening, $0, $1) }
      if number < 0 {
        let isExhausted = [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno)
        if isExhausted, makesRoom() { continue }
        if isExhausted { pause() }
        // Anything else is the connection's trouble (ECONNABORTED) or means there is no more.
        return
      }
      let connection = FileDescriptor(owning: number)
      guard let peer = address.endpoint else { continue }
      accepted(connection, peer)
    }
  }

  private func pause() {
    guard let registration else { return }
    reactor.change(registration, to: [])
    reactor.schedule(after: Self.pauseWhenExhausted) { [weak self] in
      guard let self, let registration = self.registration else { return }
      self.reactor.change(registration, to: .readable)
    }
  }
}
