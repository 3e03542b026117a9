public import DeterministicCore

/// How a host is joined to the others: everything between two hosts is the sum of their two links,
/// as on the Internet, where the narrow and slow parts are at the edges.
public struct AccessLink: Hashable, Sendable {
  /// Bytes a second; 0 sends nothing.
  public var uplink: Double
  /// Bytes a second; infinite where it is no bottleneck.
  public var downlink: Double
  /// One way, from the host to the middle of the network.
  public var latency = TimeSpan.milliseconds(10)
  /// Up to this much is added to the latency, for each message anew.
  public var jitter = TimeSpan.milliseconds(2)
  /// The part of messages and blocks that are lost, and so come after a retransmission.
  public var loss = 0.0

  /// TCP waits at least this long before it sends again (RFC 6298 has a second, Linux 200 ms).
  static let retransmission = TimeSpan.milliseconds(200)

  public init(uplink: Double, downlink: Double = .infinity) {
    self.uplink = uplink
    self.downlink = downlink
  }
}

/// The links of all hosts. Most hosts have the link of many others, and each kind of link is kept once: a
/// message looks at both ends' links, which are at hand in a large swarm, too.
struct AccessLinks {
  private var kinds: [AccessLink] = []
  private var kindOfHost: [UInt32] = []

  init(_ links: [AccessLink]) {
    var known: [AccessLink: UInt32] = [:]
    for link in links {
      let kind = known[link] ?? UInt32(kinds.count)
      if kind == kinds.count {
        known[link] = kind
        kinds.append(link)
      }
      kindOfHost.append(kind)
    }
  }

  /// A host's link.
  subscript(host: Int) -> AccessLink { kinds[Int(kindOfHost[host])] }
}

extension Double {
  /// Bytes.
  static let mebibyte = 1_048_576.0
}
