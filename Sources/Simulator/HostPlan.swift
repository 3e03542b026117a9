public import DeterministicCore

/// One host of a scenario: what it is, how it is linked, when it comes and when it goes.
public struct HostPlan: Sendable {
  /// How a host behaves. All of them run the same decisions; the dishonest ones have their traffic
  /// changed on the way out.
  public enum Role: String, Sendable, CaseIterable {
    /// Has everything from the start.
    case seed
    /// Takes and gives.
    case contributor
    /// Never lets its peers know that they are unchoked: it gives nothing.
    case freeRider = "free rider"
    /// What it sends is not what the torrent's hash names.
    case poisoner
  }

  /// When a host goes.
  public enum Stay: Sendable {
    case forGood
    /// So long after it became complete; zero: at once.
    case afterCompletion(TimeSpan)
    /// A seed: as soon as the others hold one whole copy between them.
    case untilOneCopy
    /// So long after it came, complete or not.
    case lasting(TimeSpan)
  }

  public var role: Role
  public var link: AccessLink
  public var arrivesAt = Moment.zero
  public var stay = Stay.forGood
  /// Names the hosts that are measured together, such as those of one uplink.
  public var group: String
  /// Pieces it has when it comes, drawn at random.
  public var share = 0.0
  /// Somebody watches while it loads.
  public var playback: Playback?

  public init(_ role: Role, _ link: AccessLink, group: String? = nil) {
    self.role = role
    self.link = link
    self.group = group ?? role.rawValue
    share = role == .seed ? 1 : 0
  }

  var isHonest: Bool { role == .seed || role == .contributor }
  /// It is expected to become complete, and waited for.
  var isWaitedFor: Bool {
    if case .lasting = stay { return false }
    return role == .contributor || role == .freeRider
  }
}
