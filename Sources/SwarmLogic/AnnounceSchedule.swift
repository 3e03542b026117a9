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
  /// With `stopped`: the tracker has not heard of our completion, and should before this.
  public let owesCompleted: Bool
  /// Where the tracker stands in the schedule.
  let tier: Int

  /// The same announce with another event.
  public func saying(_ event: AnnounceEvent) -> AnnounceOrder {
    AnnounceOrder(
      url: url, event: event, numWant: numWant, trackerID: trackerID, owesCompleted: false,
      tier: tier)
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
    /// The last that was heard of it was a refusal.
    var hasRefused = false
    var trackerID: [UInt8]?
    /// The tracker wants to hear from us no more (BEP 31, `never`).
    var isGivenUp = false
    /// Not before this, by the tracker's own word (BEP 31).
    var notBefore = Moment.zero
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
  private var isComplete = false

  /// The wait after a round in which no tracker of a tier answered; doubled by each further one.
  static let firstRetry = TimeSpan.seconds(15)
  static let longestRetry = TimeSpan.minutes(60)
  /// The wait before the next tracker of a tier is tried.
  static let nextTrackerWait = TimeSpan.seconds(1)
  /// The least wait between announces that only want more peers.
  static let leastInterval = TimeSpan.seconds(60)
  /// Minutes: a tracker that asks for more (BEP 31) is asked again after a day.
  static let longestDelay = 24 * 60
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

  /// Whether every tracker refuses the torrent, as far as each was heard of last.
  public var isRefusedByAll: Bool {
    !tiers.isEmpty && tiers.allSatisfy { $0.trackers.allSatisfy(\.hasRefused) }
  }

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
      guard findTracker(in: index, at: now) else { continue }
      let tracker = tiers[index].trackers[tiers[index].current]
      let event: AnnounceEvent? =
        !tracker.hasAnswered ? .started : tracker.owesCompleted ? .completed : nil
      tiers[index].isUnderWay = true
      orders.append(
        AnnounceOrder(
          url: tracker.url, event: event, numWant: wantsPeers ? Self.numWant : 0,
          trackerID: tracker.trackerID, owesCompleted: false, tier: index))
    }
    return orders
  }

  /// Leaves the tier at a tracker that may be asked, from the current one on; otherwise false, and
  /// the tier waits for the first that may be.
  private mutating func findTracker(in index: Int, at now: Moment) -> Bool {
    let tier = tiers[index]
    let candidates = tier.trackers[tier.current...]
    if let place = candidates.firstIndex(where: { !$0.isGivenUp && $0.notBefore <= now }) {
      tiers[index].current = place
      return true
    }
    tiers[index].current = 0
    tiers[index].nextAt =
      tier.trackers.filter { !$0.isGivenUp }.map { max($0.notBefore, now) }.min() ?? .distantFuture
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
      tiers[order.tier].trackers[tiers[order.tier].current].hasRefused = false
      moveOn(order.tier, at: now)
    }
  }

  private mutating func answer(
    _ order: AnnounceOrder, interval: Int, minInterval: Int?, trackerID: [UInt8]?, at now: Moment
  ) {
    let index = order.tier
    var tracker = tiers[index].trackers.remove(at: tiers[index].current)
    tracker.hasAnswered = true
    tracker.hasRefused = false
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
    tiers[index].trackers[tiers[index].current].hasRefused = true
    switch retry {
    case .never:
      tiers[index].trackers[tiers[index].current].isGivenUp = true
      moveOn(index, at: now)
    case .after(let minutes):
      tiers[index].trackers[tiers[index].current].notBefore =
        now + .minutes(min(minutes, Self.longestDelay))
      moveOn(index, at: now)
    case nil:
      moveOn(index, at: now)
    }
  }

  /// Goes to the next tracker of a tier, or waits before starting over.
  private mutating func moveOn(_ index: Int, at now: Moment) {
    let tier = tiers[index]
    if !tier.trackers[tier.current].hasAnswered {
      // It was told nothing before we were complete, so it need not be told that we became so.
      tiers[index].trackers[tier.current].owesCompleted = false
    }
    let rest = tier.trackers[(tier.current + 1)...]
    if let next = rest.firstIndex(where: { !$0.isGivenUp && $0.notBefore <= now }) {
      tiers[index].current = next
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

  /// The download became complete: every tracker that counts us as a leecher, or is just being told
  /// of us as one, is told soon.
  public mutating func noteComplete(at now: Moment) {
    guard !isComplete else { return }
    isComplete = true
    for index in tiers.indices {
      for place in tiers[index].trackers.indices {
        let isBeingTold = tiers[index].isUnderWay && place == tiers[index].current
        tiers[index].trackers[place].owesCompleted =
          tiers[index].trackers[place].hasAnswered || isBeingTold
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

  /// Ends the schedule. Returns the last announces, to the trackers that know of us; some owe their
  /// tracker a `completed` before.
  public mutating func stop() -> [AnnounceOrder] {
    guard !isStopped else { return [] }
    isStopped = true
    var orders: [AnnounceOrder] = []
    for (index, tier) in tiers.enumerated() {
      for tracker in tier.trackers where tracker.hasAnswered && !tracker.isGivenUp {
        orders.append(
          AnnounceOrder(
            url: tracker.url, event: .stopped, numWant: 0, trackerID: tracker.trackerID,
            owesCompleted: tracker.owesCompleted, tier: index))
      }
    }
    return orders
  }
}
