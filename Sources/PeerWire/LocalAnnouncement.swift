public import TorrentModel

/// What a peer says to its local network (BEP 14): which torrents it has, and where it listens.
public struct LocalAnnouncement: Hashable, Sendable {
  public var infoHashes: [InfoHash]
  public var port: UInt16
  /// By which a sender knows its own words; absent where the sender does not care.
  public var cookie: String?

  /// Where announcements are sent to (BEP 14): 239.192.152.143 and ff15::efc0:988f.
  public static let groupV4 = Endpoint(.v4(0xefc0_988f), port: 6771)
  public static let groupV6 = Endpoint(.v6(high: 0xff15 << 48, low: 0xefc0_988f), port: 6771)
  /// Datagrams longer than this are not read; BEP 14 has them fit a packet.
  public static let longest = 1400
  /// Torrents in one announcement, to stay below that length.
  public static let mostInfoHashes = 20
  private static let longestCookie = 64

  public init(infoHashes: [InfoHash], port: UInt16, cookie: String?) {
    self.infoHashes = infoHashes
    self.port = port
    self.cookie = cookie
  }

  /// The datagram, for the group that it goes to.
  public func bytes(to group: Endpoint) -> [UInt8] {
    var lines = ["BT-SEARCH * HTTP/1.1", "Host: \(group)", "Port: \(port)"]
    for infoHash in infoHashes { lines.append("Infohash: \(infoHash)") }
    if let cookie { lines.append("cookie: \(cookie)") }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n\r\n").utf8)
  }

  /// Anything else than the one kind of message that there is, is nil, since whatever else is sent to
  /// the group is not for us. Info-hashes that are none (of later versions, say) are passed over.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count <= Self.longest else { return nil }
    var lines = bytes.split(separator: UInt8(ascii: "\n")).map { line in
      line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }[...]
    guard let first = lines.popFirst(),
      first.elementsEqual("BT-SEARCH * HTTP/1.1".utf8)
    else { return nil }
    var infoHashes: [InfoHash] = []
    var port: UInt16?
    var cookie: String?
    for line in lines {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      let value = String(
        decoding: line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
      switch name {
      case "port":
        guard value.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        port = UInt16(value)
      case "infohash":
        guard value.utf8.count == 40, let infoHash = InfoHash(text: value[...]),
          !infoHashes.contains(infoHash), infoHashes.count < Self.mostInfoHashes
        else { continue }
        infoHashes.append(infoHash)
      case "cookie":
        if value.utf8.count <= Self.longestCookie { cookie = value }
      default: continue
      }
    }
    guard let port, port > 0, !infoHashes.isEmpty else { return nil }
    self.init(infoHashes: infoHashes, port: port, cookie: cookie)
  }
}
