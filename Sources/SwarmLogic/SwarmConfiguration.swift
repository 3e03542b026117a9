public import DeterministicCore

/// The limits of one swarm. Every default names where it comes from.
public struct SwarmConfiguration: Sendable {
  /// Connections, dials under way included.
  public var mostPeers = 200
  /// Connections with which no more are dialled. The other places are for those who come later: where
  /// everybody dials until it is full, the first fill each other up, and the rest finds no way in.
  var enoughPeers: Int { (mostPeers + 1) / 2 }
  /// Connections with one address (of IPv6, one /64), whoever made them: more than a household has,
  /// fewer than a flood. Loopback addresses are exempt: every peer of the machine lives there.
  public var mostPeersPerAddress = 16
  /// Dials under way at once: the ramp that fills a swarm in a second without flooding a router.
  public var mostDials = 40
  /// Dials started in one second once the first `mostDials` are out.
  public var dialsPerSecond = 50
  /// Dials that a seed leaves out for each peer of its dialling that is a seed, too: two or three a second
  /// are left where all are, by which one behind a router still finds those who cannot dial it.
  public var fruitlessDialCost = 20
  /// Regular unchoke slots; 0 lets the choker find the number (Cohen 2003 has 4).
  public var uploadSlots = 4
  /// A dial and the handshake that follows it each end after this.
  public var handshakeDeadline = TimeSpan.seconds(10)
  /// Something is sent at least this often (BEP 3 has two minutes; we stay below it).
  public var keepAliveInterval = TimeSpan.seconds(100)
  /// A connection on which no message is completed for this long is dead, be it silent or dribbling
  /// the bytes of one frame.
  public var silenceDeadline = TimeSpan.seconds(180)
  /// A peer with which nothing is traded for this long makes room for a newcomer.
  public var idleDeadline = TimeSpan.seconds(60)
  /// A piece of metadata asked for and not received is asked for elsewhere.
  public var metadataDeadline = TimeSpan.seconds(8)
  /// Peers tell each other of peers (BEP 11), unless the torrent is private (BEP 27).
  public var exchangesPeers = true
  /// Whether connections are encrypted.
  public var encryption = EncryptionPolicy.plain
  /// Pieces are fetched in order instead of rarest first: for whoever watches while it loads.
  public var isSequential = false
  /// A seed shows each peer two pieces, and the next once others have one of them (BEP 16).
  public var isSuperSeeding = false
  /// The longest block served, in bytes: clients ask for 16 KiB, a few for more.
  public var longestRequest: UInt32 = 128 << 10
  /// Requests one peer may have queued with us; what our extension handshake says as `reqq`.
  public var mostQueuedRequests = 2000
  /// How long a banned address stays banned.
  public var banLength = TimeSpan.minutes(60)
  /// Endpoints remembered for dialling: ten for each connection, and enough for few to be found among
  /// many that are gone.
  public var mostCandidates: Int { min(2000, max(200, 10 * mostPeers)) }

  public init() {}
}
