public import DeterministicCore

/// What strangers' connections may cost a session, of all its torrents together. The limits of one
/// torrent, and the deadlines of peers that have said who they are, are `SwarmConfiguration`'s.
public struct ConnectionLimits: Sendable {
  /// Connections with peers, dialled and accepted.
  public var mostPeers = 2000
  /// Connections being made: what a home router's table takes without forgetting others.
  public var mostDials = 100
  /// Accepted connections that have not said who they are. When there is one more, the oldest goes,
  /// so that a crowd that says nothing cannot keep those out who speak at once.
  public var mostUnknown = 1000
  /// Of those, from one subscriber; any number from this machine, which has other ways to harm
  /// itself and where tests and proxies connect from one address.
  public var mostUnknownPerSubscriber = 32
  /// From the connection to a complete handshake, in however small parts that comes.
  public var handshakeDeadline = TimeSpan.seconds(10)

  public init() {}
}
