import DeterministicCore
import PeerWire
import TorrentModel

/// What has been exchanged with one peer (BEP 11).
struct PeerExchange: Sendable {
  /// The number under which it takes our messages; nil if it takes none.
  var messageID: UInt8?
  /// Peers it was told of and not told to be gone, in order.
  var told: [Endpoint] = []
  /// The count of changes that `told` reflects.
  var toldChange: UInt64 = 0
  /// Nothing is told before.
  var notBefore = Moment.zero
  var lastReceived: Moment?

  /// Time between two messages to one peer (BEP 11: no more than one a minute).
  static let interval = TimeSpan.seconds(60)
  /// One that comes sooner after the last is not read: clocks differ, and some count in ticks.
  static let leastInterval = TimeSpan.seconds(45)
  /// Peers told of in one message, and lost ones (BEP 11 has fifty of each).
  static let mostTold = 50
  /// Peers believed of one message.
  static let mostTaken = 100
  /// Of those, at one subscriber: a message cannot make a crowd of us dial one victim's ports.
  static let mostPerSubscriber = 4

  /// The next message: of the peers at hand that it has not been told of, those that it should care
  /// for most (BEP 40), and those that are gone.
  mutating func next(
    of peers: [ExchangeMessage.Peer], to recipient: Endpoint
  ) -> ExchangeMessage? {
    let news = peers.filter { !told.contains($0.endpoint) }
    let dropped = told.filter { endpoint in !peers.contains { $0.endpoint == endpoint } }
      .prefix(Self.mostTold)
    guard !news.isEmpty || !dropped.isEmpty else { return nil }
    let ranked = news.map { (CanonicalPriority.of($0.endpoint, recipient), $0) }
      .sorted { ($0.0, $0.1.endpoint) > ($1.0, $1.1.endpoint) }
    let added = ranked.prefix(Self.mostTold).map(\.1)
    told.removeAll { dropped.contains($0) }
    told = (told + added.map(\.endpoint)).sorted()
    return ExchangeMessage(added: added, dropped: Array(dropped))
  }
}

extension Swarm {
  /// Whether peers may come from elsewhere than the torrent's trackers and the user (BEP 27). Of a
  /// link it is not known before the metadata is here.
  var exchangesPeers: Bool { configuration.exchangesPeers && !isPrivate }

  // MARK: Telling

  /// The peers that others may be told of: those we are connected with, never hearsay. Of one that
  /// connected to us the address is proven and the port its own word, which may name none of its
  /// machine's own services.
  private var peersToTellOf: [ExchangeMessage.Peer] {
    peers.ids.compactMap { key in
      guard peers[key].isConnected, let endpoint = peers[key].dialableAt, endpoint.isDialable,
        peers[key].isOutgoing || endpoint.port >= 1024
      else { return nil }
      var flags: ExchangeMessage.Flags = peers[key].isOutgoing ? .isReachable : []
      if peers[key].isSeed { flags.insert(.isSeed) }
      return ExchangeMessage.Peer(endpoint, flags)
    }
  }

  /// Tells every peer that is due of those it does not know of.
  mutating func exchangePeers(at now: Moment, into effects: inout [SwarmEffect]) {
    guard exchangesPeers else { return }
    var known: [ExchangeMessage.Peer]?
    for slot in peers.slots {
      guard let key = peers.id(at: slot), peers[key].isConnected,
        peers[key].exchange.toldChange != peerChange, now >= peers[key].exchange.notBefore,
        let id = peers[key].exchange.messageID
      else { continue }
      let all = known ?? peersToTellOf
      known = all
      let recipient = peers[key].dialableAt ?? peers[key].endpoint
      let isSeed = peers[key].isSeed
      let useful = all.filter { other in
        other.endpoint != recipient && Self.mayTell(of: other.endpoint, to: recipient.address)
          // Two seeds have nothing for each other.
          && !(isSeed && other.flags.contains(.isSeed))
      }
      guard let message = peers[key].exchange.next(of: useful, to: recipient) else {
        peers[key].exchange.toldChange = peerChange
        continue
      }
      peers[key].exchange.notBefore = now + PeerExchange.interval
      if peers[key].exchange.told.count >= useful.count {
        peers[key].exchange.toldChange = peerChange
      }
      send(.extended(id: id, payload: message.payload), to: key, at: now, into: &effects)
    }
  }

  /// Whether an address means the same host to the recipient as to us, as far as can be known: what
  /// is near is told of to those who are as near.
  private static func mayTell(of endpoint: Endpoint, to recipient: Address) -> Bool {
    let scope = endpoint.address.scope
    return scope != .link && scope >= recipient.scope
  }

  // MARK: Hearing

  /// Takes peers that another has met. That it has lost some is no reason for us.
  mutating func take(
    _ message: ExchangeMessage, from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard exchangesPeers else { return }
    if let last = peers[key].exchange.lastReceived, now - last < PeerExchange.leastInterval {
      return
    }
    peers[key].exchange.lastReceived = now
    let origin = RequestOrigin.host(peers[key].endpoint)
    var taken: [Endpoint] = []
    for peer in message.added where taken.count < PeerExchange.mostTaken {
      guard origin.mayName(peer: peer.endpoint), !(isComplete && peer.flags.contains(.isSeed))
      else { continue }
      let subscriber = peer.endpoint.address.subscriber
      guard
        subscriber.isLoopback
          || taken.count(where: { $0.address.subscriber == subscriber })
            < PeerExchange.mostPerSubscriber
      else { continue }
      taken.append(peer.endpoint)
    }
    candidates.add(taken, from: .exchange)
    dial(at: now, into: &effects)
  }

  // MARK: Private torrents

  /// The torrent turned out to be private: whoever was found otherwise than BEP 27 allows goes.
  mutating func becomePrivate(at now: Moment, into effects: inout [SwarmEffect]) {
    guard !isPrivate else { return }
    isPrivate = true
    candidates.forgetHearsay()
    for key in peers.ids where peers.contains(key) && peers[key].source?.isHearsay == true {
      close(key, .foundOutsideTrackers, at: now, into: &effects)
    }
  }
}
