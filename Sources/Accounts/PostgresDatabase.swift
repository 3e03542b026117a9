internal import CPostgres
import Glibc
import TorrentModel

/// One connection to a PostgreSQL server, made again when it is lost.
///
/// The invariant: no statement runs twice unless it failed for want of a connection outside of any
/// transaction. A transaction whose commit was not confirmed has thrown: batches tell by their numbers
/// whether they were written.
final class PostgresDatabase: Database {
  private let connection: OpaquePointer
  private let address: PostgresAddress
  private var names: [UnsafePointer<UInt8>: String] = [:]
  private var isInTransaction = false
  private var lastAttempt = 0

  /// Seconds: of an attempt to connect, and from one to the next.
  private static let connectPatience = "5"
  private static let retryInterval = 1

  init(at address: PostgresAddress) throws(AccountsError) {
    self.address = address
    // What the URL says comes after these and outweighs them. A server that is gone without a word is
    // given up after ten seconds.
    let parameters = [
      ("connect_timeout", Self.connectPatience), ("application_name", "shoal"),
      ("client_encoding", "UTF8"), ("tcp_user_timeout", "10000"), ("dbname", address.url),
    ]
    connection = Self.connect(parameters)
    lastAttempt = time(nil)
    _ = PQsetNoticeProcessor(connection, { _, _ in }, nil)
    guard PQstatus(connection) == CONNECTION_OK else { throw failure() }
    try prepareSession()
  }

  deinit { PQfinish(connection) }

  private static func connect(_ parameters: [(String, String)]) -> OpaquePointer {
    func withPointers(
      _ rest: ArraySlice<String>, _ pointers: [UnsafePointer<CChar>?],
      _ body: ([UnsafePointer<CChar>?]) -> OpaquePointer?
    ) -> OpaquePointer? {
      guard let first = rest.first else { return body(pointers + [nil]) }
      return first.withCString { withPointers(rest.dropFirst(), pointers + [$0], body) }
    }
    let made = withPointers(parameters.map(\.0)[...], []) { keys in
      withPointers(parameters.map(\.1)[...], []) { values in
        PQconnectdbParams(keys, values, 1)
      }
    }
    guard let made else { preconditionFailure("no memory for a connection") }
    return made
  }

  /// No statement holds a thread up for longer than this, whoever holds the locks.
  private func prepareSession() throws(AccountsError) {
    try execute("SET statement_timeout = 10000; SET lock_timeout = 8000")
  }

  private func reconnect() throws(AccountsError) {
    names = [:]
    let now = time(nil)
    guard now - lastAttempt >= Self.retryInterval || now < lastAttempt else { throw failure() }
    lastAttempt = now
    PQreset(connection)
    guard PQstatus(connection) == CONNECTION_OK else { throw failure() }
    try prepareSession()
  }

  // MARK: Statements

  func execute(_ sql: StaticString) throws(AccountsError) {
    let result = PQexec(connection, "\(sql)")
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK
    else { throw failure(result) }
  }

  func visit(
    _ sql: StaticString, _ values: [DatabaseValue], _ body: (borrowing Row) -> Void
  ) throws(AccountsError) {
    let result = try answer(to: sql, values)
    defer { PQclear(result) }
    for row in 0..<PQntuples(result) { body(Row(.postgres(result, row))) }
  }

  /// The rows that a statement changed.
  func change(_ sql: StaticString, _ values: DatabaseValue...) throws(AccountsError) -> Int {
    let result = try answer(to: sql, values)
    defer { PQclear(result) }
    return PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
  }

  private func answer(
    to sql: StaticString, _ values: [DatabaseValue]
  ) throws(AccountsError) -> OpaquePointer {
    if !isInTransaction, PQstatus(connection) != CONNECTION_OK { try reconnect() }
    do {
      return try attempt(sql, values)
    } catch {
      // A server that was away for a moment is noticed by the first statement.
      guard !isInTransaction, PQstatus(connection) != CONNECTION_OK else { throw error }
      try reconnect()
      return try attempt(sql, values)
    }
  }

  private func attempt(
    _ sql: StaticString, _ values: [DatabaseValue]
  ) throws(AccountsError) -> OpaquePointer {
    let name = try prepared(sql, count: values.count)
    // Every parameter goes as text, of the type that the statement gives it.
    let texts = values.map(\.text)
    let pointers = texts.map { text in text.flatMap { UnsafePointer<CChar>(strdup($0)) } }
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    let result = PQexecPrepared(
      connection, name, Int32(values.count), pointers, nil, nil, 0)
    let status = PQresultStatus(result)
    guard let result, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
      defer { PQclear(result) }
      throw failure(result)
    }
    return result
  }

  /// By the address of its text: a literal has one. Question marks become numbers.
  private func prepared(_ sql: StaticString, count: Int) throws(AccountsError) -> String {
    if let name = names[sql.utf8Start] { return name }
    let name = "s\(names.count)"
    var text = ""
    var number = 0
    for character in "\(sql)" {
      if character == "?" {
        number += 1
        text += "$\(number)"
      } else {
        text.append(character)
      }
    }
    let result = PQprepare(connection, name, text, Int32(count), nil)
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(result) }
    names[sql.utf8Start] = name
    return name
  }

  // MARK: Transactions

  func transaction<Result>(
    _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result {
    try within("BEGIN", body)
  }

  func reading<Result>(
    _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result {
    try within("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
  }

  private func within<Result>(
    _ beginning: StaticString, _ body: () throws(AccountsError) -> Result
  ) throws(AccountsError) -> Result {
    // Through `visit`, which connects again where it has to.
    try visit(beginning, []) { _ in }
    isInTransaction = true
    defer { isInTransaction = false }
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      if PQstatus(connection) == CONNECTION_OK { try? execute("ROLLBACK") }
      throw error
    }
  }

  // MARK: Errors

  private func failure(_ result: OpaquePointer? = nil) -> AccountsError {
    let words: UnsafeMutablePointer<CChar>? =
      result.flatMap { PQresultErrorField($0, Self.messageField) } ?? PQerrorMessage(connection)
    let text = words.map { String(cString: $0) } ?? "no answer"
    let line = text.split(separator: "\n").first.map(String.init) ?? "no answer"
    return AccountsError(.server(line), on: address.description)
  }

  /// PG_DIAG_MESSAGE_PRIMARY, which is a character.
  private static let messageField = Int32(UInt8(ascii: "M"))
}

extension DatabaseValue {
  /// As PostgreSQL reads it; a zero byte, which no text there may hold, is left out.
  fileprivate var text: String? {
    switch self {
    case .integer(let number): "\(number)"
    case .text(let text): text.utf8.contains(0) ? text.filter { $0 != "\0" } : text
    case .blob(let bytes): "\\x" + Hexadecimal.encode(bytes)
    case .null: nil
    }
  }
}
