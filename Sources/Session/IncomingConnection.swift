import DeterministicCore
import Glibc
import Networking
import PeerWire
import TorrentModel

/// A connection of which it is not known yet who is at the other end: a peer, whose handshake names
/// a torrent, or a browser or client that speaks HTTP on the same port.
///
/// The invariant: it holds at most a handshake's bytes, and ends by its deadline whatever the other
/// end does, so a thousand of them that say nothing cost a thousand descriptors until then.
final class IncomingConnection: ReadinessHandler {
  enum Outcome {
    case peer(Handshake)
    /// Not a handshake: the bytes read so far.
    case other([UInt8])
    case nothing
  }

  let endpoint: Endpoint
  /// Its name among the others, given by them.
  var id: SlabID?
  private let reactor: Reactor
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var timer: SlabID?
  private var bytes: [UInt8] = []
  private let finished: (IncomingConnection, consuming FileDescriptor, Outcome) -> Void

  init(
    _ socket: consuming FileDescriptor, from endpoint: Endpoint, within deadline: TimeSpan,
    reactor: Reactor,
    finished: @escaping (IncomingConnection, consuming FileDescriptor, Outcome) -> Void
  ) throws(NetworkError) {
    self.endpoint = endpoint
    self.reactor = reactor
    self.finished = finished
    let number = socket.number
    self.socket = consume socket
    registration = try reactor.register(number, for: .readable, handler: self)
    timer = reactor.schedule(after: deadline) { [weak self] in self?.finish(.nothing) }
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
    guard let socket = letGo() else { return }
    finished(self, socket, outcome)
  }

  /// Ends the connection; nobody is told.
  func close() { _ = letGo() }

  private func letGo() -> FileDescriptor? {
    guard let socket = socket.take() else { return nil }
    if let registration { reactor.deregister(registration) }
    if let timer { reactor.cancelTimer(timer) }
    return socket
  }
}
