public import ChordWire
public import DeterministicCore
public import Hashing
public import TorrentModel

/// What stands between the network and the nodes of a host: which datagrams they get to hear.
///
/// The invariant: nothing that changes a node's state, and nothing whose answer may be longer than
/// three times the question, passes from an address that has not shown a token given to it; so an
/// address that is not the sender's own can neither be entered in tables nor be flooded.
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

  public mutating func judge(
    _ message: ChordMessage, from endpoint: Endpoint, at now: Moment
  ) -> Verdict {
    guard endpoint.isDialable else { return .drop }
    switch message.body {
    case .query(let query, let head):
      guard limits.admits(endpoint.address.subscriber, at: now) else {
        counts.flooded += 1
        return .drop
      }
      guard message.ring == ring else {
        counts.wrongRing += 1
        return .answer(refusal(ChordFailure(.wrongRing), to: message))
      }
      guard message.isReadOnly || isBound(head.sender, to: endpoint) else {
        counts.unbound += 1
        return .answer(refusal(ChordFailure(.badCertificate, "id"), to: message))
      }
      let proof = query.proof
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
      guard isBound(head.sender, to: endpoint) else {
        counts.unbound += 1
        return .drop
      }
      return .pass
    case .failure: return .pass
    }
  }

  private func isBound(_ id: Identifier, to endpoint: Endpoint) -> Bool {
    admission == .any || id.isOfNode(at: endpoint)
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

  var proof: Proof {
    switch self {
    case .ping, .next: .none
    case .announcePeer(let announcement): .key(Identifier(announcement.infoHash.digest))
    case .put(let item, _): .key(item.target)
    case .putKeyword(let word, _): .key(word)
    case .state, .notify, .leave, .pullRecords, .pushRecords, .events, .members, .certificate,
      .getPeers, .get, .getKeyword:
      .address
    }
  }
}
