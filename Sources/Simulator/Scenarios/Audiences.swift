import DeterministicCore

// Hosts on which somebody watches while it loads.
extension Scenario {
  /// All play the same film from its beginning, at half the rate of an uplink: the seed sends enough
  /// for one copy in time, and not for one for each.
  static let viewers = Scenario(
    "viewers", "everybody begins to play at once what a seed no faster than they are sends",
    size: Size(peers: 5, pieces: 128, blockLength: 16 << 10)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 2 * .mebibyte)))
    var viewer = HostPlan(.contributor, AccessLink(uplink: 2 * .mebibyte), group: "viewer")
    viewer.playback = Playback(rate: .mebibyte)
    plan.add(size.peers, viewer)
    return plan
  }
}
