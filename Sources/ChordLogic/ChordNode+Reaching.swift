import ChordWire
import DeterministicCore
import TorrentModel

/// From leaf to member: whoever is reached by others can keep records for them (as the supernodes of
/// FastTrack were chosen).
extension ChordNode {
  /// Checks within the time that reachability has to be proved for.
  private static let checks = 5
  /// Calls under way for others' sake at most.
  private static let mostCalls = 16

  private func nextCheck(at now: Moment, chance: Double) -> Moment {
    guard let span = configuration.provingReachability else { return .distantFuture }
    return now + .seconds(span.seconds / Double(Self.checks) * (0.75 + 0.5 * chance))
  }

  mutating func beginProving(at now: Moment) {
    guard configuration.provingReachability != nil, !reachability.isSought else { return }
    reachability.begin(at: nextCheck(at: now, chance: generator.fraction()))
  }

  /// Asks a node to have this leaf called by another.
  mutating func seekCall(at now: Moment, into effects: inout [ChordEffect]) {
    guard case .leaf = phase else { return reachability.stop() }
    reachability.check(next: nextCheck(at: now, chance: generator.fraction()))
    let known = remembered.contacts.filter { !suspicion.isSuspected($0.endpoint, at: now) }
    guard !known.isEmpty else { return }
    ask(known[generator.below(known.count)], .reach(nil), for: .reach, at: now, into: &effects)
  }

  /// A query may be the call that was asked for.
  mutating func noteCall(
    _ query: ChordQuery, from endpoint: Endpoint, at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard reachability.isSought, case .ping = query,
      let span = reachability.isCalled(from: endpoint.address, at: now),
      let proving = configuration.provingReachability, span >= proving,
      let own = reachability.endpoint
    else { return }
    reachability.stop()
    effects.append(.report(.reachable(own)))
  }

  // MARK: For others

  /// Has another node call a client. It must not be one at the client's own address, and should be one
  /// that it does not know.
  mutating func haveCalled(
    _ endpoint: Endpoint, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let others = (members.count > 1 ? members.contacts : stabilizer.successors.contacts).filter {
      $0.id != own.id && $0.endpoint.address != endpoint.address
        && $0.endpoint.address != own.endpoint.address
        && !suspicion.isSuspected($0.endpoint, at: now)
    }
    guard !others.isEmpty, mayCall else { return }
    ask(
      others[generator.below(others.count)], .reach(endpoint), for: .call, at: now, into: &effects)
  }

  /// Calls a client for another member.
  mutating func call(_ endpoint: Endpoint, at now: Moment, into effects: inout [ChordEffect]) {
    guard mayCall, endpoint != own.endpoint else { return }
    ask(endpoint, nil, .ping, for: .call, at: now, into: &effects)
  }

  private var mayCall: Bool { pending.queries.count { $0.purpose == .call } < Self.mostCalls }
}
