import DeterministicCore
import TorrentModel

/// Nodes that lately failed to answer, to be passed over where others can do.
///
/// Suspicion is never proof: a successor goes only when the ring's own steps find it gone, and one
/// word from a suspect clears it.
///
/// The invariant: whoever is under suspicion stands in `order`, by the time at which it was last
/// suspected; the others go as soon as somebody is suspected, so that mostly there is nobody to be
/// looked for.
struct FailureSuspicion: Sendable {
  private struct Entry: Sendable {
    var endpoint: Endpoint
    var until: Moment
  }

  private var until: [Endpoint: Moment] = [:]
  private var order = Queue<Entry>()

  static let mostSuspects = 1024

  /// Endpoints remembered.
  var count: Int { until.count }

  func isSuspected(_ endpoint: Endpoint, at now: Moment) -> Bool {
    guard !until.isEmpty, let moment = until[endpoint] else { return false }
    return moment > now
  }

  mutating func suspect(_ endpoint: Endpoint, until moment: Moment, at now: Moment) {
    until[endpoint] = moment
    order.append(Entry(endpoint: endpoint, until: moment))
    while let oldest = order.first, oldest.until <= now || order.count > Self.mostSuspects {
      order.popFirst()
      // It may have been suspected again since, and stands further behind then.
      if until[oldest.endpoint] == oldest.until { until[oldest.endpoint] = nil }
    }
  }

  mutating func clear(_ endpoint: Endpoint) {
    if !until.isEmpty { until[endpoint] = nil }
  }
}
