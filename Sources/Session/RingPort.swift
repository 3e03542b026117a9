import ChordLogic
import ChordWire
import DeterministicCore
import Networking
import TorrentModel

/// The UDP sockets on a session's port, and the rings behind them.
///
/// The invariant: of what arrives from one address, only so much is even read as a message, so that
/// a flood costs little more than taking it from the kernel.
final class RingPort: DatagramResponder {
  private let reactor: Reactor
  private var servers: [DatagramServer] = []
  /// Found by the tag in a datagram; there are few.
  var services: [ChordService] = []
  private var limits = AddressLimits(perSecond: perSecond, burst: burst)
  private(set) var flooded: UInt64 = 0
  private(set) var malformed: UInt64 = 0

  /// Twenty times what the gate lets one address ask in a second, for there are answers, too.
  private static let perSecond = 1000.0
  private static let burst = 4000.0

  init(on reactor: Reactor) { self.reactor = reactor }

  func open(on endpoint: Endpoint) throws(NetworkError) {
    servers.append(
      try DatagramServer(
        on: endpoint, reactor: reactor, longestReply: SealedDatagram.longest, responder: self))
  }

  func close() {
    for server in servers { server.close() }
    servers = []
  }

  /// Whether there is a socket of the address's family.
  func reaches(_ address: Address) -> Bool { server(for: address) != nil }

  private func server(for address: Address) -> DatagramServer? {
    servers.first { $0.endpoint.address.isV4 == address.isV4 }
  }

  func send(_ bytes: [UInt8], to endpoint: Endpoint) {
    server(for: endpoint.address)?.send(bytes, to: endpoint)
  }

  func beginBatch() {}

  func answer(_ request: RawSpan, from source: Endpoint, into reply: inout OutputRawSpan) {
    guard limits.admits(source.address.subscriber, at: reactor.now) else {
      flooded += 1
      return
    }
    let bytes = request.withUnsafeBytes { Array($0) }
    if let sealed = SealedDatagram(datagram: bytes) {
      let service = services.first { $0.tag == sealed.ring }
      if service == nil { malformed += 1 }
      service?.receive(sealed, length: bytes.count, from: source)
      return
    }
    do throws(ChordWireError) {
      let message = try ChordMessage(datagram: bytes)
      // A ring that is not here is told of by one that is.
      let service = services.first { $0.tag == message.ring } ?? services.first
      service?.receive(message, length: bytes.count, from: source)
    } catch {
      malformed += 1
      guard let answer = error.reply, answer.count <= 3 * bytes.count else { return }
      for byte in answer { reply.append(byte) }
    }
  }
}
