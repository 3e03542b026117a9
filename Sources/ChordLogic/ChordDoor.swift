public import ChordWire
public import DeterministicCore
public import Hashing
public import TorrentModel

/// The way between datagrams and the nodes of a host: through the gate in any ring, and in a closed
/// one sealed.
public struct ChordDoor: Sendable {
  public enum Effect: Hashable, Sendable {
    case send([UInt8], to: Endpoint)
    /// A node may hear this.
    case deliver(ChordMessage, from: Endpoint)
  }

  private var gate: ChordGate
  /// nil in an open ring.
  private var links: SealedLinks?

  /// - Parameters:
  ///   - credentials: of a closed ring; nil for an open one.
  ///   - secret: drawn from the system's generator.
  ///   - entropy: 32 bytes from there, which a closed ring needs.
  public init(
    to ring: RingName, showing credentials: RingCredentials?, secret: SipHash.Key,
    entropy: [UInt8]
  ) {
    gate = ChordGate(
      ring: RingTag(ring), admission: ring.isOpen ? .boundToAddress : .certified, secret: secret)
    links = credentials.map { SealedLinks($0, secret: entropy) }
    precondition(ring.isOpen == (links == nil), "a closed ring is entered with its credentials")
  }

  public var counts: ChordGate.Counts { gate.counts }
  public var linkCounts: SealedLinks.Counts { links?.counts ?? SealedLinks.Counts() }
  /// When to call `wake`, unless something else happens before.
  public var nextWake: Moment { links?.nextWake ?? .distantFuture }

  public mutating func rotate(to secret: SipHash.Key) { gate.rotate(to: secret) }

  // MARK: Out

  /// - Returns: false for what no datagram can hold.
  public mutating func send(
    _ message: ChordMessage, to endpoint: Endpoint, at now: Moment, into effects: inout [Effect]
  ) -> Bool {
    guard let datagram = message.datagram else { return false }
    if links == nil {
      effects.append(.send(datagram, to: endpoint))
    } else {
      links?.send(datagram, to: endpoint, at: now, into: &effects)
    }
    return true
  }

  public mutating func wake(at now: Moment, into effects: inout [Effect]) {
    links?.wake(at: now, into: &effects)
  }

  // MARK: In

  /// Takes a message that came as it is.
  ///
  /// - Parameter time: seconds since 1970, by which certificates are valid or not.
  public mutating func receive(
    _ message: ChordMessage, from endpoint: Endpoint, at now: Moment, time: UInt64,
    into effects: inout [Effect]
  ) {
    switch gate.judge(message, from: endpoint, at: now) {
    case .drop: return
    case .answer(let answer): sendPlain(answer, to: endpoint, into: &effects)
    case .pass where links == nil: effects.append(.deliver(message, from: endpoint))
    case .pass: greet(message, from: endpoint, at: now, time: time, into: &effects)
    }
  }

  /// All that is said unsealed in a closed ring.
  private mutating func greet(
    _ message: ChordMessage, from endpoint: Endpoint, at now: Moment, time: UInt64,
    into effects: inout [Effect]
  ) {
    switch message.body {
    case .query(.certificate(let bytes), let head):
      guard let token = head.token else { return }
      links?.take(
        greeting: bytes, token: token, message.transaction, from: endpoint, at: now, time: time,
        into: &effects)
    case .reply(.certificate(let bytes), _):
      links?.take(
        answer: bytes, message.transaction, from: endpoint, at: now, time: time, into: &effects)
    case .failure(let failure):
      if let token = failure.token {
        links?.take(
          token, message.transaction, from: endpoint, at: now, time: time, into: &effects)
      } else if failure.code == .badCertificate {
        links?.doubt(message.transaction, at: endpoint, at: now, into: &effects)
      }
    case .query, .reply: break
    }
  }

  /// Takes a sealed datagram of this ring.
  public mutating func receive(
    _ datagram: SealedDatagram, from endpoint: Endpoint, at now: Moment,
    into effects: inout [Effect]
  ) {
    guard links != nil, endpoint.isDialable else { return }
    guard links?.knows(datagram.link, at: now) == true else {
      _ = links?.open(datagram, from: endpoint, at: now)
      guard gate.hears(endpoint, at: now) else { return }
      // Whoever speaks by keys that a restart has lost, or whose time has run out here, learns of it.
      let failure = ChordMessage(
        transaction: UInt32(truncatingIfNeeded: datagram.link), ring: gate.ring,
        body: .failure(ChordFailure(.badCertificate)))
      sendPlain(failure, to: endpoint, into: &effects)
      return
    }
    guard let (message, certificate) = links?.open(datagram, from: endpoint, at: now) else {
      return
    }
    switch gate.judge(message, from: endpoint, as: certificate, at: now) {
    case .drop: return
    case .answer(let answer): _ = send(answer, to: endpoint, at: now, into: &effects)
    case .pass: effects.append(.deliver(message, from: endpoint))
    }
  }

  private func sendPlain(
    _ message: ChordMessage, to endpoint: Endpoint, into effects: inout [Effect]
  ) {
    if let datagram = message.datagram { effects.append(.send(datagram, to: endpoint)) }
  }
}
