// What PostgreSQL does in its own way besides the ledger.
extension PostgresDatabase {
  func hasTables(_ version: Int64, _ path: String) throws(AccountsError) -> Bool {
    // Two trackers that start at once would both make them.
    try run("SELECT pg_advisory_xact_lock(1936224107, hashtext(current_schema()))")
    let isThere = try row("SELECT count(to_regclass('setting'))") { $0.flag(0) } ?? false
    guard isThere else { return false }
    let found = try row("SELECT value FROM setting WHERE name = 'schema'") { $0.integer(0) }
    guard found == version else { throw AccountsError(.foreignFile, on: path) }
    return true
  }

  func createTables() throws(AccountsError) {
    try execute(PostgresSchema.text)
    try run("INSERT INTO setting VALUES ('schema', '1')")
  }

  /// Every change has a revision of its own.
  func dataVersion() throws(AccountsError) -> Int64 {
    try row("SELECT value FROM setting WHERE name = 'revision'") { $0.integer(0) } ?? 0
  }

  func setWords(
    of torrent: Int64, title: String, tags: String, files: String
  ) throws(AccountsError) {
    // Runs of letters and digits, as keywords are: left to itself, PostgreSQL takes a file's name for
    // one word.
    let parts = [title, tags, files].map { text in
      text.split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
    }
    try run(
      """
      INSERT INTO torrent_words VALUES (?, setweight(to_tsvector('simple', ?::text), 'A')
        || setweight(to_tsvector('simple', ?::text), 'B')
        || setweight(to_tsvector('simple', ?::text), 'D'))
      ON CONFLICT (torrent) DO UPDATE SET words = excluded.words
      """, .integer(torrent), .text(parts[0]), .text(parts[1]), .text(parts[2]))
  }

  func removeWords(of torrent: Int64) throws(AccountsError) {
    try run("DELETE FROM torrent_words WHERE torrent = ?", .integer(torrent))
  }

  func search(
    _ words: [String], limit: Int, _ body: (borrowing Row) -> Void
  ) throws(AccountsError) {
    // Letters and digits alone: nothing in a word is an operator of the search.
    let query = words.map { "\($0):*" }.joined(separator: " & ")
    try visit(
      """
      SELECT id, info_hash, upload_percent, download_percent, is_removed, title, size,
        file_count, tags, moved_up, moved_down, completed, created, length(document)
      FROM torrent_words JOIN torrent ON torrent.id = torrent_words.torrent,
        to_tsquery('simple', ?::text) AS query
      WHERE words @@ query AND is_removed = 0
      ORDER BY ts_rank(words, query) DESC, created DESC LIMIT ?
      """, [.text(query), .integer(Int64(limit))], body)
  }

  // MARK: Followers

  /// A tracker that has followed the accounts up to a revision; those that said so lately are waited
  /// for by whoever changes them.
  func tellFollowed(_ run: String, _ revision: Int64) throws(AccountsError) {
    try self.run(
      """
      INSERT INTO follower VALUES (?, ?, extract(epoch FROM now())::bigint)
      ON CONFLICT (run) DO UPDATE SET revision = excluded.revision,
        last_seen = excluded.last_seen
      """, .text(run), .integer(revision))
  }

  func forgetFollower(_ run: String) throws(AccountsError) {
    try self.run("DELETE FROM follower WHERE run = ?", .text(run))
  }

  /// How far the last of the trackers that run has followed; `nil` where none runs.
  func leastFollowed() throws(AccountsError) -> Int64? {
    try row(
      "SELECT min(revision) FROM follower WHERE last_seen > extract(epoch FROM now())::bigint - 4"
    ) { $0.optionalInteger(0) } ?? nil
  }
}
