import Glibc
public import TrackerLogic

/// The members, torrents and histories of a private tracker, in a database: of its data folder, or on
/// a server that several trackers share. Each thread and process opens it for itself, and reads while
/// another writes.
///
/// The invariant: whatever an announce is checked against carries the revision of its last change,
/// and revisions only grow, so that a running tracker learns of every change by asking for what is
/// later than the last it knows.
public final class AccountStore {
  let database: any Database
  /// Where it is, for people: the file's path, or the server.
  public let path: String
  /// Makes the keys of members.
  public let authority: MemberKeyAuthority

  /// The name of the file in the data folder.
  private static let fileName = "/accounts.db"
  private static let schemaVersion: Int64 = 1

  /// Whether a data folder has accounts.
  public static func exist(in folder: String) -> Bool { access(folder + fileName, F_OK) == 0 }

  /// Opens the accounts of a data folder, and makes both where they are missing.
  public convenience init(in folder: String) throws(AccountsError) {
    try self.init(at: .folder(folder))
  }

  /// Opens the accounts, and makes them where they are missing.
  public init(at place: AccountsPlace) throws(AccountsError) {
    let database: any Database
    switch place {
    case .folder(let folder):
      if mkdir(folder, 0o777) < 0, errno != EEXIST {
        throw AccountsError(.system(errno), on: folder)
      }
      path = folder + Self.fileName
      database = try SQLiteDatabase(at: path)
    case .server(let address):
      path = address.description
      database = try PostgresDatabase(at: address)
    }
    let path = path
    let secret = try database.transaction { () throws(AccountsError) in
      if try !database.hasTables(Self.schemaVersion, path) {
        try database.createTables()
        try Self.fill(database)
      }
      return try database.row("SELECT value FROM setting WHERE name = 'secret'") { $0.blob(0) }
    }
    guard let secret, secret.count == 16 else { throw AccountsError(.foreignFile, on: path) }
    let words = secret.withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64).self) }
    authority = MemberKeyAuthority(secret: TrackerSecret(words.0, words.1))
    self.database = database
  }

  private static func fill(_ database: any Database) throws(AccountsError) {
    var system = SystemRandomNumberGenerator()
    let secret = (0..<16).map { _ in UInt8.random(in: 0...255, using: &system) }
    try database.run("INSERT INTO setting VALUES ('secret', ?)", .blob(secret))
    try database.run("INSERT INTO setting VALUES ('revision', 1)")
  }

  // MARK: Revisions

  /// Changes whenever another connection has committed something: cheap to ask for.
  public func dataVersion() throws(AccountsError) -> Int64 {
    try database.dataVersion()
  }

  /// The revision of the last change.
  public func revision() throws(AccountsError) -> Int64 {
    try database.row("SELECT value FROM setting WHERE name = 'revision'") { $0.integer(0) } ?? 0
  }

  /// The revision for a change that is being made. Within a transaction.
  func nextRevision() throws(AccountsError) -> Int64 {
    try database.run("UPDATE setting SET value = CAST(value AS BIGINT) + 1 WHERE name = 'revision'")
    return try revision()
  }

  // MARK: Settings

  /// Where members reach the tracker, as it told when it started last: `http://HOST:PORT` and
  /// `udp://HOST:PORT`.
  public func announceBases() throws(AccountsError) -> [String] {
    let text = try database.row("SELECT value FROM setting WHERE name = 'announce'") { $0.text(0) }
    return (text ?? "").split(separator: "\n").map(String.init)
  }

  public func setAnnounceBases(_ bases: [String]) throws(AccountsError) {
    guard try announceBases() != bases else { return }
    try database.run(
      """
      INSERT INTO setting VALUES ('announce', ?)
      ON CONFLICT (name) DO UPDATE SET value = excluded.value
      """,
      .text(bases.joined(separator: "\n")))
  }
}
