import DeterministicCore

// The network and the tracker fail.
extension Scenario {
  /// The tracker is down for ten minutes; half of the peers come while it is.
  static let trackerDown = Scenario(
    "tracker-down", "no tracker for ten minutes, while half of the peers come",
    size: Size(peers: 30, pieces: 128)
  ) { size, generator in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 0.5 * .mebibyte)))
    for number in 0..<size.peers {
      var peer = HostPlan(
        .contributor, AccessLink(uplink: 0.5 * .mebibyte),
        group: number % 2 == 0 ? "came before" : "came into the silence")
      if number % 2 == 1 { peer.arrivesAt = .zero + .seconds(20 + generator.below(500)) }
      plan.hosts.append(peer)
    }
    plan.happenings = [.init(.seconds(10), .trackerDown), .init(.seconds(610), .trackerUp)]
    plan.patience = .minutes(25)
    return plan
  }

  /// The network falls into halves, longer than a connection lasts without a word, and heals.
  static let partition = Scenario(
    "partition", "the network falls into halves for four minutes and heals",
    size: Size(peers: 30, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 0.25 * .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: 0.25 * .mebibyte)))
    plan.happenings = [
      .init(.seconds(20), .partition(below: 1 + size.peers / 2)), .init(.seconds(260), .heal),
    ]
    return plan
  }
}
