import DeterministicCore
import Glibc
import HTTPWire
import Hashing
import Networking
import PeerWire
import SwarmLogic
import TorrentModel

/// A connection of which it is not known yet who is at the other end: a peer, whose handshake names
/// a torrent, in the open or encrypted, or a browser or client that speaks HTTP on the same port.
///
/// The invariant: it holds at most what a handshake may have, and ends by its deadline whatever the
/// other end does, so a thousand of them that say nothing cost a thousand descriptors until then. Keys
/// are computed for whoever has sent one.
final class IncomingConnection: ReadinessHandler {
  enum Outcome {
    /// With how the connection goes on, where the handshake was encrypted.
    case peer(Handshake, EncryptedStream?)
    /// HTTP: the bytes read so far.
    case other([UInt8])
    case nothing
  }

  /// Who is let in.
  struct Terms {
    var deadline: TimeSpan
    var encryption: EncryptionPolicy
    /// The torrents that an encrypted handshake may mean.
    var torrents: () -> [InfoHash]
  }

  private enum Manner {
    case unknown
    /// Encrypted, and the peer's key has not arrived whole.
    case awaitingKey
    case agreeing(EncryptionResponder)
    case encrypted(EncryptedStream)
  }

  let endpoint: Endpoint
  /// Its name among the others, given by them.
  var id: SlabID?
  private let terms: Terms
  private let reactor: Reactor
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var timer: SlabID?
  private var manner = Manner.unknown
  /// What has been read of a handshake, of a key or of HTTP, decrypted.
  private var bytes: [UInt8] = []
  private let finished: (IncomingConnection, consuming FileDescriptor, Outcome) -> Void

  init(
    _ socket: consuming FileDescriptor, from endpoint: Endpoint, on terms: Terms, reactor: Reactor,
    finished: @escaping (IncomingConnection, consuming FileDescriptor, Outcome) -> Void
  ) throws(NetworkError) {
    self.endpoint = endpoint
    self.terms = terms
    self.reactor = reactor
    self.finished = finished
    let number = socket.number
    self.socket = consume socket
    registration = try reactor.register(number, for: .readable, handler: self)
    timer = reactor.schedule(after: terms.deadline) { [weak self] in self?.finish(.nothing) }
  }

  func becameReady(_ readiness: Readiness) {
    guard let read = read(wanted) else { return }
    switch manner {
    case .unknown:
      bytes += read
      recognize()
    case .awaitingKey:
      bytes += read
      agreeOnceKeyIsHere()
    case .agreeing(let responder):
      take(read, by: responder)
    case .encrypted(var stream):
      var read = read
      stream.ciphers?.incoming.apply(to: &read)
      manner = .encrypted(stream)
      bytes += read
      shakeHands(stream)
    }
  }

  /// Bytes that are read now, at most: none that could be behind a handshake.
  private var wanted: Int {
    switch manner {
    case .unknown, .encrypted: Handshake.length - bytes.count
    case .awaitingKey: DiffieHellman.keyLength - bytes.count
    case .agreeing(let responder): responder.wanted
    }
  }

  private func read(_ wanted: Int) -> [UInt8]? {
    guard let number = socket?.number else { return nil }
    var buffer = [UInt8](repeating: 0, count: wanted)
    let count = recv(number, &buffer, wanted, 0)
    guard count > 0 else {
      if count == 0 || (errno != EAGAIN && errno != EINTR) { finish(.nothing) }
      return nil
    }
    buffer.removeLast(wanted - count)
    return buffer
  }

  // MARK: In the open

  private func recognize() {
    if Handshake.isPlausible(bytes) {
      guard terms.encryption.takesPlainHandshakes || bytes.count < Handshake.lengthOfGreeting
      else { return finish(.nothing) }
      return shakeHands(nil)
    }
    guard !Handshake.isMeant(by: bytes) else { return finish(.nothing) }
    switch HTTPRequestParser.isMeant(by: bytes) {
    case true?: finish(.other(bytes))
    case nil: break
    case false?:
      manner = .awaitingKey
      agreeOnceKeyIsHere()
    }
  }

  private func shakeHands(_ stream: EncryptedStream?) {
    guard Handshake.isPlausible(bytes) else { return finish(.nothing) }
    guard bytes.count >= Handshake.length else { return }
    guard let handshake = try? Handshake(Array(bytes.prefix(Handshake.length))) else {
      return finish(.nothing)
    }
    var stream = stream
    stream?.unread = Array(bytes.dropFirst(Handshake.length))
    finish(.peer(handshake, stream))
  }

  // MARK: Encrypted

  private func agreeOnceKeyIsHere() {
    guard EncryptionResponder.isPlausible(bytes) else { return finish(.nothing) }
    guard bytes.count == DiffieHellman.keyLength else { return }
    var system = SystemRandomNumberGenerator()
    let key = bytes
    bytes = []
    take(
      key,
      by: EncryptionResponder(
        accepting: terms.encryption.accepted, EncryptionChance(using: &system)))
  }

  private func take(_ read: [UInt8], by responder: EncryptionResponder) {
    var responder = responder
    guard let step = try? responder.take(read, for: terms.torrents) else {
      return finish(.nothing)
    }
    manner = .agreeing(responder)
    switch step {
    case .readOn: break
    case .send(let answer): say(answer)
    case .done(let outcome):
      guard say(outcome.answer) else { return }
      let stream = EncryptedStream(ciphers: outcome.ciphers, unread: [])
      manner = .encrypted(stream)
      bytes = outcome.firstWords
      shakeHands(stream)
    }
  }

  /// Says little on a connection that carries no more: the kernel has room for it.
  @discardableResult
  private func say(_ bytes: [UInt8]) -> Bool {
    guard let number = socket?.number,
      send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    else {
      finish(.nothing)
      return false
    }
    return true
  }

  // MARK: The end

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
