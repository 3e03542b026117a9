import TorrentModel
import TrackerLogic

// Each of these is one statement however many rows it reads or writes: columns go as arrays.
extension PostgresDatabase {
  /// Whoever settles holds a lock until the end of the transaction: marks that two trackers read at
  /// once would credit one session twice. A batch takes some milliseconds, once a second.
  func note(_ batch: CreditBatch, at time: Int64) throws(AccountsError) -> Bool {
    try visit(
      "SELECT pg_advisory_xact_lock(1936224108, hashtext(current_schema()))", []
    ) { _ in }
    let count = try change(
      """
      INSERT INTO batch VALUES (?, ?, ?)
      ON CONFLICT (run) DO UPDATE SET number = excluded.number, last_seen = excluded.last_seen
      WHERE batch.number < excluded.number
      """, .text("\(batch.run)"), .integer(Int64(clamping: batch.number)), .integer(time))
    return count == 0
  }

  func marks(of sessions: [CreditSession]) throws(AccountsError) -> [CreditSession: CreditMark] {
    var marks: [CreditSession: CreditMark] = [:]
    try visit(
      """
      SELECT session.torrent, session.member, session.peer_id, session.client_key, uploaded,
        downloaded, is_seed, is_active, last_seen
      FROM session JOIN unnest(?::bigint[], ?::bigint[], ?::bytea[], ?::bigint[])
        AS wanted (torrent, member, peer_id, client_key)
        USING (torrent, member, peer_id, client_key)
      """, Self.columns(of: sessions)
    ) { row in
      guard let peerID = PeerID(bytes: row.blob(2)) else { return }
      let session = CreditSession(
        member: MemberID(UInt32(clamping: row.integer(1))), torrent: TorrentID(row.integer(0)),
        peerID: peerID, key: UInt32(clamping: row.integer(3)))
      marks[session] = CreditMark(
        uploaded: row.unsigned(4), downloaded: row.unsigned(5), isSeed: row.flag(6),
        isActive: row.flag(7), lastSeen: row.integer(8))
    }
    return marks
  }

  func lastTakers(of torrents: [TorrentID]) throws(AccountsError) -> [TorrentID: Int64] {
    let found = try rows(
      "SELECT id, last_taker FROM torrent WHERE id = ANY (?::bigint[])",
      .array(torrents.map(\.number))
    ) { (TorrentID($0.integer(0)), $0.integer(1)) }
    return Dictionary(found) { first, _ in first }
  }

  func moved(
    of torrents: [TorrentID]
  ) throws(AccountsError) -> [(torrent: TorrentID, up: UInt64, down: UInt64)] {
    try rows(
      "SELECT id, moved_up, moved_down FROM torrent WHERE id = ANY (?::bigint[]) ORDER BY id",
      .array(torrents.map(\.number))
    ) { (TorrentID($0.integer(0)), $0.unsigned(1), $0.unsigned(2)) }
  }

  func write(_ settlement: Settlement) throws(AccountsError) {
    try write(settlement.marks)
    try write(settlement.members)
    try write(settlement.parts)
    try write(settlement.torrents)
    try write(settlement.signals)
  }

  private static func columns(of sessions: [CreditSession]) -> [DatabaseValue] {
    [
      .array(sessions.map(\.torrent.number)), .array(sessions.map { Int64($0.member.number) }),
      .array(sessions.map(\.peerID.bytes)), .array(sessions.map { Int64($0.key) }),
    ]
  }

  private func write(
    _ marks: [(session: CreditSession, mark: CreditMark)]
  ) throws(AccountsError) {
    guard !marks.isEmpty else { return }
    try visit(
      """
      INSERT INTO session (torrent, member, peer_id, client_key, uploaded, downloaded, is_seed,
        is_active, last_seen)
      SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bytea[], ?::bigint[], ?::bigint[],
        ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
      ON CONFLICT (torrent, member, peer_id, client_key) DO UPDATE SET
        uploaded = excluded.uploaded, downloaded = excluded.downloaded,
        is_seed = excluded.is_seed, is_active = excluded.is_active,
        last_seen = excluded.last_seen
      """,
      Self.columns(of: marks.map(\.session)) + [
        .array(marks.map(\.mark.uploaded)), .array(marks.map(\.mark.downloaded)),
        .array(marks.map { $0.mark.isSeed ? Int64(1) : 0 }),
        .array(marks.map { $0.mark.isActive ? Int64(1) : 0 }),
        .array(marks.map(\.mark.lastSeen)),
      ]
    ) { _ in }
  }

  private func write(
    _ members: [(id: MemberID, sum: Settlement.Sum)]
  ) throws(AccountsError) {
    guard !members.isEmpty else { return }
    try visit(
      """
      UPDATE member SET
        uploaded = least(member.uploaded + added.uploaded, 72057594037927935),
        downloaded = least(member.downloaded + added.downloaded, 72057594037927935),
        moved_up = least(member.moved_up + added.moved_up, 72057594037927935),
        moved_down = least(member.moved_down + added.moved_down, 72057594037927935),
        seed_time = member.seed_time + added.seed_time,
        last_seen = greatest(member.last_seen, added.last_seen)
      FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
        ?::bigint[]) AS added (id, uploaded, downloaded, moved_up, moved_down, seed_time, last_seen)
      WHERE member.id = added.id
      """,
      [.array(members.map { Int64($0.id.number) })] + Self.amounts(of: members.map(\.sum)) + [
        .array(members.map(\.sum.seedTime)), .array(members.map(\.sum.lastSeen)),
      ]
    ) { _ in }
  }

  private static func amounts(of sums: [Settlement.Sum]) -> [DatabaseValue] {
    [
      .array(sums.map(\.uploaded)), .array(sums.map(\.downloaded)), .array(sums.map(\.movedUp)),
      .array(sums.map(\.movedDown)),
    ]
  }

  private func write(
    _ parts: [(part: Settlement.Part, sum: Settlement.Sum)]
  ) throws(AccountsError) {
    guard !parts.isEmpty else { return }
    try visit(
      """
      INSERT INTO history (member, torrent, uploaded, downloaded, moved_up, moved_down, seed_time,
        completed, last_seen)
      SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
        ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
      ON CONFLICT (member, torrent) DO UPDATE SET
        uploaded = least(history.uploaded + excluded.uploaded, 72057594037927935),
        downloaded = least(history.downloaded + excluded.downloaded, 72057594037927935),
        moved_up = least(history.moved_up + excluded.moved_up, 72057594037927935),
        moved_down = least(history.moved_down + excluded.moved_down, 72057594037927935),
        seed_time = history.seed_time + excluded.seed_time,
        completed = history.completed + excluded.completed,
        last_seen = greatest(history.last_seen, excluded.last_seen)
      """,
      [
        .array(parts.map { Int64($0.part.member.number) }),
        .array(parts.map(\.part.torrent.number)),
      ] + Self.amounts(of: parts.map(\.sum)) + [
        .array(parts.map(\.sum.seedTime)), .array(parts.map(\.sum.completed)),
        .array(parts.map(\.sum.lastSeen)),
      ]
    ) { _ in }
  }

  private func write(
    _ torrents: [(id: TorrentID, sum: Settlement.Sum, lastTaker: Int64)]
  ) throws(AccountsError) {
    guard !torrents.isEmpty else { return }
    try visit(
      """
      UPDATE torrent SET
        moved_up = least(torrent.moved_up + added.moved_up, 72057594037927935),
        moved_down = least(torrent.moved_down + added.moved_down, 72057594037927935),
        completed = torrent.completed + added.completed,
        last_taker = greatest(torrent.last_taker, added.last_taker)
      FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
        AS added (id, moved_up, moved_down, completed, last_taker)
      WHERE torrent.id = added.id
      """,
      [
        .array(torrents.map(\.id.number)), .array(torrents.map(\.sum.movedUp)),
        .array(torrents.map(\.sum.movedDown)), .array(torrents.map(\.sum.completed)),
        .array(torrents.map(\.lastTaker)),
      ]
    ) { _ in }
  }

  private func write(
    _ signals: [(key: Settlement.SignalKey, count: Settlement.SignalCount)]
  ) throws(AccountsError) {
    guard !signals.isEmpty else { return }
    try visit(
      """
      INSERT INTO signal (kind, member, torrent, count, amount, last_seen)
      SELECT * FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
        ?::bigint[])
      ON CONFLICT (kind, member, torrent) DO UPDATE SET
        count = signal.count + excluded.count,
        amount = greatest(signal.amount, excluded.amount), last_seen = excluded.last_seen
      """,
      [
        // The names of signals are words of this program: nothing in them wants escaping.
        .text("{" + signals.map(\.key.signal.rawValue).joined(separator: ",") + "}"),
        .array(signals.map { Int64($0.key.part.member.number) }),
        .array(signals.map(\.key.part.torrent.number)), .array(signals.map(\.count.count)),
        .array(signals.map(\.count.amount)), .array(signals.map(\.count.lastSeen)),
      ]
    ) { _ in }
  }
}

extension DatabaseValue {
  fileprivate static func array(_ numbers: [Int64]) -> Self {
    .text("{" + numbers.map { "\($0)" }.joined(separator: ",") + "}")
  }

  /// Counts of bytes.
  fileprivate static func array(_ counts: [UInt64]) -> Self {
    array(counts.map { Int64(min($0, mostBytes)) })
  }

  fileprivate static func array(_ blobs: [[UInt8]]) -> Self {
    .text("{" + blobs.map { "\"\\\\x\(Hexadecimal.encode($0))\"" }.joined(separator: ",") + "}")
  }
}
