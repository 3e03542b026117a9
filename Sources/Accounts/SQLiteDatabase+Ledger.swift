import TorrentModel
import TrackerLogic

extension SQLiteDatabase {
  /// One tracker writes, so the last batch is all that may come again.
  func note(_ batch: CreditBatch, at time: Int64) throws(AccountsError) -> Bool {
    let last = try row("SELECT value FROM setting WHERE name = 'batch'") { $0.text(0) }
    guard last != batch.text else { return true }
    try run("INSERT OR REPLACE INTO setting VALUES ('batch', ?)", .text(batch.text))
    return false
  }

  func marks(of sessions: [CreditSession]) throws(AccountsError) -> [CreditSession: CreditMark] {
    var marks: [CreditSession: CreditMark] = [:]
    for session in sessions {
      marks[session] = try row(
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
    return marks
  }

  func lastTakers(of torrents: [TorrentID]) throws(AccountsError) -> [TorrentID: Int64] {
    var takers: [TorrentID: Int64] = [:]
    for torrent in torrents {
      takers[torrent] = try row(
        "SELECT last_taker FROM torrent WHERE id = ?", .integer(torrent.number)
      ) { $0.integer(0) }
    }
    return takers
  }

  func moved(
    of torrents: [TorrentID]
  ) throws(AccountsError) -> [(torrent: TorrentID, up: UInt64, down: UInt64)] {
    var moved: [(torrent: TorrentID, up: UInt64, down: UInt64)] = []
    for torrent in torrents {
      let found = try row(
        "SELECT moved_up, moved_down FROM torrent WHERE id = ?", .integer(torrent.number)
      ) { (torrent, $0.unsigned(0), $0.unsigned(1)) }
      if let found { moved.append(found) }
    }
    return moved
  }

  func write(_ settlement: Settlement) throws(AccountsError) {
    for (session, mark) in settlement.marks {
      try run(
        """
        INSERT OR REPLACE INTO session (torrent, member, peer_id, client_key, uploaded, downloaded,
          is_seed, is_active, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """, .integer(session.torrent.number), .integer(Int64(session.member.number)),
        .blob(session.peerID.bytes), .integer(Int64(session.key)), .count(mark.uploaded),
        .count(mark.downloaded), .flag(mark.isSeed), .flag(mark.isActive),
        .integer(mark.lastSeen))
    }
    for (member, sum) in settlement.members {
      try run(
        """
        UPDATE member SET uploaded = min(uploaded + ?, 72057594037927935),
          downloaded = min(downloaded + ?, 72057594037927935),
          moved_up = min(moved_up + ?, 72057594037927935),
          moved_down = min(moved_down + ?, 72057594037927935),
          seed_time = seed_time + ?, last_seen = max(last_seen, ?) WHERE id = ?
        """, .count(sum.uploaded), .count(sum.downloaded), .count(sum.movedUp),
        .count(sum.movedDown), .integer(sum.seedTime), .integer(sum.lastSeen),
        .integer(Int64(member.number)))
    }
    for (part, sum) in settlement.parts {
      try run(
        """
        INSERT INTO history (member, torrent, uploaded, downloaded, moved_up, moved_down, seed_time,
          completed, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET
          uploaded = min(uploaded + excluded.uploaded, 72057594037927935),
          downloaded = min(downloaded + excluded.downloaded, 72057594037927935),
          moved_up = min(moved_up + excluded.moved_up, 72057594037927935),
          moved_down = min(moved_down + excluded.moved_down, 72057594037927935),
          seed_time = seed_time + excluded.seed_time, completed = completed + excluded.completed,
          last_seen = max(last_seen, excluded.last_seen)
        """, .integer(Int64(part.member.number)), .integer(part.torrent.number),
        .count(sum.uploaded), .count(sum.downloaded), .count(sum.movedUp), .count(sum.movedDown),
        .integer(sum.seedTime), .integer(sum.completed), .integer(sum.lastSeen))
    }
    for (torrent, sum, lastTaker) in settlement.torrents {
      try run(
        """
        UPDATE torrent SET moved_up = min(moved_up + ?, 72057594037927935),
          moved_down = min(moved_down + ?, 72057594037927935), completed = completed + ?,
          last_taker = max(last_taker, ?) WHERE id = ?
        """, .count(sum.movedUp), .count(sum.movedDown), .integer(sum.completed),
        .integer(lastTaker), .integer(torrent.number))
    }
    for (key, count) in settlement.signals {
      try run(
        """
        INSERT INTO signal (kind, member, torrent, count, amount, last_seen)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count,
          amount = max(amount, excluded.amount), last_seen = excluded.last_seen
        """, .text(key.signal.rawValue), .integer(Int64(key.part.member.number)),
        .integer(key.part.torrent.number), .integer(count.count), .count(count.amount),
        .integer(count.lastSeen))
    }
  }
}
