internal import CSQLite
import Glibc

/// One connection to a SQLite database, used by one thread at a time.
///
/// The invariant: statements are texts of this program alone, and all else is bound to them, so that
/// no name can become part of one. Each is prepared once.
final class Database {
  private let handle: OpaquePointer
  private let path: String
  private var statements: [UnsafePointer<UInt8>: OpaquePointer] = [:]

  enum Value {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null
  }

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

  func run(_ sql: StaticString, _ values: Value...) throws(AccountsError) {
    try visit(sql, values) { _ in }
  }

  /// The rows of an answer, each as `read` gives it.
  func rows<Result>(
    _ sql: StaticString, _ values: Value..., read: (borrowing Row) -> Result
  ) throws(AccountsError) -> [Result] {
    var results: [Result] = []
    try visit(sql, values) { results.append(read($0)) }
    return results
  }

  /// The first row of an answer, if there is one.
  func row<Result>(
    _ sql: StaticString, _ values: Value..., read: (borrowing Row) -> Result
  ) throws(AccountsError) -> Result? {
    var result: Result?
    try visit(sql, values) { if result == nil { result = read($0) } }
    return result
  }

  /// The number of the row that was inserted last.
  var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Rows that the last statement changed.
  var changes: Int { Int(sqlite3_changes(handle)) }

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

  private func visit(
    _ sql: StaticString, _ values: [Value], _ body: (borrowing Row) -> Void
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
      body(Row(statement: statement))
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

/// A row under a statement, for as long as the statement stands on it. Columns count from 0.
struct Row: ~Copyable {
  fileprivate let statement: OpaquePointer

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// `nil` for a null.
  func optionalInteger(_ column: Int32) -> Int64? {
    sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
  }

  /// A count of bytes, which is never below zero.
  func unsigned(_ column: Int32) -> UInt64 { UInt64(max(0, integer(column))) }

  func flag(_ column: Int32) -> Bool { integer(column) != 0 }

  func text(_ column: Int32) -> String {
    String(decoding: bytes(sqlite3_column_text(statement, column), column), as: UTF8.self)
  }

  func blob(_ column: Int32) -> [UInt8] {
    Array(bytes(sqlite3_column_blob(statement, column), column))
  }

  private func bytes(_ start: UnsafeRawPointer?, _ column: Int32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
  }
}

extension Database.Value {
  static func count(_ bytes: UInt64) -> Self { .integer(Int64(clamping: bytes)) }
  static func flag(_ value: Bool) -> Self { .integer(value ? 1 : 0) }
  static func optional(_ number: Int?) -> Self { number.map { .integer(Int64($0)) } ?? .null }
}
