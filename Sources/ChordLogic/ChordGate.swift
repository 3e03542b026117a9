public import ChordWire
public import DeterministicCore
public import Hashing
public import TorrentModel

/// What stands between the network and the nodes of a host: which datagrams they get to hear.
///
/// The invariant: nothing that changes a node's state, and nothing whose answer may be longer than
/// three times the question, passes from an address that has not shown a token given to it; so an
/// address that is not the sender's own can neither be entered in tables nor be flooded. In a closed
/// ring nothing but greetings passes that is not sealed, and sealed is only what a node with a
/// certificate says, at an address that answers have reached.
public struct ChordGate: Sendable {
  public enum Verdict: Hashable, Sendable {
    case pass
    /// Not a word in return.
    case drop
    case answer(ChordMessage)
  }

  /// Whose identifiers are believed.
  public enum Admission: Hashable, Sendable {
    /// Bound to the address: an open ring.
    case boundToAddress
    /// Any, where identifiers are vouched for otherwise.
    case any
    /// Those in the certificate of whoever sealed the message: a closed ring.
    case certified
  }

  public let ring: RingTag?
  public let admission: Admission
  public private(set) var tokens: TokenAuthority
  private var limits: AddressLimits
  /// Datagrams refused, by reason.
  public private(set) var counts = Counts()

  public struct Counts: Hashable, Sendable {
    public var flooded = 0
    public var wrongRing = 0
    public var unproven = 0
    public var unbound = 0
    /// Not sealed, in a closed ring.
    public var uncertified = 0

    public init() {}
  }

  /// A member asks each of its neighbours a few things a minute, a lookup one thing.
  public static let queriesPerSecond = 50.0
  public static let burst = 200.0

  public init(ring: RingTag?, admission: Admission, secret: SipHash.Key) {
    self.ring = ring
    self.admission = admission
    tokens = TokenAuthority(secret: secret)
    limits = AddressLimits(perSecond: Self.queriesPerSecond, burst: Self.burst)
  }

  /// Signs with a new secret; due every `TokenAuthority.rotation`.
  public mutating func rotate(to secret: SipHash.Key) { tokens.rotate(to: secret) }

  /// Whether an address is heard once more.
  mutating func hears(_ endpoint: Endpoint, at now: Moment) -> Bool {
    let isHeard = limits.admits(endpoint.address.subscriber, at: now)
    if !isHeard { counts.flooded += 1 }
    return isHeard
  }

  /// - Parameter certificate: of whoever sealed the message; nil for one that is not sealed.
  public mutating func judge(
    _ message: ChordMessage, from endpoint: Endpoint, as certificate: NodeCertificate? = nil,
    at now: Moment
  ) -> Verdict {
    guard endpoint.isDialable else { return .drop }
    switch message.body {
    case .query(let query, let head):
      guard hears(endpoint, at: now) else { return .drop }
      guard message.ring == ring else {
        counts.wrongRing += 1
        // To who does not know its name, a closed ring is not there.
        guard admission != .certified else { return .drop }
        return .answer(refusal(ChordFailure(.wrongRing), to: message))
      }
      let isGreeting = query.method == .certificate && certificate == nil
      guard admission != .certified || certificate != nil || isGreeting else {
        counts.uncertified += 1
        return .answer(refusal(ChordFailure(.badCertificate), to: message))
      }
      // A client stands nowhere, and so may call itself what it likes; but not to do a member's work.
      let isClient = message.isReadOnly && !query.isOfMembers
      guard isClient || isGreeting || isBound(head.sender, to: endpoint, by: certificate) else {
        counts.unbound += 1
        return .answer(refusal(ChordFailure(.badCertificate, "id"), to: message))
      }
      // Sealed, it comes from where answers have gone.
      let proof = certificate == nil ? query.proof : .none
      guard proof != .none else { return .pass }
      let target = proof.target
      if let token = head.token, tokens.isValid(token, from: endpoint, for: target) {
        return .pass
      }
      counts.unproven += 1
      let failure = ChordFailure(
        .tokenRequired, token: tokens.issue(to: endpoint, for: target))
      return .answer(refusal(failure, to: message))
    case .reply(_, let head):
      guard message.ring == ring else {
        counts.wrongRing += 1
        return .drop
      }
      if admission == .certified, certificate == nil {
        guard case .reply(.certificate, _) = message.body else {
          counts.uncertified += 1
          return .drop
        }
        return .pass
      }
      guard isBound(head.sender, to: endpoint, by: certificate) else {
        counts.unbound += 1
        return .drop
      }
      return .pass
    case .failure: return .pass
    }
  }

  private func isBound(
    _ id: Identifier, to endpoint: Endpoint, by certificate: NodeCertificate?
  ) -> Bool {
    switch admission {
    case .any: true
    case .boundToAddress: id.isOfNode(at: endpoint)
    case .certified: certificate?.admits(id) ?? false
    }
  }

  private func refusal(_ failure: ChordFailure, to message: ChordMessage) -> ChordMessage {
    ChordMessage(transaction: message.transaction, ring: ring, body: .failure(failure))
  }
}

extension ChordQuery {
  /// What has to be shown before a query is heard.
  enum Proof: Hashable, Sendable {
    /// The answer is short and nothing changes.
    case none
    case address
    /// A token that was given for this key.
    case key(Identifier)

    var target: Identifier? {
      if case .key(let target) = self { target } else { nil }
    }
  }

  /// Whether only a node that stands in the ring has reason to say this.
  var isOfMembers: Bool {
    switch self {
    case .notify, .leave, .pushRecords, .events, .reach(.some): true
    default: false
    }
  }

  var proof: Proof {
    switch self {
    case .ping, .next: .none
    case .announcePeer(let announcement): .key(Identifier(announcement.infoHash.digest))
    case .put(let item, _): .key(item.target)
    case .putKeyword(let word, _): .key(word)
    case .state, .notify, .reach, .leave, .pullRecords, .pushRecords, .events, .members,
      .certificate,
      .getPeers, .get, .getKeyword:
      .address
    }
  }
}
