public import TrackerLogic

/// Names a batch of announces, so that it is not written twice.
public struct CreditBatch: Hashable, Sendable {
  /// Random, of the one tracker's run that made it.
  let run: UInt64
  private(set) var number: UInt64 = 0

  /// The first of a run.
  public init(run: UInt64) { self.run = run }

  /// The one behind it.
  public var next: CreditBatch {
    var next = self
    next.number += 1
    return next
  }

  var text: String { "\(run):\(number)" }
}

extension AccountStore {
  /// Settles announces with the accounts, all in one transaction that also notes the batch: where
  /// this throws, the batch may be settled again, and is not credited twice even if it was written
  /// and only the disk's or the server's word for it was lost.
  ///
  /// - Parameters:
  ///   - reports: in the order they came.
  ///   - patience: seconds after which a silent peer is gone.
  public func settle(
    _ reports: [CreditReport], as batch: CreditBatch, patience: Int64, policy: CheatPolicy
  ) throws(AccountsError) {
    guard !reports.isEmpty else { return }
    let time = reports.map(\.time).max() ?? 0
    try database.transaction { () throws(AccountsError) in
      guard try !database.note(batch, at: time) else { return }
      let torrents = Set(reports.map(\.session.torrent)).sorted()
      var settlement = Settlement(
        marks: try database.marks(of: Set(reports.map(\.session)).sorted()),
        lastTakers: try database.lastTakers(of: torrents))
      for report in reports { settlement.settle(report, patience: patience, policy: policy) }
      try database.write(settlement)
      try reportImbalance(of: torrents, policy, at: time)
    }
  }

  /// Names the member who says to have uploaded most of the torrent.
  private func reportImbalance(
    of torrents: [TorrentID], _ policy: CheatPolicy, at time: Int64
  ) throws(AccountsError) {
    var settlement = Settlement(marks: [:], lastTakers: [:])
    for moved in try database.moved(of: torrents)
    where policy.isImbalanced(uploaded: moved.up, downloaded: moved.down) {
      let member = try database.row(
        "SELECT member FROM history WHERE torrent = ? ORDER BY moved_up DESC LIMIT 1",
        .integer(moved.torrent.number)
      ) { MemberID(UInt32(clamping: $0.integer(0))) }
      settlement.add(
        .imbalance, of: .init(member: member ?? MemberID(0), torrent: moved.torrent),
        amount: moved.up - moved.down, at: time)
    }
    if !settlement.signals.isEmpty { try database.write(settlement) }
  }

  // MARK: Upkeep

  /// Sessions that said nothing for so long are over; a client keeps no totals for longer.
  private static let longestSession: Int64 = 90 * 86_400

  /// Ends the sessions of peers that left without a word, and forgets those long over.
  public func tidy(at time: Int64, patience: Int64) throws(AccountsError) {
    try database.run(
      "UPDATE session SET is_active = 0 WHERE last_seen < ? AND is_active <> 0",
      .integer(time - patience))
    try database.run(
      "DELETE FROM session WHERE last_seen < ?", .integer(time - Self.longestSession))
  }
}
