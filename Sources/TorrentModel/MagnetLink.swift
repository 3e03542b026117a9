import Hashing

/// A magnet link (BEP 9): the name of a torrent and hints where to find it.
public struct MagnetLink: Hashable, Sendable {
  /// A peer to try, as `x.pe` spells it: a host name or address, and a port.
  public struct PeerHint: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }

    public init(_ endpoint: Endpoint) {
      self.init(host: endpoint.address.description, port: endpoint.port)
    }

    /// The hint as an endpoint, when it names an address.
    public var endpoint: Endpoint? { Address(text: host).map { Endpoint($0, port: port) } }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// What peers and trackers call the torrent: the info-hash of version 1, or if the link names none
  /// the first twenty bytes of `infoHashV2`.
  public var infoHash: InfoHash
  /// `urn:btmh`, the whole info-hash of version 2 (BEP 52).
  public var infoHashV2: InfoHashV2?
  public var displayName: String?
  public var trackers: [String] = []
  public var webSeeds: [String] = []
  public var peers: [PeerHint] = []
  /// The files to fetch, by their numbers in the torrent (BEP 53); empty for all.
  public var selectedFiles: [ClosedRange<Int>] = []
  /// `x.ring` and `x.rb`: the ring that knows its peers, and nodes of it.
  public var ring: RingReference?

  public init(infoHash: InfoHash) { self.infoHash = infoHash }

  /// `urn:btih`, the info-hash of version 1, where the link names it.
  public var infoHashV1: InfoHash? { infoHash == infoHashV2?.truncated ? nil : infoHash }

  /// Links longer than this are refused before they are read.
  public static let longestLink = 1 << 20
  /// Hints of one kind beyond this number are dropped.
  public static let mostHints = 100
  /// Numbers of files beyond this name none: a `.torrent` file has not room for so many.
  static let mostFileNumber = 1 << 24
}

/// Why a text is no magnet link we can use.
public enum MagnetError: Error, Hashable, Sendable, CustomStringConvertible {
  case notMagnet
  case tooLong
  case badEscape(String)
  case noInfoHash
  case badInfoHash(String)

  public var description: String {
    switch self {
    case .notMagnet: "the link does not begin with 'magnet:?'"
    case .tooLong: "the link is longer than \(MagnetLink.longestLink) bytes"
    case .badEscape(let key): "the value of '\(key)' has a broken percent escape"
    case .noInfoHash: "the link names no torrent: 'xt=urn:btih:…' or 'xt=urn:btmh:…' is missing"
    case .badInfoHash(let text):
      "'\(text.prefix(72))' is not an info-hash: 40 hex or 32 base32 digits, or 1220 and 64 hex"
    }
  }
}

extension MagnetLink {
  public init(parsing text: String) throws(MagnetError) {
    guard text.utf8.count <= Self.longestLink else { throw .tooLong }
    let scheme = "magnet:?"
    guard text.prefix(scheme.count).lowercased() == scheme else { throw .notMagnet }
    var infoHash: InfoHash?
    var rejected: String?
    var ring: RingName?
    var ringNodes: [PeerHint] = []
    var link = MagnetLink(infoHash: InfoHash(.zero))
    for pair in text.utf8.dropFirst(scheme.utf8.count).split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let key = String(decoding: parts[0], as: UTF8.self)
      guard parts.count == 2 else { continue }
      guard let bytes = PercentEncoding.decode(parts[1], plusIsSpace: true) else {
        throw .badEscape(String(key.prefix(32)))
      }
      let value = String(decoding: bytes, as: UTF8.self)
      // `tr.1=`, `xt.1=` and so on number repeated keys.
      switch key.split(separator: ".").first {
      case "xt" where value.lowercased().hasPrefix("urn:btih:"):
        let name = value.dropFirst("urn:btih:".count)
        if infoHash == nil { infoHash = InfoHash(text: name) }
        if infoHash == nil { rejected = String(name) }
      case "xt" where value.lowercased().hasPrefix("urn:btmh:"):
        let name = value.dropFirst("urn:btmh:".count)
        if link.infoHashV2 == nil { link.infoHashV2 = InfoHashV2(multihash: name) }
        if link.infoHashV2 == nil { rejected = String(name) }
      case "dn":
        if link.displayName == nil { link.displayName = value }
      case "tr" where link.trackers.count < Self.mostHints:
        if !value.isEmpty, !link.trackers.contains(value) { link.trackers.append(value) }
      case "ws" where link.webSeeds.count < Self.mostHints:
        if !value.isEmpty, !link.webSeeds.contains(value) { link.webSeeds.append(value) }
      case "x" where key == "x.pe" && link.peers.count < Self.mostHints:
        if let hint = PeerHint(parsing: value) { link.peers.append(hint) }
      case "so" where key == "so":
        if link.selectedFiles.isEmpty { link.selectedFiles = Self.ranges(value) }
      case "x" where key == "x.rb" && ringNodes.count < RingReference.mostNodes:
        if let hint = PeerHint(parsing: value) { ringNodes.append(hint) }
      case "x" where key == "x.ring":
        if ring == nil { ring = RingName(text: value) }
      default:
        continue
      }
    }
    guard let infoHash = infoHash ?? link.infoHashV2?.truncated else {
      if let rejected { throw .badInfoHash(rejected) }
      throw .noInfoHash
    }
    link.infoHash = infoHash
    link.ring = ring.map { RingReference($0, nodes: ringNodes) }
    self = link
  }

  /// The link as text: parts in a fixed order, values escaped.
  public var text: String {
    var names: [String] = []
    if let infoHashV1 { names.append("xt=urn:btih:\(infoHashV1)") }
    if let infoHashV2 { names.append("xt=urn:btmh:\(infoHashV2.multihash)") }
    var text = "magnet:?" + names.joined(separator: "&")
    if let displayName { text += "&dn=" + PercentEncoding.encode(displayName.utf8) }
    for tracker in trackers { text += "&tr=" + PercentEncoding.encode(tracker.utf8) }
    for webSeed in webSeeds { text += "&ws=" + PercentEncoding.encode(webSeed.utf8) }
    for peer in peers { text += "&x.pe=\(peer)" }
    if !selectedFiles.isEmpty {
      text +=
        "&so="
        + selectedFiles.map {
          $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }.joined(separator: ",")
    }
    if let ring {
      text += "&x.ring=\(ring.name)"
      for node in ring.nodes { text += "&x.rb=\(node)" }
    }
    return text
  }

  /// `0,2,4-8`; what is no number or range is passed over.
  private static func ranges(_ text: String) -> [ClosedRange<Int>] {
    text.split(separator: ",").prefix(mostHints).compactMap { part in
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map {
        digits in digits.utf8.allSatisfy { (48...57).contains($0) } ? Int(digits) : nil
      }
      guard let first = ends[0], let last = ends.count == 1 ? first : ends[1], first <= last,
        last < mostFileNumber
      else { return nil }
      return first...last
    }
  }
}

extension MagnetLink.PeerHint {
  /// `host:port`, `1.2.3.4:port` or `[2001:db8::1]:port`; `nil` for anything else and for port 0.
  public init?(parsing text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits), port != 0
    else { return nil }
    let written = text[..<colon]
    if written.hasPrefix("["), written.hasSuffix("]") {
      guard let address = Address(text: written.dropFirst().dropLast()) else { return nil }
      self.init(Endpoint(address, port: port))
      return
    }
    guard let host = DomainName.ascii(written) else { return nil }
    guard (1...Self.longestHost).contains(host.utf8.count), host.utf8.allSatisfy(Self.isInHostName)
    else { return nil }
    self.init(host: host, port: port)
  }

  /// A host name in bytes (RFC 1035, section 2.3.4).
  private static let longestHost = 253

  /// Letters, digits, hyphens and dots (RFC 1123, section 2.1), and the underscore of local names:
  /// nothing that would have to be escaped in a link.
  private static func isInHostName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
