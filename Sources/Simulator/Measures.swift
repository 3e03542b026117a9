import DeterministicCore

/// What a swarm is judged by.
public struct Measures: Sendable {
  /// What one group of hosts gave, took and waited.
  public struct Group: Sendable {
    public let name: String
    public let count: Int
    public let completed: Int
    /// Seconds from arrival to completion, of those that are complete; nil with none.
    public let meanSeconds: Double?
    public let bytesSent: UInt64
    public let bytesReceived: UInt64

    /// Bytes received over bytes sent; infinite for those that gave nothing.
    public var receivedOverGiven: Double {
      bytesSent > 0
        ? Double(bytesReceived) / Double(bytesSent) : bytesReceived > 0 ? .infinity : 0
    }
  }

  /// What all those saw together who watched while it loaded.
  public struct Watching: Sendable {
    /// Seconds until the last of them saw the first picture; nil if one never did.
    public let longestStart: Double?
    public let stalls: Int
    /// Seconds that the host stood still in all that did so longest.
    public let longestStalled: Double

    init?(_ hosts: [HostOutcome]) {
      let watchers = hosts.compactMap(\.playback)
      guard !watchers.isEmpty else { return nil }
      let starts = watchers.compactMap(\.start?.seconds)
      longestStart = starts.count == watchers.count ? starts.max() : nil
      stalls = watchers.reduce(0) { $0 + $1.stalls }
      longestStalled = watchers.map(\.stalled.seconds).max() ?? 0
    }
  }

  /// The lower bound over the time until the last host was complete; 0 if one is not.
  public let makespanEfficiency: Double
  /// The lower bound over the mean time from arrival to completion.
  public let meanEfficiency: Double
  /// Bytes sent over what the uplinks could send, until the last host was complete.
  public let uplinkUse: Double
  /// Bytes the first seeds sent until the others held one copy, over the torrent's length.
  public let firstCopyCost: Double?
  /// Bytes that came twice, unasked or too late, over those that landed.
  public let waste: Double
  /// The least diversity once a tenth of all pieces is out.
  public let leastDiversity: Double
  /// What those saw who watched; nil where nobody did.
  public let playback: Watching?
  public let lastSeconds: Double?
  public let meanSeconds: Double?
  /// By name of group, in the plan's order.
  public let groups: [Group]

  init(
    _ hosts: [HostOutcome], bound: LowerBound, samples: [Sample], length: UInt64, ledger: Ledger,
    seedBytesAtFirstCopy: UInt64?
  ) {
    let awaited = hosts.filter { $0.isWaitedFor }
    let times = awaited.compactMap(\.seconds)
    let mean = times.isEmpty ? nil : times.reduce(0, +) / Double(times.count)
    let ends = awaited.compactMap { host in host.completedAt.map { ($0 - Moment.zero).seconds } }
    let last = ends.count == awaited.count ? ends.max() : nil
    lastSeconds = last
    meanSeconds = mean
    makespanEfficiency = last.map { bound.seconds / $0 } ?? 0
    meanEfficiency = mean.map { bound.seconds / $0 } ?? 0
    let counted = samples.filter { sample in last.map { sample.seconds <= $0 } ?? true }
    uplinkUse = counted.reduce(0) { $0 + $1.uplinkUse } / Double(max(1, counted.count))
    firstCopyCost = seedBytesAtFirstCopy.map { Double($0) / Double(length) }
    waste = Double(ledger.discarded) / Double(max(1, ledger.landed))
    leastDiversity = samples.filter { $0.fraction >= 0.1 }.map(\.diversity).min() ?? 0
    groups = Self.groups(hosts)
    playback = Watching(hosts)
  }

  private static func groups(_ hosts: [HostOutcome]) -> [Group] {
    var names: [String] = []
    for host in hosts where !names.contains(host.group) { names.append(host.group) }
    return names.map { name in
      let members = hosts.filter { $0.group == name }
      let times = members.compactMap(\.seconds)
      return Group(
        name: name, count: members.count, completed: times.count,
        meanSeconds: times.isEmpty ? nil : times.reduce(0, +) / Double(times.count),
        bytesSent: members.reduce(0) { $0 + $1.bytesSent },
        bytesReceived: members.reduce(0) { $0 + $1.bytesReceived })
    }
  }

  public func group(_ name: String) -> Group? { groups.first { $0.name == name } }
}
