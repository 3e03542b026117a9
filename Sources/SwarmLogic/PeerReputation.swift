import DeterministicCore
import TorrentModel

/// Which peers have shown themselves unworthy of a connection.
///
/// The invariant: a ban is for false data or repeated protocol faults of its subject, never for
/// what another did. Its subject is an address, since a port and a peer id cost nothing to change,
/// of IPv6 all that one subscriber has; on a loopback address, where every peer of the machine
/// lives, it is the endpoint.
struct PeerReputation: Sendable {
  private struct Strikes {
    var count = 0
    /// When the first of them fell.
    var since: Moment
  }

  /// Protocol faults of one subject before it is banned.
  static let mostFaults = 3
  /// Faults further apart than this are not counted together.
  static let faultMemory = TimeSpan.minutes(60)
  /// Bans and faulty subjects kept, each; the oldest go first. Faults, which cost a stranger
  /// nothing, cannot push a ban out.
  static let mostRecords = 4096

  private var bans = RecentTable<Endpoint, Moment>(most: mostRecords)
  private var strikes = RecentTable<Endpoint, Strikes>(most: mostRecords)

  /// What stands for everything that the owner of an endpoint could come back from.
  static func subject(of endpoint: Endpoint) -> Endpoint {
    endpoint.address.isLoopback ? endpoint : Endpoint(endpoint.address.subscriber, port: 0)
  }

  func isBanned(_ endpoint: Endpoint, at now: Moment) -> Bool {
    guard !bans.isEmpty, let end = bans[Self.subject(of: endpoint)] else { return false }
    return end > now
  }

  mutating func ban(_ endpoint: Endpoint, until moment: Moment) {
    bans[Self.subject(of: endpoint)] = moment
  }

  /// Notes a protocol fault. Returns whether it was one too many; the caller bans then.
  mutating func noteFault(of endpoint: Endpoint, at now: Moment) -> Bool {
    let subject = Self.subject(of: endpoint)
    var record = strikes[subject] ?? Strikes(since: now)
    if now - record.since > Self.faultMemory { record = Strikes(since: now) }
    record.count += 1
    let isTooMany = record.count >= Self.mostFaults
    strikes[subject] = isTooMany ? nil : record
    return isTooMany
  }
}
