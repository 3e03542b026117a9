public import DeterministicCore

/// How many blocks to keep asked of one peer, so that its link is never idle and little is lost
/// when it fails.
///
/// The depth starts small and grows by one with each block, which doubles it every round trip, for
/// as long as the rate grows with it. From then on it is twice what the link holds: the rate times
/// the delay, which is the shortest time a block takes (the round trip) and the pauses between a
/// busy peer's answers.
///
/// The time a block usually takes is no measure of the delay: it is mostly spent behind our own
/// requests, so that a depth computed from it would grow without end. Nor is the shortest time
/// ever seen, since paths change. So every 10 seconds, for one round, fewer blocks are asked for
/// than the link should hold, and the shortest time seen meanwhile is the delay from then on.
public struct RequestPipeline: Sendable {
  /// The depth at the start, and the least of a peer that is not snubbed.
  static let leastDepth = 8
  /// The same in bytes, for blocks longer than 16 KiB.
  static let leastBytes = 128 << 10
  /// Beyond this a deeper queue gains nothing: 32 MB are under way.
  public static let greatestDepth = 2000
  /// What a peer that does not say (BEP 10, `reqq`) is taken to queue, as most clients do.
  public static let defaultPeerLimit = 250
  /// A peer that has sent nothing that long, with requests outstanding, is snubbing us (Cohen,
  /// 2003).
  public static let snubAfter = TimeSpan.seconds(60)

  /// The delay counted at least, since programs answer in bursts even on the same machine.
  static let shortestDelay = TimeSpan.milliseconds(5)
  /// The rate is sampled over at least this long.
  static let shortestRound = TimeSpan.milliseconds(10)
  /// Slow start ends when this many rounds in succession were not a quarter faster than the best.
  static let flatRounds = 3

  /// How often the delay is measured anew.
  static let probeInterval = TimeSpan.seconds(10)
  /// Depth while the delay is measured, at least.
  static let leastProbeDepth = 2

  // What it takes to know how much to ask for stands together.
  /// Depth before the peer's limit is applied.
  private var wanted: Int
  /// The most requests the peer queues.
  private var peerLimit = defaultPeerLimit
  /// The peer is snubbing us: one request shows whether it still does.
  public private(set) var isSnubbed = false
  public private(set) var isInSlowStart = true
  /// Since when requests have been outstanding with nothing arriving.
  private var waitingSince: Moment?
  private var probe: Probe?

  /// Bytes of a full block.
  private let blockLength: Double
  /// Two at least, so that one block can be asked for while another arrives.
  private let leastDepth: Int

  /// The time that any block took at least, since the delay was last measured.
  private var shortestLatency: TimeSpan?
  private var nextProbe: Moment?
  /// The pause between two arrivals that nineteen in twenty stay below, in seconds.
  private var longPause = 0.0
  private var lastArrival: Moment?

  private var roundStart: Moment?
  private var roundBytes = 0
  /// Bytes a second, smoothed over rounds.
  private var rate = 0.0
  private var bestRate = 0.0
  private var flat = 0

  /// A measurement of the delay: of the blocks asked for since `start`, `remaining` are awaited.
  private struct Probe {
    var start: Moment
    var depth: Int
    var remaining: Int
    var shortestLatency: TimeSpan?
  }

  /// - Precondition: `blockLength > 0`, in bytes.
  public init(blockLength: UInt32) {
    precondition(blockLength > 0, "blocks have a length")
    self.blockLength = Double(blockLength)
    leastDepth = max(2, min(Self.leastDepth, Self.leastBytes / Int(blockLength)))
    wanted = leastDepth
  }

  /// Requests to keep outstanding: 1 while snubbed, fewer than the link holds while its delay is
  /// measured, else from 8, or the peer's limit if that is less, to 2000.
  public var depth: Int { isSnubbed ? 1 : min(probe?.depth ?? wanted, peerLimit) }

  /// The peer told how many requests it queues (BEP 10, `reqq`): at least one is assumed.
  public mutating func setPeerLimit(_ limit: Int) {
    peerLimit = max(1, min(limit, Self.greatestDepth))
  }

  /// Requests were sent, some of which are outstanding.
  public mutating func requestsSent(at now: Moment) {
    if waitingSince == nil { waitingSince = now }
  }

  /// Nothing is outstanding any more, for another reason than an arrival: the peer choked us, or
  /// all was cancelled.
  public mutating func drained() {
    waitingSince = nil
    pauseMeasuring()
    probe = nil
  }

  /// When the peer will be snubbed unless a block arrives; `nil` with nothing outstanding.
  public var snubDeadline: Moment? { isSnubbed ? nil : waitingSince.map { $0 + Self.snubAfter } }

  /// Whether the peer has just come to be snubbed: its requests should go to others.
  public mutating func checkSnub(at now: Moment) -> Bool {
    guard let deadline = snubDeadline, now >= deadline else { return false }
    isSnubbed = true
    return true
  }

  /// A block arrived that had been asked for at `requestedAt`; `outstanding` requests are left.
  public mutating func blockArrived(
    bytes: Int, requestedAt: Moment, outstanding: Int, at now: Moment
  ) {
    if isSnubbed {
      isSnubbed = false
      startSlowly()
    } else if isInSlowStart {
      wanted = min(wanted + 1, Self.greatestDepth)
    }
    let latency = now - requestedAt
    if shortestLatency.map({ latency < $0 }) ?? true { shortestLatency = latency }
    if probe != nil {
      advanceProbe(requestedAt: requestedAt, latency: latency, at: now)
    } else {
      measurePause(requestedAt: requestedAt, now: now)
      measureRate(bytes: bytes, requestedAt: requestedAt, now: now)
      if !isInSlowStart { startProbe(ifDueAt: now) }
    }
    if outstanding > 0 {
      waitingSince = now
      lastArrival = now
    } else {
      drained()
    }
  }

  private mutating func startSlowly() {
    wanted = leastDepth
    isInSlowStart = true
    rate = 0
    bestRate = 0
    flat = 0
    probe = nil
    nextProbe = nil
    pauseMeasuring()
  }

  /// What comes next says nothing about the rate before it.
  private mutating func pauseMeasuring() {
    lastArrival = nil
    roundStart = nil
    roundBytes = 0
  }

  // MARK: Delay

  private mutating func measurePause(requestedAt: Moment, now: Moment) {
    // Blocks that came at once are one answer, and a pause that began before the request was made
    // is our own.
    guard let last = lastArrival, now > last, requestedAt <= last else { return }
    let pause = (now - last).seconds
    // A quantile without a memory: up by nineteen parts when exceeded, down by one when not.
    let step = max(pause, longPause) / 64
    longPause = max(0, longPause + (pause > longPause ? step * 0.95 : -step * 0.05))
  }

  private mutating func startProbe(ifDueAt now: Moment) {
    guard let due = nextProbe else {
      nextProbe = now + Self.probeInterval
      return
    }
    guard now >= due else { return }
    // A quarter less than the link holds if the delay is right. If it is too long, the blocks will
    // take less than it, and the next probe is shallower still; if it is too short, they take the
    // delay that is right.
    let held = rate * (shortestLatency ?? .zero).seconds / blockLength
    let depth = max(Self.leastProbeDepth, min(Int(held * 0.75), wanted))
    probe = Probe(start: now, depth: depth, remaining: depth)
  }

  private mutating func advanceProbe(requestedAt: Moment, latency: TimeSpan, at now: Moment) {
    guard var current = probe, requestedAt >= current.start else { return }
    current.shortestLatency = min(current.shortestLatency ?? latency, latency)
    current.remaining -= 1
    guard current.remaining <= 0 else {
      probe = current
      return
    }
    shortestLatency = current.shortestLatency
    nextProbe = now + Self.probeInterval
    probe = nil
    pauseMeasuring()
  }

  // MARK: Rate

  private mutating func measureRate(bytes: Int, requestedAt: Moment, now: Moment) {
    let start = roundStart ?? requestedAt
    roundStart = start
    roundBytes += bytes
    guard now - start >= max(shortestLatency ?? .zero, Self.shortestRound) else { return }
    let sample = Double(roundBytes) / (now - start).seconds
    rate = rate == 0 ? sample : rate + (sample - rate) / 4
    roundStart = now
    roundBytes = 0
    if isInSlowStart {
      flat = sample < bestRate * 1.25 ? flat + 1 : 0
      bestRate = max(bestRate, sample)
      if flat >= Self.flatRounds {
        isInSlowStart = false
        rate = bestRate
      }
    }
    if !isInSlowStart { wanted = target }
  }

  /// Twice what the link holds.
  private var target: Int {
    let delay = max(
      (shortestLatency ?? .zero).seconds + longPause, Self.shortestDelay.seconds)
    let blocks = 2 * rate * delay / blockLength
    return max(leastDepth, Int(min(blocks, Double(Self.greatestDepth))))
  }
}
