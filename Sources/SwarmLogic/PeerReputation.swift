import DeterministicCore
import TorrentModel

/// Which peers have shown themselves unworthy of a connection.
///
/// The invariant: an address is banned only for a piece it alone sent and that failed its hash, or
/// for repeated protocol faults; never for what another peer did. On a loopback address, where
/// every peer of the machine lives, only the endpoint is banned.
struct PeerReputation: Sendable {
  private struct Record {
    var faults = 0
    var bannedUntil = Moment.zero
  }

  /// Protocol faults of one address before it is banned.
  static let mostFaults = 3
  /// Records kept; the oldest go first.
  static let mostRecords = 4096

  private var records: [Endpoint: Record] = [:]
  private var order = Queue<Endpoint>()

  private func key(_ endpoint: Endpoint) -> Endpoint {
    endpoint.address.isLoopback ? endpoint : Endpoint(endpoint.address, port: 0)
  }

  func isBanned(_ endpoint: Endpoint, at now: Moment) -> Bool {
    guard let record = records[key(endpoint)] else { return false }
    return record.bannedUntil > now
  }

  mutating func ban(_ endpoint: Endpoint, until moment: Moment) {
    update(endpoint) { $0.bannedUntil = moment }
  }

  /// Notes a protocol fault. Returns whether it was one too many; the caller bans then.
  mutating func noteFault(of endpoint: Endpoint) -> Bool {
    var isTooMany = false
    update(endpoint) { record in
      record.faults += 1
      isTooMany = record.faults >= Self.mostFaults
    }
    return isTooMany
  }

  private mutating func update(_ endpoint: Endpoint, _ change: (inout Record) -> Void) {
    let key = key(endpoint)
    if records[key] == nil {
      if order.count >= Self.mostRecords, let oldest = order.popFirst() { records[oldest] = nil }
      order.append(key)
    }
    change(&records[key, default: Record()])
  }
}
