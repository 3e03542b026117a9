public import DeterministicCore
public import TrackerWire

/// One announce to be made.
public struct AnnounceOrder: Hashable, Sendable {
  public let url: TrackerURL
  public let event: AnnounceEvent?
  /// Peers to ask for; nil leaves it to the tracker.
  public let numWant: Int?
  /// What the tracker asked to have sent back.
  public let trackerID: [UInt8]?
  /// Where the tracker stands in the schedule.
  let tier: Int

  /// The same announce with another event.
  public func saying(_ event: AnnounceEvent) -> AnnounceOrder {
    AnnounceOrder(url: url, event: event, numWant: numWant, trackerID: trackerID, tier: tier)
  }
}

/// How an announce ended.
public enum AnnounceOutcome: Sendable {
  /// Seconds, clamped by whoever read the response.
  case answered(interval: Int, minInterval: Int?, trackerID: [UInt8]?)
  case refused(TrackerFailure.Retry?)
  case failed
}

/// When to announce to which tracker with which event (BEP 3, BEP 12).
///
/// Each tier is shuffled once and works through its trackers until one answers, which then moves to
/// the front; the tiers go side by side, since each may know other peers.
///
/// The invariants: a tier has at most one announce under way; a tracker hears `stopped` only if it
/// has answered before, and `completed` once at most and only for a download that became complete
/// here.
public struct AnnounceSchedule: Sendable {
  private struct Tracker: Sendable {
    let url: TrackerURL
    var hasAnswered = false
    var trackerID: [UInt8]?
    /// The tracker wants to hear from us no more (BEP 31, `never`).
    var isGivenUp = false
    var owesCompleted = false
  }

  private struct Tier: Sendable {
    var trackers: [Tracker]
    var current = 0
    var isUnderWay = false
    var nextAt = Moment.zero
    /// Not before this even when peers are wanted: the tracker's `min interval`.
    var notBefore = Moment.zero
    /// Rounds through all trackers in which none answered.
    var failedRounds = 0
  }

  private var tiers: [Tier]
  private var generator: SeededGenerator
  private var isStopped = false

  /// The wait after a round in which no tracker of a tier answered; doubled by each further one.
  static let firstRetry = TimeSpan.seconds(15)
  static let longestRetry = TimeSpan.minutes(60)
  /// The wait before the next tracker of a tier is tried.
  static let nextTrackerWait = TimeSpan.seconds(1)
  /// The least wait between announces that only want more peers.
  static let leastInterval = TimeSpan.seconds(60)
  /// Peers asked for.
  public static let numWant = 80

  public init(tiers: [[TrackerURL]], generator: SeededGenerator) {
    var generator = generator
    self.tiers = tiers.filter { !$0.isEmpty }.map { urls in
      var shuffled = urls
      generator.shuffle(&shuffled)
      return Tier(trackers: shuffled.map { Tracker(url: $0) })
    }
    self.generator = generator
  }

  public var trackerCount: Int { tiers.reduce(0) { $0 + $1.trackers.count } }

  /// When `next` will have something to do; never, while all announces are under way or none is
  /// left to be made.
  public var nextDue: Moment {
    var due = Moment.distantFuture
    guard !isStopped else { return due }
    for tier in tiers where !tier.isUnderWay && tier.trackers.contains(where: { !$0.isGivenUp }) {
      due = min(due, tier.nextAt)
    }
    return due
  }

  /// The announces due by `now`, which count as under way until `finish`.
  ///
  /// - Parameter wantsPeers: whether more peers could be used.
  public mutating func next(at now: Moment, wantsPeers: Bool) -> [AnnounceOrder] {
    guard !isStopped else { return [] }
    var orders: [AnnounceOrder] = []
    for index in tiers.indices where !tiers[index].isUnderWay && tiers[index].nextAt <= now {
      guard skipGivenUp(in: index) else { continue }
      let tracker = tiers[index].trackers[tiers[index].current]
      let event: AnnounceEvent? =
        !tracker.hasAnswered ? .started : tracker.owesCompleted ? .completed : nil
      tiers[index].isUnderWay = true
      orders.append(
        AnnounceOrder(
          url: tracker.url, event: event, numWant: wantsPeers ? Self.numWant : 0,
          trackerID: tracker.trackerID, tier: index))
    }
    return orders
  }

  /// Leaves the tier at a tracker that may be asked; false when there is none.
  private mutating func skipGivenUp(in index: Int) -> Bool {
    for _ in tiers[index].trackers.indices {
      if !tiers[index].trackers[tiers[index].current].isGivenUp { return true }
      tiers[index].current = (tiers[index].current + 1) % tiers[index].trackers.count
    }
    return false
  }

  /// Takes the outcome of an order in.
  public mutating func finish(_ order: AnnounceOrder, _ outcome: AnnounceOutcome, at now: Moment) {
    guard !isStopped, tiers[order.tier].isUnderWay else { return }
    tiers[order.tier].isUnderWay = false
    switch outcome {
    case .answered(let interval, let minInterval, let trackerID):
      answer(order, interval: interval, minInterval: minInterval, trackerID: trackerID, at: now)
    case .refused(let retry):
      refuse(order, retry, at: now)
    case .failed:
      moveOn(order.tier, at: now)
    }
  }

  private mutating func answer(
    _ order: AnnounceOrder, interval: Int, minInterval: Int?, trackerID: [UInt8]?, at now: Moment
  ) {
    let index = order.tier
    var tracker = tiers[index].trackers.remove(at: tiers[index].current)
    tracker.hasAnswered = true
    if let trackerID { tracker.trackerID = trackerID }
    if order.event == .completed { tracker.owesCompleted = false }
    // The tracker that works is the first to be asked from now on (BEP 12).
    tiers[index].trackers.insert(tracker, at: 0)
    tiers[index].current = 0
    tiers[index].failedRounds = 0
    let least = max(TimeSpan.seconds(minInterval ?? 0), Self.leastInterval)
    tiers[index].notBefore = now + least
    tiers[index].nextAt =
      tracker.owesCompleted ? now : now + max(.seconds(interval), least)
  }

  private mutating func refuse(
    _ order: AnnounceOrder, _ retry: TrackerFailure.Retry?, at now: Moment
  ) {
    let index = order.tier
    switch retry {
    case .never:
      tiers[index].trackers[tiers[index].current].isGivenUp = true
      moveOn(index, at: now)
    case .after(let minutes) where tiers[index].trackers.count == 1:
      tiers[index].nextAt = now + .minutes(min(minutes, 24 * 60))
    case .after, nil:
      moveOn(index, at: now)
    }
  }

  /// Goes to the next tracker of a tier, or waits before starting over.
  private mutating func moveOn(_ index: Int, at now: Moment) {
    tiers[index].current += 1
    if tiers[index].current < tiers[index].trackers.count {
      tiers[index].nextAt = now + Self.nextTrackerWait
      return
    }
    tiers[index].current = 0
    let doublings = min(tiers[index].failedRounds, 8)
    tiers[index].failedRounds += 1
    let wait = min(Self.firstRetry * (1 << doublings), Self.longestRetry)
    // A quarter of jitter, so that a swarm does not return to a revived tracker all at once.
    let jitter = TimeSpan.seconds(wait.seconds * 0.25 * generator.fraction())
    tiers[index].nextAt = now + wait + jitter
  }

  /// The download became complete: every tracker that counts us as a leecher is told soon.
  public mutating func noteComplete(at now: Moment) {
    for index in tiers.indices {
      for place in tiers[index].trackers.indices {
        tiers[index].trackers[place].owesCompleted = tiers[index].trackers[place].hasAnswered
      }
      if tiers[index].trackers[tiers[index].current].owesCompleted { tiers[index].nextAt = now }
    }
  }

  /// More peers are wanted than there are: announces are made as soon as their trackers allow.
  public mutating func wantPeers(at now: Moment) {
    for index in tiers.indices where tiers[index].failedRounds == 0 {
      tiers[index].nextAt = min(tiers[index].nextAt, max(now, tiers[index].notBefore))
    }
  }

  /// Ends the schedule. Returns the last announces, to the trackers that know of us.
  public mutating func stop() -> [AnnounceOrder] {
    guard !isStopped else { return [] }
    isStopped = true
    var orders: [AnnounceOrder] = []
    for (index, tier) in tiers.enumerated() {
      for tracker in tier.trackers where tracker.hasAnswered && !tracker.isGivenUp {
        orders.append(
          AnnounceOrder(
            url: tracker.url, event: .stopped, numWant: 0, trackerID: tracker.trackerID,
            tier: index))
      }
    }
    return orders
  }

  /// Trackers that have not been told of a completion and should be before we stop.
  public var owesCompleted: Bool {
    tiers.contains { $0.trackers.contains(where: \.owesCompleted) }
  }
}
