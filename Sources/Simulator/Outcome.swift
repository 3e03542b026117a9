public import DeterministicCore
import TorrentModel

/// The swarm at one moment.
public struct Sample: Sendable {
  /// Since the start.
  public let seconds: Double
  /// Verified pieces over those there could be, at all that have come and are no seeds.
  public let fraction: Double
  /// Hosts that are complete.
  public let complete: Int
  /// Bytes sent since the last sample over what the uplinks online could send.
  public let uplinkUse: Double
  /// How evenly copies are spread over the pieces, 1 at best.
  public let diversity: Double
  /// Since the start.
  public let bytesSent: UInt64
}

/// What became of one host.
public struct HostOutcome: Sendable {
  public let number: Int
  public let role: HostPlan.Role
  public let group: String
  public let isWaitedFor: Bool
  public let startedAt: Moment?
  public let completedAt: Moment?
  public let bytesSent: UInt64
  public let bytesReceived: UInt64
  public let blocksSent: Int
  /// Hosts that banned it.
  public let bannedBy: Int
  /// Why the first of them did.
  public let banReason: String?
  /// Nil where nobody watches.
  public let playback: PlaybackOutcome?

  public var isHonest: Bool { role == .seed || role == .contributor }
  /// From its arrival to its completion.
  public var seconds: Double? {
    guard let startedAt, let completedAt else { return nil }
    return (completedAt - startedAt).seconds
  }
}

/// What a run came to.
public struct Outcome: Sendable {
  /// Equal for equal plans and seeds, on every machine and in every build.
  public let digest: UInt64
  public let eventCount: Int
  /// Virtual time, in seconds.
  public let seconds: Double
  public let hosts: [HostOutcome]
  public let samples: [Sample]
  public let bound: LowerBound
  public let measures: Measures
  /// Broken invariants and unmet expectations, in words.
  public internal(set) var violations: [String]
}

extension World {
  /// What the run has come to so far; every host's invariants and what the plan expects are judged.
  public consuming func outcome() -> Outcome {
    for number in hosts.indices { check(number) }
    let results = hosts.map { host in
      HostOutcome(
        number: host.number, role: host.role, group: host.plan.group,
        isWaitedFor: host.plan.isWaitedFor, startedAt: host.startedAt,
        completedAt: host.completedAt, bytesSent: host.bytesSent,
        bytesReceived: host.bytesReceived, blocksSent: host.blocksSent, bannedBy: host.bannedBy,
        banReason: host.banReason, playback: host.player?.outcome)
    }
    let bound = LowerBound(plan)
    var outcome = Outcome(
      digest: digest.value, eventCount: eventCount, seconds: (now - Moment.zero).seconds,
      hosts: results, samples: samples, bound: bound,
      measures: Measures(
        results, bound: bound, samples: samples, length: geometry.totalLength, ledger: ledger,
        seedBytesAtFirstCopy: census.seedBytesAtFirstCopy),
      violations: violations)
    for expectation in plan.expectations {
      if let complaint = expectation.complaint(outcome) { outcome.violations.append(complaint) }
    }
    return outcome
  }
}
