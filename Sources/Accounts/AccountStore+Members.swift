import TorrentModel
public import TrackerLogic

/// A member and the member's account.
public struct Member: Sendable {
  public var id: MemberID
  public var name: String
  public var key: MemberKey
  public var isRevoked: Bool
  public var limits: MemberLimits
  /// Bytes that count for the ratio.
  public var uploaded: UInt64
  public var downloaded: UInt64
  /// Bytes as announced.
  public var movedUp: UInt64
  public var movedDown: UInt64
  /// Seconds.
  public var seedTime: Int64
  /// Seconds since 1970; 0 for never.
  public var lastSeen: Int64
  public var created: Int64
  /// Sessions under way.
  public var activeSessions: Int

  /// What was uploaded for each byte downloaded; `nil` while nothing was downloaded.
  public var ratio: Double? {
    downloaded > 0 ? Double(uploaded) / Double(downloaded) : nil
  }
}

extension AccountStore {
  /// Bytes of a name.
  private static let longestName = 64

  private static func check(_ name: String) throws(AccountsError) {
    func refuse(_ reason: String) -> AccountsError { AccountsError(.badName(reason), on: name) }
    guard !name.isEmpty, name.utf8.count <= longestName else {
      throw refuse("it wants 1 to \(longestName) bytes")
    }
    guard SafeText.visible(name) == name, !name.contains("\\") else {
      throw refuse("it holds characters that cannot be seen, or a backslash")
    }
    guard name.first != " ", name.last != " " else {
      throw refuse("it begins or ends with a space")
    }
  }

  /// - Parameter time: seconds since 1970.
  public func addMember(
    _ name: String, limits: MemberLimits, at time: Int64
  ) throws(AccountsError) -> Member {
    try Self.check(name)
    return try database.transaction { () throws(AccountsError) in
      guard try find(name) == nil else { throw AccountsError(.nameTaken, on: name) }
      try database.run(
        """
        INSERT INTO member (name, most_torrents, most_addresses, created, revision)
        VALUES (?, ?, ?, ?, ?)
        """, .text(name), .optional(limits.torrents), .optional(limits.addresses), .integer(time),
        .integer(try nextRevision()))
      return try member(named: name)
    }
  }

  /// - Throws: `notFound`.
  public func member(named name: String) throws(AccountsError) -> Member {
    guard let member = try find(name) else {
      throw AccountsError(.notFound("member"), on: name)
    }
    return member
  }

  private func find(_ name: String) throws(AccountsError) -> Member? {
    try database.row(
      """
      SELECT id, name, generation, is_revoked, most_torrents, most_addresses, uploaded, downloaded,
        moved_up, moved_down, seed_time, last_seen, created,
        (SELECT count(*) FROM session WHERE session.member = member.id AND is_active <> 0)
      FROM member WHERE name = ?
      """, .text(name), read: read)
  }

  /// By number.
  public func member(_ id: MemberID) throws(AccountsError) -> Member? {
    try database.row(
      """
      SELECT id, name, generation, is_revoked, most_torrents, most_addresses, uploaded, downloaded,
        moved_up, moved_down, seed_time, last_seen, created,
        (SELECT count(*) FROM session WHERE session.member = member.id AND is_active <> 0)
      FROM member WHERE id = ?
      """, .integer(Int64(id.number)), read: read)
  }

  /// All, by name.
  public func members() throws(AccountsError) -> [Member] {
    try database.rows(
      """
      SELECT id, name, generation, is_revoked, most_torrents, most_addresses, uploaded, downloaded,
        moved_up, moved_down, seed_time, last_seen, created, coalesce(active.sessions, 0)
      FROM member LEFT JOIN (
        SELECT session.member AS id_of_member, count(*) AS sessions FROM session
        WHERE is_active <> 0 GROUP BY session.member
      ) AS active ON active.id_of_member = member.id
      ORDER BY name
      """, read: read)
  }

  private func read(_ row: borrowing Row) -> Member {
    let standing = standing(row)
    return Member(
      id: standing.id, name: row.text(1),
      key: authority.issue(to: standing.id, generation: standing.generation),
      isRevoked: standing.isRevoked, limits: standing.limits, uploaded: row.unsigned(6),
      downloaded: row.unsigned(7), movedUp: row.unsigned(8), movedDown: row.unsigned(9),
      seedTime: row.integer(10), lastSeen: row.integer(11), created: row.integer(12),
      activeSessions: Int(row.integer(13)))
  }

  /// From the columns id, anything, generation, is_revoked and the limits.
  func standing(_ row: borrowing Row) -> MemberStanding {
    MemberStanding(
      id: MemberID(UInt32(clamping: row.integer(0))), generation: UInt32(clamping: row.integer(2)),
      isRevoked: row.flag(3),
      limits: MemberLimits(
        torrents: row.optionalInteger(4).map(Int.init(clamping:)),
        addresses: row.optionalInteger(5).map(Int.init(clamping:))))
  }

  /// The member's key is refused from now on.
  public func revoke(_ name: String) throws(AccountsError) -> Member {
    try change(name) { () throws(AccountsError) in
      try database.run(
        "UPDATE member SET is_revoked = 1, revision = ? WHERE name = ?",
        .integer(try nextRevision()), .text(name))
    }
  }

  /// The member has another key, and the one before is void. Serves a revoked member again.
  public func rotate(_ name: String) throws(AccountsError) -> Member {
    try change(name) { () throws(AccountsError) in
      try database.run(
        "UPDATE member SET generation = generation + 1, is_revoked = 0, revision = ? WHERE name = ?",
        .integer(try nextRevision()), .text(name))
    }
  }

  public func limit(_ name: String, to limits: MemberLimits) throws(AccountsError) -> Member {
    try change(name) { () throws(AccountsError) in
      try database.run(
        "UPDATE member SET most_torrents = ?, most_addresses = ?, revision = ? WHERE name = ?",
        .optional(limits.torrents), .optional(limits.addresses), .integer(try nextRevision()),
        .text(name))
    }
  }

  private func change(
    _ name: String, _ body: () throws(AccountsError) -> Void
  ) throws(AccountsError) -> Member {
    try database.transaction { () throws(AccountsError) in
      try body()
      return try member(named: name)
    }
  }
}

extension AccountStore {
  /// The member whose key it is; `nil` for one that nobody has, or not any more.
  public func member(holding key: MemberKey) throws(AccountsError) -> Member? {
    guard let member = try member(key.member), member.key == key, !member.isRevoked else {
      return nil
    }
    return member
  }

  /// Where a member announces: HTTP first, which every client can. Empty before the tracker's first
  /// start.
  public func announceURLs(for key: MemberKey) throws(AccountsError) -> [String] {
    try announceBases().map { "\($0)/\(key.digits)/announce" }
  }
}
