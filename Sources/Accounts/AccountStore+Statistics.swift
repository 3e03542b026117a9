public import TorrentModel
public import TrackerLogic

/// The accounts in numbers.
public struct AccountTotals: Sendable {
  public var members = 0
  public var revoked = 0
  public var torrents = 0
  /// Sessions under way.
  public var sessions = 0
  /// Bytes as announced.
  public var movedUp: UInt64 = 0
  public var movedDown: UInt64 = 0
  public var completed = 0
}

/// A cheat signal, as it was seen of one member and torrent.
public struct ReportedSignal: Sendable {
  public var signal: CheatSignal
  /// Empty where no member is concerned.
  public var member: String
  public var title: String
  public var infoHash: InfoHash
  public var count: Int
  /// Bytes of the largest.
  public var amount: UInt64
  /// Seconds since 1970.
  public var lastSeen: Int64
}

/// What a member did of one torrent.
public struct MemberHistory: Sendable {
  public var title: String
  public var infoHash: InfoHash
  public var uploaded: UInt64
  public var downloaded: UInt64
  public var seedTime: Int64
  public var completed: Int
  public var lastSeen: Int64
}

extension AccountStore {
  public func totals() throws(AccountsError) -> AccountTotals {
    try database.row(
      """
      SELECT (SELECT count(*) FROM member WHERE is_revoked = 0),
        (SELECT count(*) FROM member WHERE is_revoked <> 0),
        (SELECT count(*) FROM torrent WHERE is_removed = 0),
        (SELECT count(*) FROM session WHERE is_active <> 0),
        (SELECT coalesce(sum(moved_up), 0) FROM member),
        (SELECT coalesce(sum(moved_down), 0) FROM member),
        (SELECT coalesce(sum(completed), 0) FROM torrent)
      """
    ) { row in
      AccountTotals(
        members: Int(row.integer(0)), revoked: Int(row.integer(1)), torrents: Int(row.integer(2)),
        sessions: Int(row.integer(3)), movedUp: row.unsigned(4), movedDown: row.unsigned(5),
        completed: Int(row.integer(6)))
    } ?? AccountTotals()
  }

  /// The latest first.
  public func signals(limit: Int) throws(AccountsError) -> [ReportedSignal] {
    try database.rows(
      """
      SELECT kind, coalesce(name, ''), title, info_hash, count, amount, signal.last_seen
      FROM signal JOIN torrent ON torrent.id = signal.torrent
        LEFT JOIN member ON member.id = signal.member
      ORDER BY signal.last_seen DESC LIMIT ?
      """, .integer(Int64(limit))
    ) { row -> ReportedSignal? in
      guard let signal = CheatSignal(rawValue: row.text(0)),
        let infoHash = InfoHash(bytes: row.blob(3))
      else { return nil }
      return ReportedSignal(
        signal: signal, member: row.text(1), title: row.text(2), infoHash: infoHash,
        count: Int(row.integer(4)), amount: row.unsigned(5), lastSeen: row.integer(6))
    }.compactMap { $0 }
  }

  /// How many were seen of each kind.
  public func signalCounts() throws(AccountsError) -> [CheatSignal: Int] {
    let counts = try database.rows("SELECT kind, sum(count) FROM signal GROUP BY kind") {
      (CheatSignal(rawValue: $0.text(0)), Int($0.integer(1)))
    }
    return counts.reduce(into: [:]) { result, entry in
      if let signal = entry.0 { result[signal] = entry.1 }
    }
  }

  /// What a member did, torrent by torrent, the latest first.
  public func history(
    of member: MemberID, limit: Int
  ) throws(AccountsError) -> [MemberHistory] {
    try database.rows(
      """
      SELECT title, info_hash, uploaded, downloaded, seed_time, history.completed,
        history.last_seen FROM history JOIN torrent ON torrent.id = history.torrent
      WHERE member = ? ORDER BY history.last_seen DESC LIMIT ?
      """, .integer(Int64(member.number)), .integer(Int64(limit))
    ) { row -> MemberHistory? in
      guard let infoHash = InfoHash(bytes: row.blob(1)) else { return nil }
      return MemberHistory(
        title: row.text(0), infoHash: infoHash, uploaded: row.unsigned(2),
        downloaded: row.unsigned(3), seedTime: row.integer(4), completed: Int(row.integer(5)),
        lastSeen: row.integer(6))
    }.compactMap { $0 }
  }
}
