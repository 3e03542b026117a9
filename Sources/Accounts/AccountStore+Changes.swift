public import TrackerLogic

/// What a running tracker has to learn.
public struct AccountChanges: Sendable {
  /// The revision that these lead to.
  public var revision: Int64
  public var members: [MemberStanding]
  public var torrents: [TorrentListing]
}

extension AccountStore {
  /// Everything that was changed after a revision; 0 for all.
  public func changes(since revision: Int64) throws(AccountsError) -> AccountChanges {
    // Of one moment, so that the revision is that of the rows.
    try database.reading { () throws(AccountsError) in
      AccountChanges(
        revision: try self.revision(),
        members: try database.rows(
          """
          SELECT id, name, generation, is_revoked, most_torrents, most_addresses
          FROM member WHERE revision > ? ORDER BY id
          """, .integer(revision), read: standing),
        torrents: try database.rows(
          """
          SELECT id, info_hash, upload_percent, download_percent, is_removed
          FROM torrent WHERE revision > ? ORDER BY id
          """, .integer(revision), read: Self.listing
        ).compactMap { $0 })
    }
  }
}
