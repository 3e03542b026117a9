import DeterministicCore

// Everybody comes at once, to one seed.
extension Scenario {
  /// The seed is four times as fast as a peer.
  static let flashCrowd = crowd(
    "flash-crowd", "equal peers come at once to a seed four times as fast", seedUplink: 4)

  /// The seed is as fast as a peer: what it sends twice, everybody waits for.
  static let equalSeed = crowd(
    "equal-seed", "equal peers come at once to a seed no faster than they are", seedUplink: 1)

  /// The seed is a quarter as fast as a peer, and so what all wait for: nobody may waste its bytes.
  static let slowSeed = crowd(
    "slow-seed", "equal peers come at once to a seed a quarter as fast as they are",
    seedUplink: 0.25)

  /// The seed goes as soon as the others hold one copy between them.
  static let seedLeaves = crowd(
    "seed-leaves", "the only seed goes as soon as one copy is out", seedUplink: 1,
    stay: .untilOneCopy, size: Size(peers: 40, pieces: 128))

  /// As large as swarms get, in coarse blocks.
  static let multitude = crowd(
    "multitude", "ten thousand equal peers and a seed four times as fast", seedUplink: 16,
    peerUplink: 4,
    size: Size(
      peers: 10_000, pieces: 1024, pieceLength: 1 << 20, blockLength: 1 << 20, mostPeers: 20))

  /// - Parameters:
  ///   - seedUplink: in MiB a second.
  ///   - peerUplink: in MiB a second.
  ///   - stay: how long the seed does.
  private static func crowd(
    _ name: String, _ summary: String, seedUplink: Double, peerUplink: Double = 1,
    stay: HostPlan.Stay = .forGood, size: Size = Size(peers: 50, pieces: 128)
  ) -> Scenario {
    Scenario(name, summary, size: size) { size, _ in
      var seed = HostPlan(.seed, AccessLink(uplink: seedUplink * .mebibyte))
      seed.stay = stay
      var plan = size.plan()
      plan.add(1, seed)
      plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: peerUplink * .mebibyte)))
      return plan
    }
  }
}
