import TorrentModel
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
  /// and only the disk's word for it was lost.
  ///
  /// - Parameters:
  ///   - reports: in the order they came.
  ///   - patience: seconds after which a silent peer is gone.
  public func settle(
    _ reports: [CreditReport], as batch: CreditBatch, patience: Int64, policy: CheatPolicy
  ) throws(AccountsError) {
    guard !reports.isEmpty else { return }
    try database.transaction { () throws(AccountsError) in
      let last = try database.row("SELECT value FROM setting WHERE name = 'batch'") { $0.text(0) }
      guard last != batch.text else { return }
      try database.run("INSERT OR REPLACE INTO setting VALUES ('batch', ?)", .text(batch.text))
      for report in reports { try settle(report, patience, policy) }
      try reportImbalance(of: Set(reports.map(\.session.torrent)).sorted(), policy, reports)
    }
  }

  private func settle(
    _ report: CreditReport, _ patience: Int64, _ policy: CheatPolicy
  ) throws(AccountsError) {
    let session = report.session
    let torrent = Database.Value.integer(session.torrent.number)
    let member = Database.Value.integer(Int64(session.member.number))
    let mark = try mark(of: session)
    let (credit, next) = Crediting.settle(report, after: mark, patience: patience)
    let lastTaker =
      try database.row("SELECT last_taker FROM torrent WHERE id = ?", torrent) { $0.integer(0) }
    // A torrent is never deleted, and no announce of one that is not there comes so far.
    guard let lastTaker else { return }
    let signals = policy.signals(
      of: credit, after: mark, lastTaker: lastTaker, patience: patience)
    for signal in signals {
      try add(signal, member, torrent, max(credit.movedUp, credit.movedDown), at: report.time)
    }
    try database.run(
      """
      INSERT OR REPLACE INTO session (torrent, member, peer_id, client_key, uploaded, downloaded,
        is_seed, is_active, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, torrent, member, .blob(session.peerID.bytes), .integer(Int64(session.key)),
      .count(next.uploaded), .count(next.downloaded), .flag(next.isSeed), .flag(next.isActive),
      .integer(next.lastSeen))
    try database.run(
      """
      UPDATE member SET uploaded = uploaded + ?, downloaded = downloaded + ?,
        moved_up = moved_up + ?, moved_down = moved_down + ?, seed_time = seed_time + ?,
        last_seen = max(last_seen, ?) WHERE id = ?
      """, .count(credit.uploaded), .count(credit.downloaded), .count(credit.movedUp),
      .count(credit.movedDown), .integer(credit.seedTime), .integer(report.time), member)
    try database.run(
      """
      INSERT INTO history (member, torrent, uploaded, downloaded, moved_up, moved_down, seed_time,
        completed, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET uploaded = uploaded + excluded.uploaded,
        downloaded = downloaded + excluded.downloaded, moved_up = moved_up + excluded.moved_up,
        moved_down = moved_down + excluded.moved_down,
        seed_time = seed_time + excluded.seed_time, completed = completed + excluded.completed,
        last_seen = max(last_seen, excluded.last_seen)
      """, member, torrent, .count(credit.uploaded), .count(credit.downloaded),
      .count(credit.movedUp), .count(credit.movedDown), .integer(credit.seedTime),
      .flag(credit.completes), .integer(report.time))
    try database.run(
      """
      UPDATE torrent SET moved_up = moved_up + ?, moved_down = moved_down + ?,
        completed = completed + ?, last_taker = max(last_taker, ?) WHERE id = ?
      """, .count(credit.movedUp), .count(credit.movedDown), .flag(credit.completes),
      .integer(report.isTaker ? report.time : 0), torrent)
  }

  private func mark(of session: CreditSession) throws(AccountsError) -> CreditMark? {
    try database.row(
      """
      SELECT uploaded, downloaded, is_seed, is_active, last_seen FROM session
      WHERE torrent = ? AND member = ? AND peer_id = ? AND client_key = ?
      """, .integer(session.torrent.number), .integer(Int64(session.member.number)),
      .blob(session.peerID.bytes), .integer(Int64(session.key))
    ) { row in
      CreditMark(
        uploaded: row.unsigned(0), downloaded: row.unsigned(1), isSeed: row.flag(2),
        isActive: row.flag(3), lastSeen: row.integer(4))
    }
  }

  // MARK: Signals

  /// Names the member who says to have uploaded most of the torrent.
  private func reportImbalance(
    of torrents: [TorrentID], _ policy: CheatPolicy, _ reports: [CreditReport]
  ) throws(AccountsError) {
    let time = reports.map(\.time).max() ?? 0
    for torrent in torrents {
      let id = Database.Value.integer(torrent.number)
      let moved = try database.row("SELECT moved_up, moved_down FROM torrent WHERE id = ?", id) {
        (up: $0.unsigned(0), down: $0.unsigned(1))
      }
      guard let moved, policy.isImbalanced(uploaded: moved.up, downloaded: moved.down) else {
        continue
      }
      let member = try database.row(
        "SELECT member FROM history WHERE torrent = ? ORDER BY moved_up DESC LIMIT 1", id
      ) { $0.integer(0) }
      try add(.imbalance, .integer(member ?? 0), id, moved.up - moved.down, at: time)
    }
  }

  private func add(
    _ signal: CheatSignal, _ member: Database.Value, _ torrent: Database.Value, _ amount: UInt64,
    at time: Int64
  ) throws(AccountsError) {
    try database.run(
      """
      INSERT INTO signal (kind, member, torrent, count, amount, last_seen)
      VALUES (?, ?, ?, 1, ?, ?)
      ON CONFLICT DO UPDATE SET count = count + 1, amount = max(amount, excluded.amount),
        last_seen = excluded.last_seen
      """, .text(signal.rawValue), member, torrent, .count(amount), .integer(time))
  }

  // MARK: Upkeep

  /// Sessions that said nothing for so long are over; a client keeps no totals for longer.
  private static let longestSession: Int64 = 90 * 86_400

  /// Ends the sessions of peers that left without a word, and forgets those long over.
  public func tidy(at time: Int64, patience: Int64) throws(AccountsError) {
    try database.run(
      "UPDATE session SET is_active = 0 WHERE last_seen < ? AND is_active",
      .integer(time - patience))
    try database.run(
      "DELETE FROM session WHERE last_seen < ?", .integer(time - Self.longestSession))
  }
}
