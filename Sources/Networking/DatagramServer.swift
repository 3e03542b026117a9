import CLinux
import DeterministicCore
import Glibc
public import TorrentModel

/// Whoever answers the datagrams of a `DatagramServer`. Called on its loop's thread only.
public protocol DatagramResponder: AnyObject {
  /// Called once before the datagrams of a batch, which count as arriving together.
  func beginBatch()

  /// Writes the answer to a datagram, or nothing where silence is better.
  ///
  /// - Parameter reply: empty, with room for the server's `longestReply` bytes.
  func answer(_ request: RawSpan, from source: Endpoint, into reply: inout OutputRawSpan)
}

/// A UDP socket whose datagrams are answered on the spot, many to a system call: `recvmmsg`, an
/// answer written beside each request, `sendmmsg`. Nothing is allocated for a datagram. Datagrams
/// that answer nothing gather until the turn of the loop ends and leave in the same way.
public final class DatagramServer: ReadinessHandler, TurnEndHandler {
  private let reactor: Reactor
  private unowned let responder: any DatagramResponder
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private let batch: OpaquePointer
  private let longestReply: Int
  /// What is sent at the end of the turn; nil until something is.
  private var outgoing: OpaquePointer?
  private var isSendingAtTurnEnd = false

  /// The endpoint in fact bound.
  public let endpoint: Endpoint

  /// Datagrams of one system call, and batches of one turn of the loop.
  private static let batchCapacity: UInt32 = 64
  private static let batchesPerTurn = 8
  /// Longer datagrams than an Ethernet frame holds are no request of a tracker's client.
  private static let longestRequest = 2048
  /// What may wait in the kernel while a turn of the loop serves others, in bytes.
  private static let receiveBuffer: Int32 = 4 << 20

  /// - Parameters:
  ///   - longestReply: bytes.
  ///   - sharing: how the port is shared with sockets of other threads, over which the kernel then
  ///     spreads the clients.
  public convenience init(
    on endpoint: Endpoint, sharing: PortSharing = .none, reactor: Reactor, longestReply: Int,
    responder: any DatagramResponder
  ) throws(NetworkError) {
    let number = shoal_socket_datagram(endpoint.family)
    guard number >= 0 else { throw NetworkError("socket") }
    let socket = FileDescriptor(owning: number)
    if !endpoint.address.isV4 { _ = shoal_socket_set_v6_only(number) }
    _ = shoal_socket_set_receive_buffer(number, Self.receiveBuffer)
    guard sharing.bind(number, to: endpoint) else {
      throw NetworkError("bind UDP port", on: "\(endpoint)")
    }
    try self.init(
      adopting: socket, at: endpoint, reactor: reactor, longestReply: longestReply,
      responder: responder)
  }

  /// Serves at a socket that is bound.
  ///
  /// - Parameter endpoint: where, unless the socket tells.
  public init(
    adopting socket: consuming FileDescriptor, at endpoint: Endpoint, reactor: Reactor,
    longestReply: Int, responder: any DatagramResponder
  ) throws(NetworkError) {
    let number = socket.number
    guard
      let batch = shoal_datagram_batch_create(
        Self.batchCapacity, Self.longestRequest, longestReply)
    else { throw NetworkError("allocate datagrams", code: ENOMEM) }
    self.batch = batch
    self.reactor = reactor
    self.responder = responder
    self.longestReply = longestReply
    self.endpoint = StreamSocket.localEndpoint(of: number) ?? endpoint
    self.socket = consume socket
    registration = try reactor.register(number, for: .readable, handler: self)
  }

  deinit {
    shoal_datagram_batch_destroy(batch)
    if let outgoing { shoal_datagram_batch_destroy(outgoing) }
  }

  /// Sends a datagram of at most `longestReply` bytes by the end of this turn. One that the network
  /// does not take then is lost, as any may be.
  public func send(_ bytes: [UInt8], to endpoint: Endpoint) {
    guard socket != nil else { return }
    if outgoing == nil {
      outgoing = shoal_datagram_batch_create(Self.batchCapacity, 1, longestReply)
    }
    guard let outgoing else { return }
    let room = SocketAddress(endpoint).withPointer { address, length in
      shoal_datagram_batch_add(outgoing, bytes, bytes.count, address, length)
    }
    if room == 0 { return turnEnded() }
    guard !isSendingAtTurnEnd else { return }
    isSendingAtTurnEnd = true
    reactor.atTurnEnd(self)
  }

  public func turnEnded() {
    isSendingAtTurnEnd = false
    guard let number = socket?.number, let outgoing else { return }
    shoal_datagram_batch_send(outgoing, number)
  }

  /// Sends what has gathered and gives the port back; nothing is received or sent afterwards.
  public func close() {
    turnEnded()
    if let registration { reactor.deregister(registration) }
    registration = nil
    socket = nil
  }

  public func becameReady(_ readiness: Readiness) {
    for _ in 0..<Self.batchesPerTurn {
      guard let number = socket?.number else { return }
      let count = shoal_datagram_batch_receive(batch, number)
      if count < 0 {
        // An earlier datagram's refusal (ECONNREFUSED) is reported here and says nothing of later.
        if errno == EAGAIN || errno == ENOMEM || errno == EBADF { return }
        continue
      }
      responder.beginBatch()
      for index in 0..<count { answer(index) }
      shoal_datagram_batch_send(batch, number)
      // Less than a whole batch: there was no more.
      if count < Self.batchCapacity { return }
    }
  }

  private func answer(_ index: Int32) {
    let datagram = shoal_datagram_batch_at(batch, index)
    guard let request = datagram.request,
      let source = SocketAddress.endpoint(
        in: UnsafeRawBufferPointer(
          start: datagram.source, count: MemoryLayout<sockaddr_storage>.size))
    else { return }
    let room = UnsafeMutableRawBufferPointer(start: datagram.reply, count: longestReply)
    var reply = OutputRawSpan(buffer: room, initializedCount: 0)
    let bytes = UnsafeRawBufferPointer(start: request, count: datagram.request_length)
    responder.answer(bytes.bytes, from: source, into: &reply)
    let length = reply.finalize(for: room)
    if length > 0 { shoal_datagram_batch_answer(batch, index, length) }
  }
}
