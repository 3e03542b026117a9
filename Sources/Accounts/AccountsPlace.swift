/// Where accounts are kept.
public enum AccountsPlace: Hashable, Sendable {
  /// In a SQLite database of the data folder, for one tracker.
  case folder(String)
  /// In a PostgreSQL database, for several.
  case server(PostgresAddress)
}

/// Where a PostgreSQL database is: a URL as libpq reads it, `postgres://[USER[:PASSWORD]@]HOST/NAME`.
///
/// The invariant: no description shows more than host and name.
public struct PostgresAddress: Hashable, Sendable, CustomStringConvertible {
  let url: String
  public let description: String

  /// `nil` for any other text.
  public init?(_ text: String) {
    guard let scheme = ["postgres://", "postgresql://"].first(where: { text.hasPrefix($0) }),
      !text.utf8.contains(0)
    else { return nil }
    url = text
    let rest = text.dropFirst(scheme.count).prefix { $0 != "?" }
    // A password may hold an at sign that was not escaped.
    let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
    description = "postgres://\(place)"
  }
}
