package import ChordWire
package import DeterministicCore

extension ChordNode {
  /// Puts a node into a place it has not joined its way to: so rings of any size stand at once, in
  /// simulations and tests.
  ///
  /// - Parameters:
  ///   - fingers: nodes met, each offered to its interval.
  ///   - members: of the ring, where it is to be known whole.
  package mutating func place(
    predecessor: Contact?, successors: [Contact], fingers known: [Contact] = [],
    members all: [Contact] = [], at now: Moment, into effects: inout [ChordEffect]
  ) {
    stabilizer.place(predecessor: predecessor, successors: successors)
    for contact in known { fingers.offer(contact, latency: nil) }
    members.replace(with: all)
    lastSuccessor = stabilizer.successors.first
    becomeMember(at: now)
    scheduleWake(at: now, into: &effects)
  }
}

extension Stabilizer {
  fileprivate mutating func place(predecessor: Contact?, successors: [Contact]) {
    found()
    guard let next = successors.first, let predecessor else { return }
    set(predecessor: predecessor, head: next, then: Array(successors.dropFirst()))
  }
}
