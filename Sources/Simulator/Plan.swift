public import DeterministicCore
public import SwarmLogic
public import TorrentModel

/// All that happens in a run, before the first decision is made.
public struct Plan: Sendable {
  /// Something that befalls the network.
  public enum Event: Sendable {
    case trackerDown
    case trackerUp
    /// The hosts with numbers below `below` and the others cannot reach each other.
    case partition(below: Int)
    case heal
    /// A host loses its power: its peers hear nothing.
    case crash(Int)
    /// It comes back with the pieces it had verified.
    case restart(Int)
  }

  public struct Happening: Sendable {
    public var at: Moment
    public var event: Event

    public init(_ at: TimeSpan, _ event: Event) {
      self.at = .zero + at
      self.event = event
    }
  }

  public var geometry: PieceGeometry
  public var configuration = SwarmConfiguration()
  public var hosts: [HostPlan] = []
  public var happenings: [Happening] = []
  /// The run fails when it has not ended by then.
  public var deadline: Moment
  /// A host fails when it has gained nothing for this long while others hold what it lacks.
  public var patience = TimeSpan.minutes(10)
  /// What must be true at the end, besides the invariants.
  public var expectations: [Expectation] = [.everyoneCompletes]

  public init(geometry: PieceGeometry, deadline: TimeSpan) {
    self.geometry = geometry
    self.deadline = .zero + deadline
    configuration.longestRequest = max(configuration.longestRequest, geometry.blockLength)
  }

  /// Gives the hosts the uplinks that a size asks for in place of the scenario's own.
  mutating func setUplinks(_ size: Scenario.Size) {
    for number in hosts.indices {
      let uplink = hosts[number].role == .seed ? size.seedUplink : size.peerUplink
      if let uplink { hosts[number].link.uplink = Double(uplink) }
    }
  }

  /// Adds `count` hosts alike.
  public mutating func add(_ count: Int, _ host: HostPlan) {
    hosts += Array(repeating: host, count: count)
  }
}
