import DeterministicCore

// Everybody comes at once, to one seed.
extension Scenario {
  /// The seed is four times as fast as a peer.
  static let flashCrowd = Scenario(
    "flash-crowd", "equal peers come at once to a seed four times as fast",
    size: Size(peers: 50, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 4 * .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    return plan
  }

  /// The seed is as fast as a peer: what it sends twice, everybody waits for.
  static let equalSeed = Scenario(
    "equal-seed", "equal peers come at once to a seed no faster than they are",
    size: Size(peers: 50, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    return plan
  }

  /// The seed is a quarter as fast as a peer, and so what all wait for: nobody may waste its bytes.
  static let slowSeed = Scenario(
    "slow-seed", "equal peers come at once to a seed a quarter as fast as they are",
    size: Size(peers: 50, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 0.25 * .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    return plan
  }

  /// The seed goes as soon as the others hold one copy between them.
  static let seedLeaves = Scenario(
    "seed-leaves", "the only seed goes as soon as one copy is out",
    size: Size(peers: 40, pieces: 128)
  ) { size, _ in
    var plan = size.plan()
    var seed = HostPlan(.seed, AccessLink(uplink: .mebibyte))
    seed.stay = .untilOneCopy
    plan.add(1, seed)
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: .mebibyte)))
    return plan
  }

  /// As large as swarms get, in coarse blocks.
  static let multitude = Scenario(
    "multitude", "ten thousand equal peers and a seed four times as fast",
    size: Size(
      peers: 10_000, pieces: 1024, pieceLength: 1 << 20, blockLength: 1 << 20, mostPeers: 30)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 16 * .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: 4 * .mebibyte)))
    return plan
  }
}
