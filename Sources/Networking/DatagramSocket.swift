import CLinux
import DeterministicCore
import Glibc
public import TorrentModel

/// A UDP socket whose datagrams are handed over as they come.
public final class DatagramSocket: ReadinessHandler {
  private let reactor: Reactor
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private let received: ([UInt8], Endpoint) -> Void

  /// The endpoint in fact bound.
  public let endpoint: Endpoint

  /// Datagrams taken in one turn.
  private static let datagramsPerTurn = 64
  /// The longest datagram read; what is longer is cut, and no protocol here has it.
  private static let longestDatagram = 4096

  public init(
    on endpoint: Endpoint, reactor: Reactor, received: @escaping ([UInt8], Endpoint) -> Void
  ) throws(NetworkError) {
    self.reactor = reactor
    self.received = received
    let number = shoal_socket_datagram(endpoint.family)
    guard number >= 0 else { throw NetworkError("socket", code: errno) }
    socket = FileDescriptor(owning: number)
    // Whoever else on this machine is a member of the group listens on the same port.
    if endpoint.address.isMulticast { _ = shoal_socket_set_reuse_address(number) }
    if !endpoint.address.isV4 { _ = shoal_socket_set_v6_only(number) }
    guard SocketAddress(endpoint).withPointer({ bind(number, $0, $1) }) == 0 else {
      throw NetworkError("bind UDP port", on: "\(endpoint)", code: errno)
    }
    self.endpoint = StreamSocket.localEndpoint(of: number) ?? endpoint
    registration = try reactor.register(number, for: .readable, handler: self)
  }

  /// Takes what is sent to the group that the socket is bound to on one of the machine's interfaces.
  /// Returns whether that can be had there.
  public func joinGroup(on interface: UInt32) -> Bool {
    guard let number = socket?.number else { return false }
    return shoal_socket_join_group(
      number, endpoint.family, endpoint.address.bytes, interface) == 0
  }

  /// Sends a datagram to the group on one interface.
  ///
  /// - Parameter source: the address of the interface that it comes from; by default its first.
  public func sendToGroup(_ bytes: [UInt8], on interface: UInt32, from source: Address? = nil) {
    guard let number = socket?.number,
      shoal_socket_send_group_from(number, endpoint.family, interface, source?.bytes) == 0
    else { return }
    send(bytes, to: endpoint)
  }

  /// Sends a datagram. One that the network does not take now is lost, as any may be.
  public func send(_ bytes: [UInt8], to endpoint: Endpoint) {
    guard let number = socket?.number else { return }
    _ = SocketAddress(endpoint).withPointer { address, length in
      bytes.withUnsafeBytes { sendto(number, $0.baseAddress, $0.count, 0, address, length) }
    }
  }

  /// Gives the port back at once; nothing is received or sent afterwards.
  public func close() {
    if let registration { reactor.deregister(registration) }
    registration = nil
    socket = nil
  }

  public func becameReady(_ readiness: Readiness) {
    for _ in 0..<Self.datagramsPerTurn {
      // The owner may close the socket when it is handed a datagram.
      guard let number = socket?.number else { return }
      var address = SocketAddress()
      var count = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: Self.longestDatagram) { buffer, filled in
        count = address.withMutablePointer { storage, length in
          storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            recvfrom(number, buffer.baseAddress, buffer.count, 0, $0, length)
          }
        }
        filled = max(0, count)
      }
      if count < 0 {
        // An earlier datagram's refusal (ECONNREFUSED) is reported here and says nothing of later.
        if errno == EAGAIN || errno == ENOMEM || errno == EBADF { return }
        continue
      }
      if let sender = address.endpoint { received(bytes, sender) }
    }
  }
}
