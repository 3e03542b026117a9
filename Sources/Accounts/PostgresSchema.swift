/// The tables of the accounts in PostgreSQL, column for column those of `AccountsSchema`, and what
/// only several trackers need: the batches of each, and how far each has followed.
enum PostgresSchema {
  static let text: StaticString = """
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT);

    CREATE TABLE member (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name TEXT COLLATE "C" NOT NULL UNIQUE,
      generation BIGINT NOT NULL DEFAULT 1,
      is_revoked BIGINT NOT NULL DEFAULT 0,
      most_torrents BIGINT,
      most_addresses BIGINT,
      uploaded BIGINT NOT NULL DEFAULT 0,
      downloaded BIGINT NOT NULL DEFAULT 0,
      moved_up BIGINT NOT NULL DEFAULT 0,
      moved_down BIGINT NOT NULL DEFAULT 0,
      seed_time BIGINT NOT NULL DEFAULT 0,
      created BIGINT NOT NULL,
      last_seen BIGINT NOT NULL DEFAULT 0,
      revision BIGINT NOT NULL
    );
    CREATE INDEX member_revision ON member (revision);

    CREATE TABLE torrent (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      info_hash BYTEA NOT NULL UNIQUE,
      title TEXT NOT NULL,
      size BIGINT NOT NULL,
      file_count BIGINT NOT NULL,
      tags TEXT NOT NULL,
      document BYTEA NOT NULL,
      upload_percent BIGINT NOT NULL,
      download_percent BIGINT NOT NULL,
      is_removed BIGINT NOT NULL DEFAULT 0,
      moved_up BIGINT NOT NULL DEFAULT 0,
      moved_down BIGINT NOT NULL DEFAULT 0,
      completed BIGINT NOT NULL DEFAULT 0,
      last_taker BIGINT NOT NULL DEFAULT 0,
      created BIGINT NOT NULL,
      revision BIGINT NOT NULL
    );
    CREATE INDEX torrent_revision ON torrent (revision);

    CREATE TABLE torrent_words (
      torrent BIGINT PRIMARY KEY REFERENCES torrent,
      words TSVECTOR NOT NULL
    );
    CREATE INDEX torrent_words_words ON torrent_words USING gin (words);

    CREATE TABLE history (
      member BIGINT NOT NULL REFERENCES member,
      torrent BIGINT NOT NULL REFERENCES torrent,
      uploaded BIGINT NOT NULL,
      downloaded BIGINT NOT NULL,
      moved_up BIGINT NOT NULL,
      moved_down BIGINT NOT NULL,
      seed_time BIGINT NOT NULL,
      completed BIGINT NOT NULL,
      last_seen BIGINT NOT NULL,
      PRIMARY KEY (member, torrent)
    );
    CREATE INDEX history_torrent ON history (torrent);

    CREATE TABLE session (
      torrent BIGINT NOT NULL REFERENCES torrent,
      member BIGINT NOT NULL REFERENCES member,
      peer_id BYTEA NOT NULL,
      client_key BIGINT NOT NULL,
      uploaded BIGINT NOT NULL,
      downloaded BIGINT NOT NULL,
      is_seed BIGINT NOT NULL,
      is_active BIGINT NOT NULL,
      last_seen BIGINT NOT NULL,
      PRIMARY KEY (torrent, member, peer_id, client_key)
    );
    CREATE INDEX session_last_seen ON session (last_seen);
    CREATE INDEX session_member ON session (member);

    CREATE TABLE signal (
      kind TEXT NOT NULL,
      member BIGINT NOT NULL,
      torrent BIGINT NOT NULL,
      count BIGINT NOT NULL,
      amount BIGINT NOT NULL,
      last_seen BIGINT NOT NULL,
      PRIMARY KEY (kind, member, torrent)
    );

    CREATE TABLE batch (
      run TEXT PRIMARY KEY,
      number BIGINT NOT NULL,
      last_seen BIGINT NOT NULL
    );

    CREATE TABLE follower (
      run TEXT PRIMARY KEY,
      revision BIGINT NOT NULL,
      last_seen BIGINT NOT NULL
    );
    """
}
