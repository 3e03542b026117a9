import DeterministicCore

// Hosts whose links differ from each other's, or one way from the other.
extension Scenario {
  /// Uplinks of three kinds, a third of the hosts each.
  static let heterogeneous = Scenario(
    "heterogeneous", "uplinks of 1 : 4 : 10, a third of the peers each",
    size: Size(peers: 48, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 4 * .mebibyte)))
    for number in 0..<size.peers {
      let share = [0.25, 1, 2.5][number % 3]
      plan.add(
        1,
        HostPlan(
          .contributor, AccessLink(uplink: share * .mebibyte, downlink: 10 * .mebibyte),
          group: ["slow uplink", "middling uplink", "fast uplink"][number % 3]))
    }
    return plan
  }

  /// Downlinks eight times as fast as uplinks, as of telephone lines.
  static let asymmetric = Scenario(
    "asymmetric", "downlinks eight times as fast as uplinks", size: Size(peers: 40, pieces: 96)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 0.25 * .mebibyte, downlink: 2 * .mebibyte)))
    var link = AccessLink(uplink: 0.125 * .mebibyte, downlink: .mebibyte)
    link.latency = .milliseconds(25)
    plan.add(size.peers, HostPlan(.contributor, link))
    return plan
  }

  /// Far apart and lossy, with room for much on the way.
  static let longThin = Scenario(
    "long-thin", "round trips of 600 ms, one message in a hundred lost",
    size: Size(peers: 20, pieces: 128)
  ) { size, _ in
    var link = AccessLink(uplink: .mebibyte)
    link.latency = .milliseconds(150)
    link.jitter = .milliseconds(20)
    link.loss = 0.005
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, link))
    plan.add(size.peers, HostPlan(.contributor, link))
    return plan
  }

  /// Of any size, since two are two.
  static let pair = Scenario(
    "pair", "one seed and one peer, however many are asked for", size: Size(peers: 1, pieces: 256)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: .mebibyte)))
    plan.add(1, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    plan.expectations.append(.makespan(atLeast: 0.95))
    return plan
  }
}
