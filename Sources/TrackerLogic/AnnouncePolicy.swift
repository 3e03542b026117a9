public import DeterministicCore

/// How a tracker answers: how often peers come back, how many others they get, and how much the
/// tracker holds.
public struct AnnouncePolicy: Sendable {
  /// Until the next announce is due.
  public var interval = TimeSpan.minutes(30)
  /// Until the next announce is due while the swarm is young: peers that come while there are few
  /// learn of those behind them soon. `nil` for the same as ever.
  ///
  /// It grows with the swarm's age, of which it is a quarter, up to `interval`.
  public var youngInterval: TimeSpan?
  /// Up to this much, and to a tenth of the interval, is added to the interval, for each answer anew,
  /// so that peers which arrived together do not return together.
  public var jitter = TimeSpan.minutes(2)
  /// How much longer than usual peers are asked to wait, in percent: see `IntervalStretch`.
  public var stretchPercent = 100
  /// Sooner than this only events are welcome.
  public var minInterval = TimeSpan.minutes(5)
  /// A peer not heard of for this long is gone: two intervals, so that one lost announce is no
  /// departure.
  public var lifetime = TimeSpan.minutes(65)
  /// Peers given to a client that names no number.
  public var standardPeers = 50
  /// Peers given at most.
  public var mostPeersPerReply = 200
  /// Networks whose peers are named to each other before all others.
  public var sites = SiteMap()
  /// Sent as `tracker id`, when there is one.
  public var trackerID: [UInt8]?
  /// Peers and torrents held at most; strangers beyond are answered and not kept.
  public var mostPeers = 10_000_000
  public var mostTorrents = 2_000_000

  public init() {}

  /// The number of peers for a request that wants `numWant`.
  public func peerCount(_ numWant: Int?) -> Int {
    guard let numWant, numWant >= 0 else { return standardPeers }
    return min(numWant, mostPeersPerReply)
  }

  /// Seconds until the next announce is due in a swarm that has had peers for `age` seconds.
  func nextInterval(age: UInt32, _ generator: inout SeededGenerator) -> Int {
    var seconds = Int(interval.seconds)
    var spread = Int(jitter.seconds)
    if let youngInterval {
      seconds = min(seconds, max(Int(youngInterval.seconds), Int(age) / 4))
      spread = min(spread, seconds / 10)
    }
    seconds = seconds * stretchPercent / 100
    return seconds + (spread > 0 ? generator.below(spread + 1) : 0)
  }
}
