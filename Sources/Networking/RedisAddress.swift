import TorrentModel

/// Where a Redis server is and how it lets us in: `redis://[[USER:]PASSWORD@]HOST[:PORT][/DATABASE]`.
///
/// The invariant: no description shows the password.
public struct RedisAddress: Hashable, Sendable, CustomStringConvertible {
  public let host: String
  public let port: UInt16
  public let user: String?
  public let password: String?
  /// 0 is the one that a cluster has.
  public let database: Int

  private static let standardPort: UInt16 = 6379

  /// `nil` for any other text.
  public init?(_ text: String) {
    let scheme = "redis://"
    guard text.hasPrefix(scheme) else { return nil }
    var rest = text.dropFirst(scheme.count)
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let last = parts.last.flatMap({ Self.decoded($0) }) else { return nil }
      password = last
      user = parts.count == 2 && !parts[0].isEmpty ? Self.decoded(parts[0]) : nil
      rest = rest[rest.index(after: at)...]
    } else {
      (user, password) = (nil, nil)
    }
    if let slash = rest.firstIndex(of: "/") {
      let digits = rest[rest.index(after: slash)...]
      guard digits.isEmpty || digits.utf8.allSatisfy({ (48...57).contains($0) }),
        digits.utf8.count < 6
      else { return nil }
      database = Int(digits) ?? 0
      rest = rest[..<slash]
    } else {
      database = 0
    }
    if let endpoint = Endpoint(text: String(rest)) {
      (host, port) = (endpoint.address.description, endpoint.port)
      return
    }
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2 {
      guard let number = UInt16(parts[1]), number > 0 else { return nil }
      port = number
    } else {
      port = Self.standardPort
    }
    var name = parts.count <= 2 ? String(parts[0]) : String(rest)
    if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
    let isName = name.utf8.allSatisfy {
      $0 == 0x2d || $0 == 0x2e || $0 == 0x5f || (48...57).contains($0) || (65...90).contains($0)
        || (97...122).contains($0)
    }
    guard !name.isEmpty, isName || Address(text: name) != nil else { return nil }
    host = name
  }

  private static func decoded(_ text: Substring) -> String? {
    PercentEncoding.decode(text.utf8).map { String(decoding: $0, as: UTF8.self) }
  }

  public var description: String { "redis://\(host):\(port)" }

  /// What a connection begins with.
  var greeting: [RedisCommand] {
    var commands: [RedisCommand] = []
    if let password {
      commands.append(
        user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
    }
    if database != 0 { commands.append(RedisCommand("SELECT", "\(database)")) }
    return commands
  }
}
