import DeterministicCore
import TorrentModel

// Hosts that come one after another, go, fall and come back.
extension Scenario {
  /// Peers come all the time and go half a minute after they are complete.
  static let churn = Scenario(
    "churn", "peers come steadily and leave soon after they are complete",
    size: Size(peers: 60, pieces: 64)
  ) { size, generator in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: .mebibyte)))
    let span = 10 * Double(plan.geometry.totalLength) / .mebibyte
    for _ in 0..<size.peers {
      var peer = HostPlan(.contributor, AccessLink(uplink: .mebibyte, downlink: 4 * .mebibyte))
      peer.arrivesAt = .zero + .seconds(span * generator.fraction())
      peer.stay = .afterCompletion(.seconds(30))
      plan.hosts.append(peer)
    }
    return plan
  }

  /// A fifth of the peers lose their power at some time and come back after a minute or five.
  static let crashes = Scenario(
    "crashes", "a fifth of the peers fall silent and come back",
    size: Size(peers: 30, pieces: 96)
  ) { size, generator in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 0.5 * .mebibyte)))
    plan.add(size.peers, HostPlan(.contributor, AccessLink(uplink: 0.5 * .mebibyte)))
    let span = Double(plan.geometry.totalLength) / .mebibyte
    for number in stride(from: 1, through: size.peers, by: 5) {
      let fall = TimeSpan.seconds(2 * span * generator.fraction())
      plan.happenings.append(.init(fall, .crash(number)))
      plan.happenings.append(
        .init(fall + .seconds(60 + generator.below(240)), .restart(number)))
    }
    plan.happenings.sort { $0.at < $1.at }
    return plan
  }

  /// Everybody has nearly everything; what one lacks, few others have.
  static let lastPieces = Scenario(
    "last-pieces", "peers that have nearly everything, and one copy of some pieces",
    size: Size(peers: 40, pieces: 256)
  ) { size, _ in
    var plan = size.plan()
    plan.add(1, HostPlan(.seed, AccessLink(uplink: 0.125 * .mebibyte)))
    var peer = HostPlan(.contributor, AccessLink(uplink: .mebibyte))
    peer.share = 0.96
    plan.add(size.peers, peer)
    return plan
  }
}
