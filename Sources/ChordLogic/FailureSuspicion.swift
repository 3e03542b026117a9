import DeterministicCore
import TorrentModel

/// Nodes that lately failed to answer, to be passed over where others can do.
///
/// Suspicion is never proof: a successor goes only when the ring's own steps find it gone, and one
/// word from a suspect clears it.
struct FailureSuspicion: Sendable {
  private var until: [Endpoint: Moment] = [:]
  private var order = Queue<Endpoint>()

  static let mostSuspects = 1024

  func isSuspected(_ endpoint: Endpoint, at now: Moment) -> Bool {
    guard !until.isEmpty, let moment = until[endpoint] else { return false }
    return moment > now
  }

  mutating func suspect(_ endpoint: Endpoint, until moment: Moment) {
    if until.updateValue(moment, forKey: endpoint) == nil { order.append(endpoint) }
    while order.count > Self.mostSuspects, let oldest = order.popFirst() { until[oldest] = nil }
  }

  mutating func clear(_ endpoint: Endpoint) {
    guard until[endpoint] != nil else { return }
    until[endpoint] = .zero
  }
}
