import SwarmLogic

/// How a process divides the descriptors that it may have open (RLIMIT_NOFILE), so that no crowd of
/// one kind takes those that another needs: a full house of peers can still read its files.
///
/// The invariant: the parts and `reserved` together are no more than the limit, from 64 on.
public struct DescriptorBudget: Hashable, Sendable {
  /// For torrents' files at rest; each thread inside a storage may have one more.
  public let files: Int
  public let peers: Int
  /// Accepted connections that have not said who they are.
  public let unknown: Int
  /// Connections that turned out to be HTTP.
  public let guests: Int

  /// The standard streams, the loop's own descriptors, listeners, name look-ups, connections to
  /// trackers, and a file for each thread.
  static let reserved = 28

  /// - Parameter limit: descriptors of the process. Below 64 the parts stay what they are at 64, and
  ///   accepting pauses when the system refuses.
  public init(limit: Int) {
    let rest = max(limit, 64) - Self.reserved
    files = min(Self.mostFiles, rest / 4)
    let sockets = rest - files
    peers = sockets / 2
    unknown = sockets / 4
    guests = sockets / 4
  }

  private static let mostFiles = 128
}

extension SessionConfiguration {
  /// Keeps what the session opens within a budget.
  public mutating func keep(within budget: DescriptorBudget) {
    openFiles = min(openFiles, budget.files)
    connections.mostPeers = min(connections.mostPeers, budget.peers)
    connections.mostUnknown = min(connections.mostUnknown, budget.unknown)
    swarm.mostPeers = min(swarm.mostPeers, budget.peers)
  }
}
