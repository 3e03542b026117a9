extension Scenario {
  /// Everybody comes at once, to one seed that is four times as fast as a peer.
  static let flashCrowd = Scenario(
    "flash-crowd", "equal peers come at once to a seed four times as fast",
    size: Size(peers: 50, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 4 * .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    return plan
  }
}
