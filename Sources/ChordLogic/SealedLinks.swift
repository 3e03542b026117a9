import ChordWire
import DeterministicCore
import Hashing
import TorrentModel

/// How the nodes of a closed ring speak: they greet each other with certificates, agree on keys, and
/// seal every message by these. `SealedLinks+Greeting` has the greetings.
///
/// The invariants: no message, and with it no key of a torrent, is sent to an address before whoever
/// is there has shown a valid certificate and signed our key of the moment; and none is taken that
/// was not sealed by such a node for us.
public struct SealedLinks: Sendable {
  /// What was refused, by reason.
  public struct Counts: Hashable, Sendable {
    /// Greetings whose certificate or signature is not good.
    public var badCertificates = 0
    /// Greetings with a certificate that is not valid at this time, or of an epoch gone by.
    public var expired = 0
    /// Sealed datagrams that were changed or not made by the node they name.
    public var forged = 0
    /// Datagrams and greetings that came before.
    public var replayed = 0
    /// Sealed datagrams under keys that are not known here.
    public var unknownLinks = 0

    public init() {}
  }

  public let credentials: RingCredentials
  let tag: RingTag
  private let secret: [UInt8]
  private var keysMade: UInt64 = 0
  var lastCount: UInt64 = 0
  /// The latest epoch of any certificate seen.
  var epoch: UInt32
  public internal(set) var counts = Counts()

  private var links: [UInt64: SealedLink] = [:]
  private var order = Queue<UInt64>()
  /// The link by which to speak to an address.
  private var current: [Endpoint: UInt64] = [:]
  var greetings: [SentGreeting] = []
  var answers = GivenAnswers()

  /// Links remembered, the oldest forgotten first.
  static let mostLinks = 4096
  /// Keys are used for this long at most.
  static let longestLife = TimeSpan.minutes(60)
  /// What is on its way when they end is still taken.
  static let grace = TimeSpan.seconds(60)

  /// - Parameter secret: 32 random bytes, from which the keys of the moment are made.
  public init(_ credentials: RingCredentials, secret: [UInt8]) {
    precondition(secret.count == 32, "a secret of another length")
    self.credentials = credentials
    self.secret = secret
    tag = RingTag(credentials.ring)
    epoch = credentials.certificate.epoch
  }

  var linkCount: Int { links.count }

  /// A private key for one occasion, and a number nobody foresees.
  mutating func makeKey() -> (privateKey: [UInt8], transaction: UInt32) {
    keysMade += 1
    let count = (0..<8).map { UInt8(truncatingIfNeeded: keysMade >> UInt64(8 * $0)) }
    let number = SHA256.hash(secret + count + [1]).bytes
    return (SHA256.hash(secret + count).bytes, number.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
  }

  // MARK: Sending

  /// Seals a message, or greets whoever is there and keeps it until that is done.
  mutating func send(
    _ message: [UInt8], to endpoint: Endpoint, at now: Moment,
    into effects: inout [ChordDoor.Effect]
  ) {
    let link = current[endpoint].flatMap { links[$0] }
    let isUsable = link.map { now < $0.life.lastUse } ?? false
    if isUsable, link?.isDoubted != true || !isGreeting(endpoint), let name = link?.name {
      if let datagram = links[name]?.seal(message) {
        effects.append(.send(datagram, to: endpoint))
      }
    } else {
      greet(endpoint, saying: message, at: now, into: &effects)
    }
  }

  // MARK: Receiving

  /// What a sealed datagram says and who says it; nil for one that is not to be heard.
  mutating func open(
    _ datagram: SealedDatagram, from endpoint: Endpoint, at now: Moment
  ) -> (message: ChordMessage, certificate: NodeCertificate)? {
    guard let link = links[datagram.link], link.endpoint == endpoint, now < link.life.end else {
      counts.unknownLinks += 1
      return nil
    }
    switch links[datagram.link]?.open(datagram) {
    case .forged: counts.forged += 1
    case .replayed: counts.replayed += 1
    case .plain(let bytes):
      prefer(link)
      if let message = try? ChordMessage(datagram: bytes) { return (message, link.certificate) }
    case nil: break
    }
    return nil
  }

  /// Whether datagrams of a link are taken.
  func knows(_ link: UInt64, at now: Moment) -> Bool {
    links[link].map { now < $0.life.end } ?? false
  }

  // MARK: Links

  /// - Parameter isConfirmed: whether the other end has the keys, too, for all we know.
  mutating func add(_ link: SealedLink, isConfirmed: Bool) {
    links[link.name] = link
    order.append(link.name)
    while order.count > Self.mostLinks, let oldest = order.popFirst() { forget(oldest) }
    if isConfirmed || current[link.endpoint] == nil { prefer(link) }
  }

  /// The other end has shown that it has the keys: it is spoken to by the latest of them.
  private mutating func prefer(_ link: SealedLink) {
    if let used = current[link.endpoint].flatMap({ links[$0] }), !used.isDoubted,
      used.life.begin > link.life.begin
    {
      return
    }
    current[link.endpoint] = link.name
  }

  private mutating func forget(_ name: UInt64) {
    guard let link = links.removeValue(forKey: name) else { return }
    if current[link.endpoint] == name { current[link.endpoint] = nil }
  }

  /// A later epoch has begun: nodes whose certificates are of an earlier one are strangers.
  mutating func begin(epoch later: UInt32) {
    guard later > epoch else { return }
    epoch = later
    for name in links.filter({ $1.certificate.epoch < later }).keys.sorted() { forget(name) }
  }

  /// Somebody says that the node there has lost its keys, as one that was started anew has. Perhaps
  /// it is so: it is greeted, and spoken to as before when nothing comes of it.
  mutating func doubt(
    _ hint: UInt32, at endpoint: Endpoint, at now: Moment, into effects: inout [ChordDoor.Effect]
  ) {
    guard let name = current[endpoint], UInt32(truncatingIfNeeded: name) == hint,
      !isGreeting(endpoint)
    else { return }
    links[name]?.isDoubted = true
    greet(endpoint, saying: nil, at: now, into: &effects)
  }

  /// Nobody answered a greeting: a link that was doubted is as good as before.
  mutating func endDoubt(of endpoint: Endpoint) {
    guard let name = current[endpoint] else { return }
    links[name]?.isDoubted = false
  }
}
