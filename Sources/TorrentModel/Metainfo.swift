public import Bencoding

/// A `.torrent` file: an info dictionary and what stands around it.
public struct Metainfo: Sendable {
  public let info: TorrentInfo
  /// Trackers by tier (BEP 12); `announce` is the only tier where there is no `announce-list`.
  public let trackers: [[String]]
  /// `url-list` (BEP 19).
  public let webSeeds: [String]
  /// `httpseeds` (BEP 17): programs that serve pieces.
  public let pieceServers: [String]
  /// Torrents that share files with this one (BEP 38), by what this file says around its info
  /// dictionary and in it.
  public let similar: [InfoHash]
  public let comment: String?
  public let createdBy: String?
  /// The ring that knows its peers.
  public let ring: RingReference?
  /// Seconds since 1970.
  public let creationDate: Int64?
  /// The whole outer dictionary, unknown keys included.
  public let outer: BencodeValue

  /// Documents longer than this are refused, in bytes; nobody needs to read further.
  public static let longestDocument = BencodeDecoder.Limits.metainfo.length
  /// More trackers than these are dropped: announcing to them would be an attack on others.
  public static let mostTrackers = 100
  public static let mostWebSeeds = 100
  public static let mostSimilar = 100

  public init(_ document: [UInt8]) throws(MetainfoError) {
    do {
      outer = try BencodeDecoder(limits: .metainfo).decode(document)
    } catch {
      throw .notBencoded(error)
    }
    guard outer.entries != nil else { throw .wrongType("the file as a whole") }
    guard let infoValue = outer["info"] else { throw .missing("info") }
    var info = try TorrentInfo(infoValue, in: document)
    if info.version.hasV2 { try info.take(outer["piece layers"]) }
    self.info = info
    trackers = Self.tiers(outer)
    webSeeds = Self.urls(outer["url-list"])
    pieceServers = Self.urls(outer["httpseeds"])
    similar = Self.hashes(outer["similar"], infoValue["similar"])
    ring = RingReference(outer["ring"])
    comment = outer["comment"]?.text
    createdBy = outer["created by"]?.text
    creationDate = outer["creation date"]?.integer
  }

  static func tiers(_ outer: BencodeValue) -> [[String]] {
    var tiers: [[String]] = []
    var count = 0
    for tier in outer["announce-list"]?.list ?? [] {
      let urls = (tier.list ?? []).compactMap(\.text).filter { !$0.isEmpty }
      guard !urls.isEmpty, count < mostTrackers else { continue }
      tiers.append(Array(urls.prefix(mostTrackers - count)))
      count += urls.count
    }
    if tiers.isEmpty, let announce = outer["announce"]?.text, !announce.isEmpty {
      tiers = [[announce]]
    }
    return tiers
  }

  static func urls(_ value: BencodeValue?) -> [String] {
    guard let value else { return [] }
    let urls = value.list.map { $0.compactMap(\.text) } ?? value.text.map { [$0] } ?? []
    return Array(urls.filter { !$0.isEmpty }.prefix(mostWebSeeds))
  }

  private static func hashes(_ lists: BencodeValue?...) -> [InfoHash] {
    var hashes: [InfoHash] = []
    for list in lists {
      for value in list?.list ?? [] where hashes.count < mostSimilar {
        guard let hash = value.string.flatMap({ InfoHash(bytes: Array($0)) }),
          !hashes.contains(hash)
        else { continue }
        hashes.append(hash)
      }
    }
    return hashes
  }

  /// The link that names this torrent, its trackers and its web seeds.
  public var magnet: MagnetLink {
    var link = MagnetLink(infoHash: info.infoHash)
    link.infoHashV2 = info.infoHashV2
    link.displayName = info.name
    link.trackers = trackers.flatMap { $0 }
    link.webSeeds = webSeeds
    link.ring = ring
    return link
  }
}
