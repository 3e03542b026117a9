import DeterministicCore
import TorrentModel

/// Whether others reach this host unasked: calls of nodes it has not spoken to, again and again.
///
/// A firewall or a NAT lets in what looks like an answer, so a call from an address that was spoken to
/// lately proves nothing, nor does it tell against it.
///
/// The invariant: since `since` this host has stood at `endpoint`, and of no two checks in a row have
/// both been without a call.
struct ReachabilityProof: Sendable {
  private struct Word: Sendable {
    var address: Address
    var at: Moment
  }

  private var spokenTo: [Address: Moment] = [:]
  private var order = Queue<Word>()
  private(set) var endpoint: Endpoint?
  private(set) var since: Moment?
  private var isAwaiting = false
  private var missed = 0
  /// When the next node is to be asked for a call.
  private(set) var dueAt = Moment.distantFuture

  /// How long a firewall may take what comes from an address for an answer: RFC 4787 has NATs keep a
  /// mapping for two minutes at least, and most keep it for less than ten.
  static let memory = TimeSpan.minutes(10)
  static let mostAddresses = 4096
  private static let mostMissed = 2

  var isSought: Bool { dueAt < .distantFuture }

  mutating func begin(at moment: Moment) { dueAt = moment }

  mutating func stop() {
    dueAt = .distantFuture
    spokenTo = [:]
    order = Queue()
  }

  mutating func speaks(to address: Address, at now: Moment) {
    spokenTo[address] = now
    order.append(Word(address: address, at: now))
    while let oldest = order.first,
      order.count > Self.mostAddresses || oldest.at + Self.memory <= now
    {
      order.popFirst()
      if spokenTo[oldest.address] == oldest.at { spokenTo[oldest.address] = nil }
    }
  }

  /// Another check begins.
  mutating func check(next moment: Moment) {
    if isAwaiting { missed += 1 }
    if missed >= Self.mostMissed { since = nil }
    isAwaiting = true
    dueAt = moment
  }

  /// Where a node that is to have this host called sees it.
  mutating func stands(at observed: Endpoint?) {
    guard let observed, observed != endpoint else { return }
    endpoint = observed
    since = nil
  }

  /// Somebody asked something.
  ///
  /// - Returns: for how long it is known by now that others reach this host; nil where this call does
  ///   not tell.
  mutating func isCalled(from address: Address, at now: Moment) -> TimeSpan? {
    isAwaiting = false
    missed = 0
    if let moment = spokenTo[address], moment + Self.memory > now { return nil }
    guard endpoint != nil else { return nil }
    let since = since ?? now
    self.since = since
    return now - since
  }
}
