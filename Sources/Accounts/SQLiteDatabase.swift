internal import CSQLite
import Glibc

/// One connection to a SQLite database, used by one thread at a time.
///
/// The invariant: statements are texts of this program alone, and all else is bound to them, so that
/// no name can become part of one. Each is prepared once.
final class SQLiteDatabase: Database {
  let handle: OpaquePointer
  private let path: String
  private var statements: [UnsafePointer<UInt8>: OpaquePointer] = [:]

  /// How long a statement waits for another process's transaction, in milliseconds.
  private static let patience: Int32 = 10_000

  /// Opens the file, and makes it where there is none: readable for this user alone, since who has
  /// the secret in it can make keys.
  init(at path: String) throws(AccountsError) {
    // Only a file that was not there: closing any descriptor of one would take SQLite's locks from
    // the other connections of this process, as POSIX has it.
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 || errno == EEXIST else {
      throw AccountsError(.system(errno), on: path)
    }
    if descriptor >= 0 { close(descriptor) }
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(path, &opened, flags, nil)
    guard code == SQLITE_OK, let opened else {
      let error = AccountsError(
        .database(code: code, String(cString: sqlite3_errstr(code))), on: path)
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
    self.path = path
    sqlite3_busy_timeout(handle, Self.patience)
    // A commit is on the disk when it returns: a member who was revoked stays so.
    try execute("PRAGMA journal_mode = WAL")
    try execute("PRAGMA synchronous = FULL")
    try execute("PRAGMA foreign_keys = ON")
    try execute("PRAGMA trusted_schema = OFF")
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  /// Runs statements that give nothing back and take nothing.
  func execute(_ sql: StaticString) throws(AccountsError) {
    let code = sql.withUTF8Buffer { buffer in
      buffer.withMemoryRebound(to: CChar.self) {
        sqlite3_exec(handle, $0.baseAddress, nil, nil, nil)
      }
    }
    guard code == SQLITE_OK else { throw failure(code) }
  }

  /// Does all of `body`, or where it throws nothing of it.
  func transaction<Result>(
    _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result {
    // Immediate: a transaction that begins by reading and then writes could be refused half way.
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // Where SQLite has rolled back itself, there is nothing left to do.
      try? execute("ROLLBACK")
      throw error
    }
  }

  /// What `body` reads is of one moment.
  func reading<Result>(
    _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result {
    try execute("BEGIN")
    defer { try? execute("COMMIT") }
    return try body()
  }

  func visit(
    _ sql: StaticString, _ values: [DatabaseValue], _ body: (borrowing Row) -> Void
  ) throws(AccountsError) {
    let statement = try prepared(sql)
    defer {
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    for (index, value) in zip(Int32(1)..., values) {
      let code =
        switch value {
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .text(let text):
          shoal_sqlite_bind_text(statement, index, text, Int32(text.utf8.count))
        case .blob(let bytes):
          shoal_sqlite_bind_blob(statement, index, bytes, Int32(bytes.count))
        case .null: sqlite3_bind_null(statement, index)
        }
      guard code == SQLITE_OK else { throw failure(code) }
    }
    while true {
      let code = sqlite3_step(statement)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { throw failure(code) }
      body(Row(.sqlite(statement)))
    }
  }

  /// By the address of its text: a literal has one.
  private func prepared(_ sql: StaticString) throws(AccountsError) -> OpaquePointer {
    if let statement = statements[sql.utf8Start] { return statement }
    var statement: OpaquePointer?
    let code = sql.withUTF8Buffer { buffer in
      buffer.withMemoryRebound(to: CChar.self) {
        sqlite3_prepare_v3(
          handle, $0.baseAddress, Int32($0.count), UInt32(SQLITE_PREPARE_PERSISTENT), &statement,
          nil)
      }
    }
    guard code == SQLITE_OK, let statement else { throw failure(code) }
    statements[sql.utf8Start] = statement
    return statement
  }

  private func failure(_ code: Int32) -> AccountsError {
    AccountsError(.database(code: code, String(cString: sqlite3_errmsg(handle))), on: path)
  }
}

extension SQLiteDatabase {
  func hasTables(_ version: Int64, _ path: String) throws(AccountsError) -> Bool {
    let found = try row("PRAGMA user_version") { $0.integer(0) } ?? 0
    if found == version { return true }
    let isEmpty = try row("SELECT count(*) FROM sqlite_schema") { $0.integer(0) } == 0
    guard found == 0, isEmpty else { throw AccountsError(.foreignFile, on: path) }
    return false
  }

  func createTables() throws(AccountsError) {
    try execute(AccountsSchema.text)
    try execute("PRAGMA user_version = 1")
  }

  func dataVersion() throws(AccountsError) -> Int64 {
    try row("PRAGMA data_version") { $0.integer(0) } ?? 0
  }

  func setWords(
    of torrent: Int64, title: String, tags: String, files: String
  ) throws(AccountsError) {
    try run(
      "INSERT OR REPLACE INTO torrent_words (rowid, title, tags, files) VALUES (?, ?, ?, ?)",
      .integer(torrent), .text(title), .text(tags), .text(files))
  }

  func removeWords(of torrent: Int64) throws(AccountsError) {
    try run("DELETE FROM torrent_words WHERE rowid = ?", .integer(torrent))
  }

  func search(
    _ words: [String], limit: Int, _ body: (borrowing Row) -> Void
  ) throws(AccountsError) {
    // Quoted, nothing in a word is an operator of the search.
    let query = words.map { "\"\($0)\"*" }.joined(separator: " ")
    try visit(
      """
      SELECT id, info_hash, upload_percent, download_percent, is_removed, torrent.title, size,
        file_count, torrent.tags, moved_up, moved_down, completed, created, length(document)
      FROM torrent_words JOIN torrent ON torrent.id = torrent_words.rowid
      WHERE torrent_words MATCH ? AND is_removed = 0
      ORDER BY bm25(torrent_words, 10, 5, 1), created DESC LIMIT ?
      """, [.text(query), .integer(Int64(limit))], body)
  }
}
