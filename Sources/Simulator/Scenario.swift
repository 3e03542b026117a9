public import DeterministicCore
import SwarmLogic
import TorrentModel

/// A kind of swarm that can be made in any size.
public struct Scenario: Sendable {
  /// How large a run is. The rates of links are the scenario's own, unless they are given.
  public struct Size: Sendable {
    /// Hosts besides the seeds.
    public var peers: Int
    public var pieces: Int
    /// Bytes.
    public var pieceLength: UInt64
    /// Bytes; as long as a piece at most. Long blocks make large runs cheap and store-and-forward
    /// coarse.
    public var blockLength: UInt32
    /// Connections of a host.
    public var mostPeers: Int
    /// Bytes a second that every host but the seeds sends.
    public var peerUplink: UInt64?
    /// Bytes a second that every seed sends.
    public var seedUplink: UInt64?

    public init(
      peers: Int, pieces: Int, pieceLength: UInt64 = 256 << 10, blockLength: UInt32 = 64 << 10,
      mostPeers: Int = 50
    ) {
      self.peers = peers
      self.pieces = pieces
      self.pieceLength = pieceLength
      self.blockLength = blockLength
      self.mostPeers = mostPeers
    }

    /// A plan of this size without hosts.
    ///
    /// - Precondition: the lengths make a torrent.
    func plan(deadline: TimeSpan = .minutes(600)) -> Plan {
      guard
        let geometry = PieceGeometry(
          totalLength: UInt64(pieces) * pieceLength, pieceLength: pieceLength,
          blockLength: min(blockLength, UInt32(pieceLength)))
      else { preconditionFailure("a scenario's size makes a torrent") }
      var plan = Plan(geometry: geometry, deadline: deadline)
      plan.configuration.mostPeers = mostPeers
      return plan
    }
  }

  /// As the command line names it.
  public let name: String
  /// One line for people.
  public let summary: String
  public let size: Size
  /// The plan of a size; the generator draws what differs between hosts.
  public let plan: @Sendable (Size, inout SeededGenerator) -> Plan

  init(
    _ name: String, _ summary: String, size: Size,
    plan: @escaping @Sendable (Size, inout SeededGenerator) -> Plan
  ) {
    self.name = name
    self.summary = summary
    self.size = size
    self.plan = plan
  }

  public static let all: [Scenario] = [
    .flashCrowd, .equalSeed, .slowSeed, .seedLeaves, .heterogeneous, .asymmetric, .longThin, .pair,
    .churn, .crashes, .lastPieces, .trackerDown, .partition, .freeRiders10, .freeRiders30,
    .freeRiders50, .deserted, .poisoners, .viewers, .multitude,
  ]

  public static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }
}
