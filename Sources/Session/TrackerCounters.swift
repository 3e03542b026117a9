import Synchronization

/// What one thread of a tracker has answered. Written by that thread alone, read by any: counting
/// costs no lock and shares no cache line with other threads that count.
final class TrackerCounters: Sendable {
  enum Event {
    case httpAnnounce
    case udpAnnounce
    case scrape
    /// An announce or scrape that was told why not.
    case refusal
    /// An announce that was answered without the swarms of the other trackers, the store being away.
    case answerAlone
  }

  private let httpAnnounces = Atomic<UInt64>(0)
  private let udpAnnounces = Atomic<UInt64>(0)
  private let scrapes = Atomic<UInt64>(0)
  private let refusals = Atomic<UInt64>(0)
  private let answersAlone = Atomic<UInt64>(0)

  @inline(__always)
  func count(_ event: Event) {
    switch event {
    case .httpAnnounce: httpAnnounces.wrappingAdd(1, ordering: .relaxed)
    case .udpAnnounce: udpAnnounces.wrappingAdd(1, ordering: .relaxed)
    case .scrape: scrapes.wrappingAdd(1, ordering: .relaxed)
    case .refusal: refusals.wrappingAdd(1, ordering: .relaxed)
    case .answerAlone: answersAlone.wrappingAdd(1, ordering: .relaxed)
    }
  }

  func add(to counts: inout TrackerCounts) {
    counts.httpAnnounces += httpAnnounces.load(ordering: .relaxed)
    counts.udpAnnounces += udpAnnounces.load(ordering: .relaxed)
    counts.scrapes += scrapes.load(ordering: .relaxed)
    counts.refusals += refusals.load(ordering: .relaxed)
    counts.answersAlone += answersAlone.load(ordering: .relaxed)
  }
}

/// What a tracker has answered since its start.
public struct TrackerCounts: Hashable, Sendable {
  public var httpAnnounces: UInt64 = 0
  public var udpAnnounces: UInt64 = 0
  public var scrapes: UInt64 = 0
  /// Announces and scrapes that were told why not.
  public var refusals: UInt64 = 0
  /// Announces answered from this tracker's memory while the store that it shares was away.
  public var answersAlone: UInt64 = 0

  public init() {}

  public var announces: UInt64 { httpAnnounces + udpAnnounces }
}
