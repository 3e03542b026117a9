/// What honest clients do not say. Signals are reported to whoever runs the tracker and decide
/// nothing: a line can be faster than expected, and a client can be wrong.
public enum CheatSignal: String, CaseIterable, Hashable, Sendable {
  /// More was moved since the last announce than any line carries.
  case impossibleRate = "impossible-rate"
  /// Bytes were uploaded while nobody was there to take them.
  case uploadWithoutTakers = "upload-without-takers"
  /// A torrent's members say that they sent more than all of them received.
  case imbalance

  /// Words for people.
  public var meaning: String {
    switch self {
    case .impossibleRate: "moved more than any line carries"
    case .uploadWithoutTakers: "uploaded while nobody was downloading"
    case .imbalance: "more uploaded than was downloaded by all"
    }
  }
}

/// Where the signals begin.
public struct CheatPolicy: Hashable, Sendable {
  /// Bytes a second, in either direction.
  public var fastestRate: UInt64 = 1 << 30
  /// Bytes that prove nothing: the rest of a block, a piece sent twice.
  public var slack: UInt64 = 16 << 20
  /// What a torrent's uploads may be above its downloads, in percent, besides the slack: downloads
  /// that are cut off are counted by the one who sent and not by the one who left.
  public var imbalancePercent: UInt64 = 10

  public init() {}

  /// What an announce is a sign of.
  ///
  /// - Parameters:
  ///   - previous: the session's mark before it.
  ///   - lastTaker: when a peer last announced to the torrent that was not a seed, or had just
  ///     become one; seconds since 1970, 0 for never.
  ///   - patience: seconds after which a silent peer is gone.
  public func signals(
    of credit: Credit, after previous: CreditMark?, lastTaker: Int64, patience: Int64
  ) -> [CheatSignal] {
    var signals: [CheatSignal] = []
    let moved = max(credit.movedUp, credit.movedDown)
    if moved > slack, (moved - slack) / UInt64(max(1, credit.elapsed)) > fastestRate {
      signals.append(.impossibleRate)
    }
    // Whoever took something was there after the session's last announce, or had announced at most
    // a lifetime before it.
    if credit.movedUp > slack, let previous, lastTaker < previous.lastSeen - patience {
      signals.append(.uploadWithoutTakers)
    }
    return signals
  }

  /// Whether what a torrent's members say they sent cannot have been received.
  public func isImbalanced(uploaded: UInt64, downloaded: UInt64) -> Bool {
    let room = downloaded / 100 * imbalancePercent + slack
    return uploaded > downloaded && uploaded - downloaded > room
  }
}
