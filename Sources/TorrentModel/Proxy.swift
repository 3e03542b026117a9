/// A server through which everything goes that would otherwise go to others directly.
public struct Proxy: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// RFC 1928, with user name and password (RFC 1929) where there are any.
    case socks5
    /// CONNECT (RFC 9110, section 9.3.6).
    case http
  }

  public let kind: Kind
  public let endpoint: Endpoint
  public let user: String?
  public let password: String?

  /// What RFC 1929 has room for, in bytes.
  static let longestCredential = 255

  /// `socks5://[USER:PASSWORD@]ADDRESS:PORT`, or the same with `http`. The address is no name: looking
  /// that up would be a packet past the proxy.
  public init?(_ text: String) {
    let kinds: [(String, Kind)] = [("socks5://", .socks5), ("http://", .http)]
    guard let (scheme, kind) = kinds.first(where: { text.lowercased().hasPrefix($0.0) }) else {
      return nil
    }
    var rest = text.dropFirst(scheme.count)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    var user: String?
    var password: String?
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let decoded = parts.map { PercentEncoding.decode($0.utf8, plusIsSpace: false) }
      guard let first = decoded[0], !first.isEmpty, first.count <= Self.longestCredential,
        let second = decoded.count > 1 ? decoded[1] : [], second.count <= Self.longestCredential
      else { return nil }
      user = String(decoding: first, as: UTF8.self)
      password = String(decoding: second, as: UTF8.self)
      rest = rest[rest.index(after: at)...]
    }
    guard let endpoint = Endpoint(text: rest), endpoint.port != 0, !endpoint.address.isNeverAPeer
    else { return nil }
    self.kind = kind
    self.endpoint = endpoint
    self.user = user
    self.password = password
  }
}
