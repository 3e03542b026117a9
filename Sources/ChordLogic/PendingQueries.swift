import ChordWire
import DeterministicCore
import TorrentModel

/// What an answer is for.
enum Purpose: Hashable, Sendable {
  /// Whether the node asked precedes us.
  case join
  case successorState
  case candidateState
  case predecessorCheck
  /// Whether a successor lives that may have to be turned to next.
  case successorCheck
  /// Whether a node that a leaving one named as our predecessor lives.
  case predecessorOffer
  case notification
  case lookup(UInt32, isConfirming: Bool)
  /// For the successors of the nearest node that a lookup has found before its key.
  case neighbours(UInt32)
  case fingerCheck
  /// Whether a member that another knows of lives.
  case memberCheck
  case news
  case comparison(Arc)
  case pull(Arc)
  case push
  /// To be called by another node.
  case reach
  /// A call for somebody else's sake.
  case call
  case client(UInt64)
}

/// A query that waits for its answer.
struct PendingQuery: Sendable {
  var transaction: UInt32
  /// nil where only an endpoint is known.
  var receiver: Identifier?
  var endpoint: Endpoint
  var query: ChordQuery
  var purpose: Purpose
  var sentAt: Moment
  /// When it is sent again or given up.
  var deadline: Moment
  var attemptsLeft: Int
  /// The receiver lives and will answer later.
  var wasBusy = false
  /// The token that was demanded for it, with which it has been sent anew.
  var token: WriteToken?

  var contact: Contact? { receiver.map { Contact($0, endpoint) } }
}

/// The queries under way, found by transaction; there are few, so they are looked through.
///
/// The invariant: no two have the same transaction, and an answer is taken only from the endpoint
/// that was asked.
struct PendingQueries: Sendable {
  private(set) var queries: [PendingQuery] = []

  var nextDeadline: Moment {
    var next = Moment.distantFuture
    for place in queries.indices { next = min(next, queries[place].deadline) }
    return next
  }

  mutating func add(_ query: PendingQuery) { queries.append(query) }

  func hasTransaction(_ transaction: UInt32) -> Bool {
    queries.contains { $0.transaction == transaction }
  }

  func find(_ transaction: UInt32, from endpoint: Endpoint) -> Int? {
    queries.firstIndex { $0.transaction == transaction && $0.endpoint == endpoint }
  }

  mutating func update(at place: Int, _ change: (inout PendingQuery) -> Void) {
    change(&queries[place])
  }

  mutating func remove(at place: Int) -> PendingQuery { queries.remove(at: place) }

  mutating func removeAll(where matches: (PendingQuery) -> Bool) {
    queries.removeAll(where: matches)
  }

  /// Takes the queries out whose time is up.
  mutating func takeDue(at now: Moment) -> [PendingQuery] {
    guard nextDeadline <= now else { return [] }
    let due = queries.filter { $0.deadline <= now }
    queries.removeAll { $0.deadline <= now }
    return due
  }
}
