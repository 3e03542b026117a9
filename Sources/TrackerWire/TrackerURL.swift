public import TorrentModel

/// Where a tracker is announced to: an `http`, `https` or `udp` URL (RFC 3986, BEP 3, BEP 15).
///
/// The invariant: host and port are valid, and path and query hold nothing that would end a request
/// line early, so the text can go to a HTTP client as it stands.
public struct TrackerURL: Hashable, Sendable, CustomStringConvertible {
  public enum Scheme: String, Hashable, Sendable, CaseIterable {
    case http
    case https
    case udp

    /// A UDP tracker has no port of its own: its URL must name one.
    var standardPort: UInt16? {
      switch self {
      case .http: 80
      case .https: 443
      case .udp: nil
      }
    }
  }

  public let scheme: Scheme
  /// A name in lower case or an address, without the brackets of IPv6.
  public let host: String
  public let port: UInt16
  /// Escaped as it came; empty or beginning with a slash.
  public let path: String
  /// Escaped as it came, without the question mark.
  public let query: String?

  /// Longer URLs are refused; passkeys fit a tenth of it. In bytes.
  public static let longestURL = 2048

  /// `nil` for every text that is no tracker's URL: other schemes, user names, fragments, bad hosts
  /// and ports, white space and whatever is not ASCII. A host in another script is told in ASCII.
  public init?(_ text: String) {
    guard text.utf8.count <= Self.longestURL, let text = DomainName.asciiHost(in: text) else {
      return nil
    }
    let bytes = text.utf8
    guard bytes.count <= Self.longestURL,
      bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }),
      let separator = text.range(ofASCII: "://"),
      let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased())
    else { return nil }
    let rest = text[separator.upperBound...]
    let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    guard
      let (host, port) = Self.split(rest[..<authorityEnd]),
      let port = port ?? scheme.standardPort, port != 0
    else { return nil }
    self.scheme = scheme
    self.host = host
    self.port = port
    let tail = rest[authorityEnd...]
    if let mark = tail.firstIndex(of: "?") {
      path = String(tail[..<mark])
      query = String(tail[tail.index(after: mark)...])
    } else {
      path = String(tail)
      query = nil
    }
  }

  private init(_ other: TrackerURL, path: String) {
    scheme = other.scheme
    host = other.host
    port = other.port
    self.path = path
    query = other.query
  }

  private static func split(_ authority: Substring) -> (host: String, port: UInt16?)? {
    var host = authority
    var port: UInt16?
    if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
      let digits = authority[authority.index(after: colon)...]
      host = authority[..<colon]
      if !digits.isEmpty {
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }),
          let number = UInt16(digits)
        else { return nil }
        port = number
      }
    }
    if host.first == "[" {
      guard host.last == "]", let address = Address(text: host.dropFirst().dropLast()) else {
        return nil
      }
      return (address.description, port)
    }
    guard isHostName(host) else { return nil }
    return (host.lowercased(), port)
  }

  /// Letters, digits, hyphens and underscores between dots (RFC 1123, and what people run).
  private static func isHostName(_ host: Substring) -> Bool {
    guard (1...253).contains(host.utf8.count) else { return false }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    // A name may end in the dot of the root.
    let named = labels.last?.isEmpty == true ? labels.dropLast() : labels[...]
    return !named.isEmpty
      && named.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
          && label.utf8.allSatisfy(isPlain)
      }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  /// The address, where the host is one and needs no look-up.
  public var address: Address? { Address(text: host) }

  private var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.standardPort ? name : "\(name):\(port)"
  }

  public var description: String {
    "\(scheme)://\(authority)\(path)\(query.map { "?" + $0 } ?? "")"
  }

  /// Without path and query, where passkeys are: what may reach a log.
  public var redacted: String { "\(scheme)://\(authority)" }

  /// The URL with more parameters behind those it has.
  public func appending(query parameters: String) -> String {
    var text = "\(scheme)://\(authority)\(path.isEmpty ? "/" : path)?"
    if let query, !query.isEmpty { text += query + "&" }
    return text + parameters
  }

  /// Where the tracker is scraped (BEP 48): `announce` at the start of the last part of the path
  /// becomes `scrape`. `nil` where the path does not say so; UDP needs no other URL.
  public var scrape: TrackerURL? {
    guard scheme != .udp else { return self }
    guard let slash = path.lastIndex(of: "/") else { return nil }
    let last = path[path.index(after: slash)...]
    guard last.hasPrefix("announce") else { return nil }
    return TrackerURL(self, path: path[...slash] + "scrape" + last.dropFirst("announce".count))
  }

  /// Whether the URL asks for what trackers are asked for: `/announce` or `/KEY/announce`, and no
  /// query that a stranger could aim at another service. See `RequestOrigin`.
  public var purpose: RequestOrigin.Purpose {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard query == nil, (2...3).contains(parts.count), parts.first == "",
      parts.last == "announce",
      parts.count == 2 || (!parts[1].isEmpty && parts[1].utf8.allSatisfy(Self.isPlain))
    else { return .other }
    return .usualAnnounce
  }

  /// What a UDP announce carries of the URL (BEP 41): path and query, as a HTTP request would.
  public var urlData: [UInt8] { Array((path + (query.map { "?" + $0 } ?? "")).utf8) }
}

extension String {
  fileprivate func range(ofASCII wanted: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(wanted) {
        return start..<index(start, offsetBy: wanted.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
