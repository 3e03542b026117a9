import DeterministicCore
import TorrentModel

/// Endpoints that may be dialled, in the order in which they are worth it.
///
/// The invariant: an endpoint stands in `waiting` exactly when its record says so, so it is dialled
/// by one attempt at a time. Decides over queues; the dictionary is only looked things up in.
struct CandidateList: Sendable {
  private struct Record {
    var failures = 0
    var notBefore = Moment.zero
    var isWaiting = true
    /// Never to be dialled again: ourselves.
    var isBarred = false
  }

  private var records: [Endpoint: Record] = [:]
  /// Endpoints not tried since they were last heard of, first come first dialled.
  private var fresh = Queue<Endpoint>()
  /// Endpoints tried before, each due at its record's `notBefore`.
  private var later: [Endpoint] = []
  private let most: Int

  /// The wait after a first failure; doubled by each further one.
  static let firstRetry = TimeSpan.seconds(15)
  static let mostFailures = 6

  init(most: Int) { self.most = most }

  var count: Int { records.count }

  /// Takes endpoints in that could be peers; what is known already keeps its record, but one the
  /// user names is tried at once.
  mutating func add(_ endpoints: [Endpoint], from source: PeerSource) {
    for endpoint in endpoints where endpoint.isDialable {
      if let record = records[endpoint] {
        guard source == .user, record.isWaiting, !record.isBarred else { continue }
        records[endpoint]!.notBefore = .zero
      } else if records.count < most {
        records[endpoint] = Record()
        fresh.append(endpoint)
      }
    }
  }

  /// Takes the next endpoint to dial out of the list.
  mutating func next(at now: Moment) -> Endpoint? {
    if let endpoint = fresh.popFirst() {
      records[endpoint]?.isWaiting = false
      return endpoint
    }
    guard let due = later.firstIndex(where: { (records[$0]?.notBefore ?? .zero) <= now }) else {
      return nil
    }
    let endpoint = later.remove(at: due)
    records[endpoint]?.isWaiting = false
    return endpoint
  }

  /// The endpoint is connected through a connection the peer made: it need not be dialled.
  mutating func noteConnected(_ endpoint: Endpoint) { records[endpoint]?.failures = 0 }

  /// A connection to the endpoint is over; it may be tried again after a wait that grows with
  /// each attempt that led to nothing.
  mutating func giveBack(_ endpoint: Endpoint, wasConnected: Bool, at now: Moment) {
    guard var record = records[endpoint], !record.isWaiting, !record.isBarred else { return }
    record.failures = wasConnected ? 1 : record.failures + 1
    guard record.failures <= Self.mostFailures else {
      records[endpoint] = nil
      return
    }
    record.notBefore = now + Self.firstRetry * (1 << (record.failures - 1))
    record.isWaiting = true
    records[endpoint] = record
    later.append(endpoint)
  }

  /// The endpoint is our own.
  mutating func bar(_ endpoint: Endpoint) {
    records[endpoint, default: Record()].isBarred = true
    records[endpoint]!.isWaiting = false
  }
}
