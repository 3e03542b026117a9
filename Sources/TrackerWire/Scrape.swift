public import TorrentModel

/// Asks for the counts of swarms (BEP 48).
public struct ScrapeRequest: Hashable, Sendable {
  /// Empty for everything the tracker has, which only HTTP can ask for.
  public var infoHashes: [InfoHash]

  public init(_ infoHashes: [InfoHash]) { self.infoHashes = infoHashes }
}

/// The counts of one swarm.
public struct ScrapeStatistics: Hashable, Sendable {
  public var complete: Int
  /// How often a peer has become complete since the tracker knows the torrent.
  public var downloaded: Int
  public var incomplete: Int
  /// `incomplete` without the partial seeds (BEP 21); not carried over UDP.
  public var downloaders: Int?

  public init(complete: Int, downloaded: Int, incomplete: Int, downloaders: Int? = nil) {
    self.complete = complete
    self.downloaded = downloaded
    self.incomplete = incomplete
    self.downloaders = downloaders
  }
}

public struct ScrapeResponse: Hashable, Sendable {
  public struct File: Hashable, Sendable {
    public var infoHash: InfoHash
    public var statistics: ScrapeStatistics

    public init(_ infoHash: InfoHash, _ statistics: ScrapeStatistics) {
      self.infoHash = infoHash
      self.statistics = statistics
    }
  }

  /// In the order asked for; over HTTP sorted by info-hash, and without those the tracker does not
  /// know.
  public var files: [File]
  /// Seconds before the next scrape is welcome.
  public var minRequestInterval: Int?

  public init(files: [File]) { self.files = files }
}

public typealias ScrapeReply = Result<ScrapeResponse, TrackerFailure>
