public import DeterministicCore

/// The measures of a node. Every default names where it comes from.
public struct ChordConfiguration: Sendable {
  /// Successors kept: 2⌈log₂ n⌉ within these bounds; more than 32 with a predecessor do not fit a
  /// datagram.
  public var successors = 8...32
  /// Between two rounds of stabilizing, chosen anew each time (Stoica et al., ToN 2003, section 6).
  public var shortestRound = TimeSpan.seconds(15)
  public var longestRound = TimeSpan.seconds(45)
  /// The wait before the next round when a neighbour has changed, doubled from round to round until
  /// it is as long as any other; nil for no haste. Many who come at once find their places in it.
  public var quickestRound: TimeSpan? = .milliseconds(500)
  /// Waits that are longer are no haste.
  public var longestHaste = TimeSpan.seconds(15)
  /// A query is sent again after this long without an answer.
  public var retransmission = TimeSpan.seconds(1)
  /// Datagrams sent for one query of maintenance before its node counts as failed.
  public var mostAttempts = 3
  /// How long a node that said "busy" is waited for.
  public var busyPatience = TimeSpan.seconds(3)
  /// Probes of a lookup under way at once; one more once the oldest is out for `slowProbe`.
  public var parallelProbes = 2
  public var slowProbe = TimeSpan.seconds(1)
  /// A lookup ends after this.
  public var lookupDeadline = TimeSpan.seconds(20)
  /// A node that failed to answer is passed over for this long, unless it is heard of sooner.
  public var suspicion = TimeSpan.minutes(1)
  /// Rings of up to this many nodes are known whole by each of them (Gupta, Liskov and Rodrigues,
  /// "One hop lookups for peer-to-peer overlays", 2003); 0 for never.
  public var largestWholeRing = 10_000
  /// News of members wait this long for others to travel with.
  public var eventBatch = TimeSpan.seconds(10)
  /// Nodes known for an interval of the finger table among which the nearest is chosen.
  public var fingerCandidates = 16
  /// Every so many rounds the node looks itself up through one it met long ago.
  public var roundsBetweenMerges = 5
  /// A leaf that others could reach for so long says so; nil for one that does not ask to be called.
  public var provingReachability: TimeSpan?
  /// Two members compare what they know of the ring every so many rounds, once that teaches little: news
  /// are passed on past those that are gone, so few get lost.
  public var roundsBetweenComparisons = 20
  /// Copies of a record: at its owner and the owner's next successors.
  public var copies = 8

  public init() {}
}
