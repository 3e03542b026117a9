import DeterministicCore
import Glibc
import Networking
import PeerWire
import TorrentModel

/// A connection of which it is not known yet who is at the other end: a peer, whose handshake names
/// a torrent, or a browser or client that speaks HTTP on the same port.
///
/// The invariant: it holds at most a handshake's bytes, and ends by its deadline whatever the other
/// end does, so a thousand of them that say nothing cost a thousand descriptors for ten seconds.
final class IncomingConnection: ReadinessHandler {
  enum Outcome {
    case peer(Handshake)
    /// Not a handshake: the bytes read so far.
    case other([UInt8])
    case nothing
  }

  /// From the connection to a complete handshake.
  static let deadline = TimeSpan.seconds(10)

  let endpoint: Endpoint
  private let reactor: Reactor
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var timer: SlabID?
  private var bytes: [UInt8] = []
  private let finished: (IncomingConnection, consuming FileDescriptor, Outcome) -> Void

  init(
    _ socket: consuming FileDescriptor, from endpoint: Endpoint, reactor: Reactor,
    finished: @escaping (IncomingConnection, consuming FileDescriptor, Outcome) -> Void
  ) throws(NetworkError) {
    self.endpoint = endpoint
    self.reactor = reactor
    self.finished = finished
    let number = socket.number
    self.socket = consume socket
    registration = try reactor.register(number, for: .readable, handler: self)
    timer = reactor.schedule(after: Self.deadline) { [weak self] in self?.finish(.nothing) }
  }

  func becameReady(_ readiness: Readiness) {
    guard let number = socket?.number else { return }
    var buffer = [UInt8](repeating: 0, count: Handshake.length - bytes.count)
    let count = recv(number, &buffer, buffer.count, 0)
    guard count > 0 else {
      if count == 0 || (errno != EAGAIN && errno != EINTR) { finish(.nothing) }
      return
    }
    bytes.append(contentsOf: buffer.prefix(count))
    guard Handshake.isPlausible(bytes) else { return finish(.other(bytes)) }
    guard bytes.count == Handshake.length else { return }
    if let handshake = try? Handshake(bytes) { finish(.peer(handshake)) } else { finish(.nothing) }
  }

  private func finish(_ outcome: Outcome) {
    guard let socket = socket.take() else { return }
    if let registration { reactor.deregister(registration) }
    if let timer { reactor.cancelTimer(timer) }
    finished(self, socket, outcome)
  }
}
