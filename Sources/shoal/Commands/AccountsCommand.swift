import Accounts
import DeterministicCore
import Glibc
import TorrentModel
import TrackerLogic

/// What the verbs that administer a tracker have in common: its data folder, and that a change is in
/// force when they return.
enum AccountsCommand {
  static let dataFlag = Flag(
    "data", short: "d", .folder, "the data folder of the tracker", fallback: "./tracker-data")

  static let accountsFlag = Flag(
    "accounts", .postgres, "a PostgreSQL database with the accounts of several trackers",
    fallback: "in the data folder, for one tracker")

  static let group = FlagGroup(title: "Tracker", [dataFlag.outline, accountsFlag.outline])

  static func place(_ arguments: ParsedArguments) throws(CommandError) -> AccountsPlace {
    if let server = try arguments.value(of: accountsFlag) { return .server(server) }
    return .folder(try folder(arguments))
  }

  static func folder(_ arguments: ParsedArguments) throws(CommandError) -> String {
    try arguments.value(of: dataFlag) ?? TrackerOptions.defaultData
  }

  /// Does something with the accounts, and waits until a running tracker has followed.
  static func change<Value>(
    _ arguments: ParsedArguments, _ console: Console,
    _ body: (AccountStore) throws(AccountsError) -> Value
  ) throws(CommandError) -> Value {
    let folder = try folder(arguments)
    let place = try place(arguments)
    do {
      let accounts = try AccountStore(at: place)
      let value = try body(accounts)
      if accounts.wait(for: try accounts.revision(), in: folder) == .unanswered {
        console.warn(
          "a running tracker has not followed in five seconds; look at what it complains of")
      }
      return value
    } catch {
      throw CommandError(error)
    }
  }

  /// Reads the accounts, which have to be there: a look makes none.
  static func look<Value>(
    _ arguments: ParsedArguments, _ body: (AccountStore) throws(AccountsError) -> Value
  ) throws(CommandError) -> Value {
    let place = try place(arguments)
    if case .folder(let folder) = place, !AccountStore.exist(in: folder) {
      throw .usage(
        "there are no accounts in this folder", on: folder,
        remedy: "name the tracker's data folder with --data, or add a member")
    }
    do {
      return try body(AccountStore(at: place))
    } catch {
      throw CommandError(error)
    }
  }

  /// Seconds since 1970.
  static var now: Int64 { Int64(time(nil)) }

  /// Where a member announces: HTTP first, which every client can.
  static func announces(_ accounts: AccountStore, _ key: MemberKey) throws(AccountsError)
    -> [String]
  {
    let urls = try accounts.announceURLs(for: key)
    guard urls.isEmpty else { return urls }
    // Whoever runs the tracker knows what to write for HOST.
    return ["http", "udp"].map {
      "\($0)://HOST:\(TrackerOptions.defaultPort)/\(key.digits)/announce"
    }
  }

  /// `1.25`, or `-` while nothing was downloaded.
  static func ratio(_ ratio: Double?) -> String {
    guard let ratio else { return "-" }
    let hundredths = Int(min(ratio * 100, 99_999_999))
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}

extension CommandError {
  init(_ error: AccountsError) {
    self.init(
      error.isMisuse ? .usage : .disk, "\(error)",
      remedy: error.isMisuse
        ? "see 'shoal tracker user list' and 'shoal tracker torrent list'"
        : "check the folder of --data, its disk and its owner, or the server of --accounts")
  }
}

extension ValueKind where Value == PostgresAddress {
  static let postgres = ValueKind(
    placeholder: "URL", expected: "a URL such as postgres://USER@HOST/DATABASE"
  ) { PostgresAddress($0) }
}

extension ValueKind where Value == Int {
  /// A limit of the accounts; 0 is none.
  static let limit = number(0...MemberLimits.highest)
}
