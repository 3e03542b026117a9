import TorrentModel

/// What no policy can be faster than, in seconds from the first arrival.
public struct LowerBound: Sendable {
  /// Kumar and Ross (2006), for bytes that can be passed on as they come:
  /// max{F/u_s, F/d_min, N·F/(u_s + Σu_i)}.
  public let fluid: Double
  /// Mundinger et al. (2008), for pieces that can be passed on when they are whole, and equal
  /// capacities: (F/u)(1 + ⌊log₂N⌋/M). Zero where capacities differ.
  public let pieces: Double

  public var seconds: Double { max(fluid, pieces) }

  init(_ plan: Plan) {
    let length = Double(plan.geometry.totalLength)
    let seeds = plan.hosts.filter { $0.role == .seed }
    let takers = plan.hosts.filter { $0.isWaitedFor }
    let givers = takers.filter { $0.role == .contributor }
    let seedRate = seeds.reduce(0) { $0 + $1.link.uplink }
    let sum = givers.reduce(seedRate) { $0 + $1.link.uplink }
    var bound = length / max(seedRate, 1)
    // A seed that starts from nothing but shares held by others is no bottleneck.
    if takers.contains(where: { $0.share > 0 }) { bound = 0 }
    for taker in takers { bound = max(bound, (1 - taker.share) * length / taker.link.downlink) }
    let wanted = takers.reduce(0) { $0 + (1 - $1.share) * length }
    fluid = max(bound, wanted / max(sum, 1))
    let rates = (givers + seeds).map(\.link.uplink)
    if let rate = rates.first, rates.allSatisfy({ $0 == rate }), seeds.count == 1,
      givers.count == takers.count, !takers.isEmpty
    {
      let doublings = Double(takers.count.bitWidth - 1 - takers.count.leadingZeroBitCount)
      pieces = length / rate * (1 + doublings / Double(plan.geometry.pieceCount))
    } else {
      pieces = 0
    }
  }
}
