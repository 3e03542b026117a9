import DeterministicCore
import TorrentModel

/// Endpoints that may be dialled, in the order in which they are worth it.
///
/// The invariant: an endpoint stands in `fresh` or `later`, once, exactly when its record says that
/// it is waiting, so it is dialled by one attempt at a time; whoever takes one out dials it, gives
/// it back or bars it. Decides over arrays; the dictionary is only looked things up in.
struct CandidateList: Sendable {
  private struct Record {
    var notBefore = Moment.zero
    var source: PeerSource
    var failures: UInt8 = 0
    var isWaiting = true
    /// Never to be dialled again: ourselves, or one with which there is nothing to trade for good.
    var isBarred = false
    /// Whether it answers when it is called encrypted, where that is known.
    var answersEncrypted: Bool?
    /// What it is known to call the torrent.
    var name: InfoHash?
  }

  /// An endpoint that was not tried since it was last heard of.
  private struct Newcomer {
    let endpoint: Endpoint
    var rank: UInt64
  }

  private var records: [Endpoint: Record] = [:]
  /// Those with the greatest rank are dialled first; of one rank, first come first dialled.
  private var fresh: [Newcomer] = []
  /// Endpoints tried before, each due at its record's `notBefore`.
  private var later: [Endpoint] = []
  /// None of those is due before this.
  private var earliest = Moment.distantFuture
  private let most: Int
  /// Where others see us, from which ranks are computed (BEP 40).
  private var ourEndpoint: Endpoint?

  /// The wait after a first failure; doubled by each further one.
  static let firstRetry = TimeSpan.seconds(15)
  static let mostFailures = 6
  /// The wait of an endpoint that is connected otherwise, or banned.
  static let postponement = TimeSpan.seconds(60)

  init(most: Int) { self.most = most }

  var count: Int { records.count }

  /// Takes endpoints in that could be peers; what is known already keeps its record, but one the
  /// user names is tried at once. Hearsay fills no more than half of the list.
  ///
  /// - Parameter name: what they call the torrent, where that is known.
  mutating func add(_ endpoints: [Endpoint], from source: PeerSource, under name: InfoHash? = nil) {
    for endpoint in endpoints where endpoint.isDialable {
      if let record = records[endpoint] {
        if record.source.isHearsay, !source.isHearsay { records[endpoint]!.source = source }
        guard source == .user, record.isWaiting, !record.isBarred else { continue }
        records[endpoint]!.notBefore = .zero
        earliest = .zero
      } else if records.count < (source.isHearsay ? most / 2 : most) {
        records[endpoint] = Record(source: source, name: name)
        fresh.append(Newcomer(endpoint: endpoint, rank: rank(endpoint, from: source)))
      }
    }
  }

  /// Whom the user names comes first, the others as BEP 40 ranks them, once it is known where we are.
  private func rank(_ endpoint: Endpoint, from source: PeerSource) -> UInt64 {
    if source == .user { return .max }
    return ourEndpoint.map { UInt64(CanonicalPriority.of($0, endpoint)) } ?? 0
  }

  mutating func rank(from ourEndpoint: Endpoint) {
    self.ourEndpoint = ourEndpoint
    for index in fresh.indices {
      let endpoint = fresh[index].endpoint
      fresh[index].rank = rank(endpoint, from: records[endpoint]?.source ?? .tracker)
    }
  }

  /// Takes the next endpoint to dial out of the list, and who told of it.
  mutating func next(at now: Moment) -> (endpoint: Endpoint, source: PeerSource)? {
    while let endpoint = takeBestNewcomer() {
      guard let record = records[endpoint], !record.isBarred else { continue }
      records[endpoint]!.isWaiting = false
      return (endpoint, record.source)
    }
    guard now >= earliest else { return nil }
    var soonest = Moment.distantFuture
    for (place, endpoint) in later.enumerated() {
      let due = records[endpoint]?.notBefore ?? .zero
      if due <= now {
        later.remove(at: place)
        records[endpoint]?.isWaiting = false
        return (endpoint, records[endpoint]?.source ?? .tracker)
      }
      soonest = min(soonest, due)
    }
    earliest = soonest
    return nil
  }

  private mutating func takeBestNewcomer() -> Endpoint? {
    guard var best = fresh.indices.first else { return nil }
    for index in fresh.indices where fresh[index].rank > fresh[best].rank { best = index }
    return fresh.remove(at: best).endpoint
  }

  private mutating func wait(_ endpoint: Endpoint, _ record: Record, until moment: Moment) {
    var record = record
    record.notBefore = moment
    record.isWaiting = true
    records[endpoint] = record
    later.append(endpoint)
    earliest = min(earliest, moment)
  }

  /// The endpoint was taken out and not dialled, for a reason that passes: it is offered again
  /// after a while.
  mutating func postpone(_ endpoint: Endpoint, at now: Moment) {
    guard let record = records[endpoint], !record.isWaiting, !record.isBarred else { return }
    wait(endpoint, record, until: now + Self.postponement)
  }

  /// A connection to the endpoint is over; it may be tried again after a wait that grows with
  /// each attempt that led to nothing.
  mutating func giveBack(_ endpoint: Endpoint, wasUseful: Bool, at now: Moment) {
    guard var record = records[endpoint], !record.isWaiting, !record.isBarred else { return }
    record.failures = wasUseful ? 1 : record.failures + 1
    guard Int(record.failures) <= Self.mostFailures else {
      records[endpoint] = nil
      return
    }
    wait(endpoint, record, until: now + Self.firstRetry * (1 << Int(record.failures - 1)))
  }

  func name(for endpoint: Endpoint) -> InfoHash? { records[endpoint]?.name }

  /// The endpoint has answered under a name.
  mutating func note(_ endpoint: Endpoint, answersTo name: InfoHash?) {
    records[endpoint]?.name = name
  }

  func answersEncrypted(_ endpoint: Endpoint) -> Bool? { records[endpoint]?.answersEncrypted }

  mutating func note(_ endpoint: Endpoint, answersEncrypted: Bool?) {
    records[endpoint]?.answersEncrypted = answersEncrypted
  }

  /// The endpoint is never to be dialled again.
  mutating func bar(_ endpoint: Endpoint) {
    // One that is not known and for which there is no room need not be remembered.
    guard records[endpoint] != nil || records.count < most else { return }
    let wasWaiting = records[endpoint]?.isWaiting ?? false
    records[endpoint, default: Record(source: .incoming)].isBarred = true
    records[endpoint]!.isWaiting = false
    if wasWaiting { forget { $0 == endpoint } }
  }

  /// Drops all that only other peers told of (BEP 27).
  mutating func forgetHearsay() {
    let isHearsay = { [records] (endpoint: Endpoint) in
      records[endpoint]?.source.isHearsay ?? false
    }
    forget(isHearsay)
    records = records.filter { !$0.value.source.isHearsay || $0.value.isBarred }
  }

  private mutating func forget(_ isGone: (Endpoint) -> Bool) {
    fresh.removeAll { isGone($0.endpoint) }
    later.removeAll(where: isGone)
  }
}
