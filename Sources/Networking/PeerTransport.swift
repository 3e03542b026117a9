import CLinux
public import DeterministicCore
import Glibc
public import PeerWire
public import TorrentModel

/// One TCP connection to a peer: bytes in, messages and landed blocks out, and the other way round.
///
/// It decides nothing: what a message means, where a block goes and when to give up is the
/// delegate's. The invariant: `state` is `.closed` exactly when the descriptor is closed and the
/// delegate let go, so nothing is called back after that.
public final class PeerTransport: ReadinessHandler, TurnEndHandler {
  enum State {
    case connecting
    /// Connected with a proxy, which is being told whom we want.
    case proxying
    /// Connected with the peer, with which keys are being agreed on.
    case encrypting
    case awaitingHandshake
    case open
    case closed
  }

  /// The delegate's own name for the connection.
  public var key: SlabID
  public let endpoint: Endpoint
  let reactor: Reactor
  let scratch: ReceiveScratch
  var delegate: (any PeerTransportDelegate)?
  var state: State

  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var interest: Readiness
  private(set) var isReadingPaused = false
  var isSendingPaused = false
  private var handshakeBytes: [UInt8] = []
  /// What has to be agreed on before messages are encrypted; see PeerTransport+Encryption.swift.
  var encryption: EncryptionInitiator?
  /// What every byte goes through, if anything.
  var ciphers: StreamCiphers?
  /// Encrypted bytes that the kernel has not taken.
  var ciphertext: [UInt8] = []
  /// What the peer said before there was a transport, decrypted.
  private var unread: [UInt8] = []
  /// It ended after it stood and before the peer had shaken hands.
  public private(set) var wasRefused = false
  /// What is said to a proxy until the connection is the peer's; see PeerTransport+Proxy.swift.
  var proxyExchange: ProxyExchange?

  // Receiving; see PeerTransport+Receiving.swift.
  var decoder = PeerMessageDecoder()
  var landing: ArrivingBlock?
  var asideBuffer: UnsafeMutableRawPointer?
  var predictionDepth = 1

  // Sending; see PeerTransport+Sending.swift.
  var outgoing = OutgoingQueue()
  /// Where the header of the block being sent is spelt, again and again in the same memory.
  var blockHeader: [UInt8] = []
  private var awaitsTurnEnd = false

  /// A connection to a peer that is still to be made.
  ///
  /// - Parameters:
  ///   - source: the local address to come from, if one was chosen.
  ///   - proxy: what the connection goes through, if anything.
  ///   - encryption: encrypts the handshake, which it says itself, and perhaps what follows.
  public init(
    connectingTo endpoint: Endpoint, from source: Address?, through proxy: Proxy? = nil,
    encryption: EncryptionInitiator? = nil, handshake: Handshake, key: SlabID, reactor: Reactor,
    scratch: ReceiveScratch, delegate: any PeerTransportDelegate
  ) throws(NetworkError) {
    let socket = try StreamSocket.connect(to: proxy?.endpoint ?? endpoint, from: source)
    proxyExchange = proxy.map { ProxyExchange($0, to: endpoint) }
    self.encryption = encryption
    self.endpoint = endpoint
    self.key = key
    self.reactor = reactor
    self.scratch = scratch
    self.delegate = delegate
    state = .connecting
    interest = .writable
    let number = socket.number
    self.socket = consume socket
    registration = try reactor.register(number, for: interest, handler: self)
    if encryption == nil { send(bytes: handshake.bytes) }
  }

  /// A connection that a peer made and whose handshake has been read; ours goes out first.
  ///
  /// - Parameter stream: how it goes on where the handshake was encrypted.
  public init(
    accepted socket: consuming FileDescriptor, from endpoint: Endpoint,
    stream: EncryptedStream? = nil, handshake: Handshake, key: SlabID, reactor: Reactor,
    scratch: ReceiveScratch, delegate: any PeerTransportDelegate
  ) throws(NetworkError) {
    ciphers = stream?.ciphers
    unread = stream?.unread ?? []
    self.endpoint = endpoint
    self.key = key
    self.reactor = reactor
    self.scratch = scratch
    self.delegate = delegate
    state = .open
    interest = .readable
    let number = socket.number
    self.socket = consume socket
    registration = try reactor.register(number, for: interest, handler: self)
    send(bytes: handshake.bytes)
  }

  deinit { asideBuffer?.deallocate() }

  /// The descriptor, while there is one.
  var descriptor: Int32 { socket?.number ?? -1 }

  public var isClosed: Bool { state == .closed }

  /// Ends the connection at once; the delegate is not called. Messages that were sent in this turn
  /// still leave if the kernel takes them: they may say that a copy is complete.
  public func close() {
    guard state != .closed else { return }
    if state == .open { sendLastWords() }
    state = .closed
    if let registration { reactor.deregister(registration) }
    registration = nil
    socket = nil
    delegate = nil
    landing = nil
    outgoing = OutgoingQueue()
    ciphertext = []
  }

  /// Ends the connection and tells the delegate why.
  func end(_ reason: TransportEnd) {
    guard let delegate else { return }
    wasRefused = state == .encrypting || state == .awaitingHandshake
    close()
    delegate.transport(self, ended: reason)
  }

  /// Stops or resumes reading, so that a full disk queue holds the sender back through TCP. What
  /// the read under way has taken from the kernel is still delivered.
  public func pauseReading(_ pause: Bool) {
    guard isReadingPaused != pause else { return }
    isReadingPaused = pause
    updateInterest()
  }

  // MARK: Events

  public func becameReady(_ readiness: Readiness) {
    if state == .connecting { return finishConnecting() }
    // Reading first: what a peer sent before it went is still there when writing fails.
    if readiness.contains(.readable) || readiness.contains(.hangup) {
      switch state {
      case .proxying: readProxy()
      case .encrypting: readEncryption()
      case .awaitingHandshake: readHandshake()
      case .open where !isReadingPaused: receive()
      case .open where readiness.contains(.hangup): endHungUp()
      default: break
      }
    }
    if readiness.contains(.writable), isSpeaking { flush() }
  }

  /// Ends a connection that broke while reading is paused. The kernel reports that in every turn,
  /// asked or not, so waiting until reading resumes would spin.
  private func endHungUp() {
    let error = shoal_socket_take_error(descriptor)
    guard error != 0 else { return end(.endOfStream) }
    end(.network(NetworkError("read from", on: "\(endpoint)", code: error)))
  }

  private func finishConnecting() {
    let error = shoal_socket_take_error(descriptor)
    guard error == 0 else {
      return end(.network(NetworkError("connect", on: "\(endpoint)", code: error)))
    }
    if let proxyExchange { greetProxy(proxyExchange) } else { greetPeer() }
  }

  /// The connection is the peer's.
  func greetPeer() {
    if let encryption { beginEncryption(encryption) } else { awaitHandshake() }
  }

  /// What is queued leaves, our handshake first, and the peer's is waited for.
  func awaitHandshake() {
    state = .awaitingHandshake
    updateInterest()
    flushAtTurnEnd()
  }

  /// Small words before the first message, on a connection that carries no more: the kernel has room
  /// for them.
  func sendAtOnce(_ bytes: [UInt8]) {
    let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    guard count == bytes.count else {
      return end(.network(NetworkError("send to", on: "\(endpoint)", code: errno)))
    }
  }

  private func readHandshake() {
    var buffer = [UInt8](repeating: 0, count: Handshake.length - handshakeBytes.count)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return endedReading(count) }
    buffer.removeLast(buffer.count - count)
    ciphers?.incoming.apply(to: &buffer)
    handshakeBytes.append(contentsOf: buffer)
    guard Handshake.isPlausible(handshakeBytes) else { return end(.protocolFault(.notBitTorrent)) }
    guard handshakeBytes.count == Handshake.length else { return }
    do {
      let theirs = try Handshake(handshakeBytes)
      handshakeBytes = []
      state = .open
      delegate?.transport(self, received: theirs)
    } catch {
      end(.protocolFault(error))
    }
  }

  /// What a read that returned no bytes means.
  func endedReading(_ count: Int) {
    if count == 0 {
      end(.endOfStream)
    } else if errno != EAGAIN && errno != EINTR {
      end(.network(NetworkError("read from", on: "\(endpoint)", code: errno)))
    }
  }

  // MARK: Interest and the end of a turn

  func updateInterest() {
    guard let registration, state != .connecting else { return }
    var wanted: Readiness = isReadingPaused ? [] : .readable
    if outgoing.isBlocked { wanted.insert(.writable) }
    if wanted != interest {
      interest = wanted
      reactor.change(registration, to: wanted)
    }
  }

  func flushAtTurnEnd() {
    guard !awaitsTurnEnd, state != .closed else { return }
    awaitsTurnEnd = true
    reactor.atTurnEnd(self)
  }

  public func turnEnded() {
    awaitsTurnEnd = false
    if !unread.isEmpty, state == .open {
      let bytes = unread
      unread = []
      take(unread: bytes)
    }
    guard isSpeaking, !outgoing.isBlocked else { return }
    flush()
  }

  /// Whether messages may leave.
  private var isSpeaking: Bool { state == .awaitingHandshake || state == .open }
}
