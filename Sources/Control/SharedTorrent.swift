public import TorrentModel

/// A torrent as the page of a `share` shows it.
public struct SharedTorrent: Sendable {
  public let metainfo: Metainfo
  /// The bytes of the `.torrent` file.
  public let document: [UInt8]
  public let magnet: String
  /// What others are doing with it.
  public var counts = Counts()

  /// Live numbers of the swarm, the share itself among the seeders.
  public struct Counts: Hashable, Sendable {
    public var seeders = 0
    public var leechers = 0
    /// Downloads that became complete.
    public var completed = 0
    /// Bytes a second.
    public var upRate: UInt64 = 0
    /// Bytes since the start.
    public var uploaded: UInt64 = 0

    public init() {}
  }

  public init(metainfo: Metainfo, document: [UInt8], magnet: String) {
    self.metainfo = metainfo
    self.document = document
    self.magnet = magnet
  }

  /// The path of its `.torrent` file on the page's server.
  var documentPath: String { "/torrents/\(metainfo.info.infoHash).torrent" }
}
