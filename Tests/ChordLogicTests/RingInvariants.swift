import ChordWire
import DeterministicCore

@testable import ChordLogic

/// The state of every member as the proofs of "How to make Chord correct" see it: a step counts as
/// done when the node that is asked gives its state away, for until the answer has come nobody reads
/// the state of the one that asked.
extension RingModel {
  /// - Parameter crashed: a host taken for dead, to see whether its crash would be legal.
  func steppedStates(without crashed: Int? = nil) -> [(host: Int, state: Stabilizer)] {
    var states: [(host: Int, state: Stabilizer)] = []
    for host in living where host != crashed {
      var state = hosts[host].node.stabilizer
      for event in events where event.host == host {
        guard case .deliver(let message, let endpoint) = event.fact,
          case .reply(.state(let predecessor, let successors), let head) = message.body,
          let place = hosts[host].node.pending.find(message.transaction, from: endpoint)
        else { continue }
        let query = hosts[host].node.pending.queries[place]
        guard event.at < query.deadline, query.receiver == head.sender else { continue }
        switch query.purpose {
        case .successorState:
          _ = state.successorAnswered(predecessor: predecessor, successors: successors)
        case .candidateState: _ = state.candidateAnswered(successors: successors)
        case .join:
          if !state.isMember {
            _ = state.join(behind: Contact(head.sender, endpoint), successors: successors)
          }
        default: break
        }
      }
      if state.isMember { states.append((host, state)) }
    }
    return states
  }

  /// What must hold after every step and does not, in words.
  func brokenInvariants(r: Int, without crashed: Int? = nil) -> [String] {
    let states = steppedStates(without: crashed)
    var alive: Set<Identifier> = []
    for (host, _) in states { alive.insert(hosts[host].contact.id) }
    var broken: [String] = []
    for (host, state) in states {
      let list = state.successors.contacts
      if !list.contains(where: { alive.contains($0.id) }) {
        broken.append("I1: host \(host) has no live successor")
      }
      if list.count != r { broken.append("host \(host) has \(list.count) successors, not \(r)") }
    }
    let principals = states.count { candidate in
      let id = hosts[candidate.host].contact.id
      return !states.contains { skips(over: id, $0.state) }
    }
    if principals < r + 1 { broken.append("I2: \(principals) principals, fewer than \(r + 1)") }
    return broken
  }

  /// Whether a member's list, with itself in front, passes over a node.
  private func skips(over id: Identifier, _ state: Stabilizer) -> Bool {
    var previous = state.own.id
    for contact in state.successors.contacts {
      if previous != id, contact.id != id, Identifier.between(previous, id, contact.id) {
        return true
      }
      previous = contact.id
    }
    return false
  }

  func isLegalCrash(of host: Int, r: Int) -> Bool {
    brokenInvariants(r: r, without: host).isEmpty
  }

  /// What an undisturbed ring should look like and does not, in words.
  ///
  /// - Parameter r: successors every node has; nil where each has as many as it thinks right.
  func flaws(r: Int? = nil) -> [String] {
    var flaws: [String] = []
    let sorted = living.sorted { hosts[$0].contact.id < hosts[$1].contact.id }
    for (place, host) in sorted.enumerated() {
      let node = hosts[host].contact
      guard hosts[host].node.isMember else {
        flaws.append("\(node) is no member")
        continue
      }
      let count = min(
        r ?? max(8, hosts[host].node.successors.count), sorted.count - 1)
      let following = (1...max(count, 1)).prefix(count).map {
        hosts[sorted[(place + $0) % sorted.count]].contact
      }
      if hosts[host].node.successors != following { flaws.append("\(node): wrong successors") }
      let before = hosts[sorted[(place + sorted.count - 1) % sorted.count]].contact
      if sorted.count > 1, hosts[host].node.predecessor != before {
        flaws.append("\(node): wrong predecessor")
      }
    }
    return flaws
  }
}
