/// The tables of the accounts. Times are seconds since 1970, amounts bytes; `moved_…` is what
/// members announced, and `uploaded` and `downloaded` what of it counts.
enum AccountsSchema {
  static let text: StaticString = """
    CREATE TABLE setting (
      name TEXT PRIMARY KEY,
      value ANY
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE member (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      generation INTEGER NOT NULL DEFAULT 1,
      is_revoked INTEGER NOT NULL DEFAULT 0,
      most_torrents INTEGER,
      most_addresses INTEGER,
      uploaded INTEGER NOT NULL DEFAULT 0,
      downloaded INTEGER NOT NULL DEFAULT 0,
      moved_up INTEGER NOT NULL DEFAULT 0,
      moved_down INTEGER NOT NULL DEFAULT 0,
      seed_time INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL,
      last_seen INTEGER NOT NULL DEFAULT 0,
      revision INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX member_revision ON member (revision);

    CREATE TABLE torrent (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      info_hash BLOB NOT NULL UNIQUE,
      title TEXT NOT NULL,
      size INTEGER NOT NULL,
      file_count INTEGER NOT NULL,
      tags TEXT NOT NULL,
      document BLOB NOT NULL,
      upload_percent INTEGER NOT NULL,
      download_percent INTEGER NOT NULL,
      is_removed INTEGER NOT NULL DEFAULT 0,
      moved_up INTEGER NOT NULL DEFAULT 0,
      moved_down INTEGER NOT NULL DEFAULT 0,
      completed INTEGER NOT NULL DEFAULT 0,
      last_taker INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL,
      revision INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX torrent_revision ON torrent (revision);
    CREATE VIRTUAL TABLE torrent_words USING fts5 (title, tags, files);

    CREATE TABLE history (
      member INTEGER NOT NULL REFERENCES member,
      torrent INTEGER NOT NULL REFERENCES torrent,
      uploaded INTEGER NOT NULL,
      downloaded INTEGER NOT NULL,
      moved_up INTEGER NOT NULL,
      moved_down INTEGER NOT NULL,
      seed_time INTEGER NOT NULL,
      completed INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      PRIMARY KEY (member, torrent)
    ) WITHOUT ROWID, STRICT;

    CREATE TABLE session (
      torrent INTEGER NOT NULL REFERENCES torrent,
      member INTEGER NOT NULL REFERENCES member,
      peer_id BLOB NOT NULL,
      client_key INTEGER NOT NULL,
      uploaded INTEGER NOT NULL,
      downloaded INTEGER NOT NULL,
      is_seed INTEGER NOT NULL,
      is_active INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      PRIMARY KEY (torrent, member, peer_id, client_key)
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX session_last_seen ON session (last_seen);

    CREATE TABLE signal (
      kind TEXT NOT NULL,
      member INTEGER NOT NULL,
      torrent INTEGER NOT NULL,
      count INTEGER NOT NULL,
      amount INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      PRIMARY KEY (kind, member, torrent)
    ) WITHOUT ROWID, STRICT;
    """
}
