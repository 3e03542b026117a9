internal import CPostgres
internal import CSQLite
import TorrentModel
import TrackerLogic

/// A database that accounts are kept in: SQLite in a data folder, or PostgreSQL for several trackers.
/// Used by one thread at a time.
///
/// The invariant: statements are texts of this program alone, and all else is bound to their question
/// marks, so that no name can become part of one.
protocol Database: AnyObject {
  /// Runs statements that give nothing back and take nothing.
  func execute(_ sql: StaticString) throws(AccountsError)

  /// Runs one statement and shows each row of its answer.
  func visit(
    _ sql: StaticString, _ values: [DatabaseValue], _ body: (borrowing Row) -> Void
  ) throws(AccountsError)

  /// Does all of `body`, or where it throws nothing of it.
  func transaction<Result>(
    _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result

  /// What `body` reads is of one moment.
  func reading<Result>(
    _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result

  /// Changes whenever another connection has changed something that an announce is checked against.
  func dataVersion() throws(AccountsError) -> Int64

  // MARK: Tables

  /// Whether the accounts have been made. Within a transaction, in which nobody else makes them.
  ///
  /// - Throws: `foreignFile` where there is something else, or of another version.
  func hasTables(_ version: Int64, _ path: String) throws(AccountsError) -> Bool

  func createTables() throws(AccountsError)

  // MARK: The catalogue's words

  func setWords(
    of torrent: Int64, title: String, tags: String, files: String
  ) throws(AccountsError)

  func removeWords(of torrent: Int64) throws(AccountsError)

  /// Torrents that have a word beginning with each of these, the best first.
  func search(
    _ words: [String], limit: Int, _ body: (borrowing Row) -> Void
  ) throws(AccountsError)

  // MARK: The ledger

  /// Notes a batch. Within a transaction.
  ///
  /// - Returns: whether it had been noted before.
  func note(_ batch: CreditBatch, at time: Int64) throws(AccountsError) -> Bool

  /// How far the sessions were credited; those without a mark are left out.
  func marks(of sessions: [CreditSession]) throws(AccountsError) -> [CreditSession: CreditMark]

  /// When each torrent was last wanted; those that are not there are left out.
  func lastTakers(of torrents: [TorrentID]) throws(AccountsError) -> [TorrentID: Int64]

  func write(_ settlement: Settlement) throws(AccountsError)

  /// What members say they moved of torrents.
  func moved(
    of torrents: [TorrentID]
  ) throws(AccountsError) -> [(torrent: TorrentID, up: UInt64, down: UInt64)]
}

enum DatabaseValue {
  case integer(Int64)
  case text(String)
  case blob([UInt8])
  case null

  /// A count of bytes. What clients claim is bounded by 72 PB, so that no sum of it overflows.
  static func count(_ bytes: UInt64) -> Self { .integer(Int64(min(bytes, mostBytes))) }

  static let mostBytes = UInt64(1) << 56 - 1

  static func flag(_ value: Bool) -> Self { .integer(value ? 1 : 0) }
  static func optional(_ number: Int?) -> Self { number.map { .integer(Int64($0)) } ?? .null }
}

extension Database {
  func run(_ sql: StaticString, _ values: DatabaseValue...) throws(AccountsError) {
    try visit(sql, values) { _ in }
  }

  /// The rows of an answer, each as `read` gives it.
  func rows<Result>(
    _ sql: StaticString, _ values: DatabaseValue..., read: (borrowing Row) -> Result
  ) throws(AccountsError) -> [Result] {
    var results: [Result] = []
    try visit(sql, values) { results.append(read($0)) }
    return results
  }

  /// The first row of an answer, if there is one.
  func row<Result>(
    _ sql: StaticString, _ values: DatabaseValue..., read: (borrowing Row) -> Result
  ) throws(AccountsError) -> Result? {
    var result: Result?
    try visit(sql, values) { if result == nil { result = read($0) } }
    return result
  }
}

/// A row of an answer, for as long as it is shown. Columns count from 0.
struct Row: ~Copyable {
  enum Cells {
    /// Under the statement that stands on it.
    case sqlite(OpaquePointer)
    /// In a result, by number; every cell is text.
    case postgres(OpaquePointer, Int32)
  }

  private let cells: Cells

  init(_ cells: Cells) { self.cells = cells }

  func integer(_ column: Int32) -> Int64 {
    switch cells {
    case .sqlite(let statement): sqlite3_column_int64(statement, column)
    case .postgres: Int64(text(column)) ?? 0
    }
  }

  /// `nil` for a null.
  func optionalInteger(_ column: Int32) -> Int64? {
    let isNull =
      switch cells {
      case .sqlite(let statement): sqlite3_column_type(statement, column) == SQLITE_NULL
      case .postgres(let result, let row): PQgetisnull(result, row, column) != 0
      }
    return isNull ? nil : integer(column)
  }

  /// A count of bytes, which is never below zero.
  func unsigned(_ column: Int32) -> UInt64 { UInt64(max(0, integer(column))) }

  func flag(_ column: Int32) -> Bool { integer(column) != 0 }

  func text(_ column: Int32) -> String {
    switch cells {
    case .sqlite(let statement):
      let start = UnsafeRawPointer(sqlite3_column_text(statement, column))
      return String(decoding: bytes(of: statement, start, column), as: UTF8.self)
    case .postgres(let result, let row):
      return PQgetvalue(result, row, column).map { String(cString: $0) } ?? ""
    }
  }

  func blob(_ column: Int32) -> [UInt8] {
    switch cells {
    case .sqlite(let statement):
      Array(bytes(of: statement, sqlite3_column_blob(statement, column), column))
    // In hexadecimal, behind `\x`.
    case .postgres: Hexadecimal.decode(text(column).dropFirst(2)) ?? []
    }
  }

  private func bytes(
    of statement: OpaquePointer, _ start: UnsafeRawPointer?, _ column: Int32
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
  }
}
