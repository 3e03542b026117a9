/// What must be true at the end of a run: a sentence if it is not.
public struct Expectation: Sendable {
  public let name: String
  let complaint: @Sendable (Outcome) -> String?

  public init(_ name: String, complaint: @escaping @Sendable (Outcome) -> String?) {
    self.name = name
    self.complaint = complaint
  }

  /// Everybody who is waited for became complete before the deadline.
  public static let everyoneCompletes = Expectation("everyone completes") { outcome in
    let missing = outcome.hosts.filter { $0.isWaitedFor && $0.completedAt == nil }
    guard let first = missing.first else { return nil }
    return
      "\(missing.count) hosts are not complete, host \(first.number) (\(first.group)) among them"
  }

  /// Nobody was banned who sent only what was right.
  public static let noHonestBans = Expectation("no honest host is banned") { outcome in
    outcome.hosts.first { $0.isHonest && $0.bannedBy > 0 }.map {
      "host \($0.number) (\($0.group)) is honest and banned by \($0.bannedBy): "
        + ($0.banReason ?? "")
    }
  }

  /// Everybody who sent what was false was banned by somebody.
  public static let poisonersBanned = Expectation("every poisoner is banned") { outcome in
    outcome.hosts.first { $0.role == .poisoner && $0.blocksSent > 0 && $0.bannedBy == 0 }.map {
      "host \($0.number) sent \($0.blocksSent) false blocks and is banned by nobody"
    }
  }

  /// The ratio of a lower bound on the time to the time it took.
  public static func makespan(atLeast least: Double) -> Expectation {
    Expectation("makespan efficiency ≥ \(least)") { outcome in
      let ratio = outcome.measures.makespanEfficiency
      return ratio < least ? "makespan efficiency \(ratio), below \(least)" : nil
    }
  }

  /// Bytes the first seeds sent until the others held one copy, over the torrent's length.
  public static func firstCopyCost(atMost most: Double) -> Expectation {
    Expectation("first copy costs ≤ \(most)") { outcome in
      let cost = outcome.measures.firstCopyCost ?? .infinity
      return cost > most ? "the first copy cost \(cost) of its length, over \(most)" : nil
    }
  }
}
