import DeterministicCore
import TorrentModel

/// Endpoints that may be dialled, in the order in which they are worth it.
///
/// The invariant: an endpoint stands in `fresh` or `later`, once, exactly when its record says that
/// it is waiting, so it is dialled by one attempt at a time; whoever takes one out dials it, gives
/// it back or bars it. Decides over queues; the dictionary is only looked things up in.
struct CandidateList: Sendable {
  private struct Record {
    var failures = 0
    var notBefore = Moment.zero
    var isWaiting = true
    /// Never to be dialled again: ourselves, or one with which there is nothing to trade for good.
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
  /// The wait of an endpoint that is connected otherwise, or banned.
  static let postponement = TimeSpan.seconds(60)

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
    while let endpoint = fresh.popFirst() {
      guard records[endpoint]?.isBarred == false else { continue }
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

  /// The endpoint was taken out and not dialled, for a reason that passes: it is offered again
  /// after a while.
  mutating func postpone(_ endpoint: Endpoint, at now: Moment) {
    guard var record = records[endpoint], !record.isWaiting, !record.isBarred else { return }
    record.notBefore = now + Self.postponement
    record.isWaiting = true
    records[endpoint] = record
    later.append(endpoint)
  }

  /// A connection to the endpoint is over; it may be tried again after a wait that grows with
  /// each attempt that led to nothing.
  mutating func giveBack(_ endpoint: Endpoint, wasUseful: Bool, at now: Moment) {
    guard var record = records[endpoint], !record.isWaiting, !record.isBarred else { return }
    record.failures = wasUseful ? 1 : record.failures + 1
    guard record.failures <= Self.mostFailures else {
      records[endpoint] = nil
      return
    }
    record.notBefore = now + Self.firstRetry * (1 << (record.failures - 1))
    record.isWaiting = true
    records[endpoint] = record
    later.append(endpoint)
  }

  /// The endpoint is never to be dialled again.
  mutating func bar(_ endpoint: Endpoint) {
    // One that is not known and for which there is no room need not be remembered.
    guard records[endpoint] != nil || records.count < most else { return }
    records[endpoint, default: Record()].isBarred = true
    records[endpoint]!.isWaiting = false
    later.removeAll { $0 == endpoint }
  }
}
