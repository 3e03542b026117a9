public import Storage
public import SwarmLogic
public import TorrentModel

/// What a torrent is doing.
public enum TorrentPhase: Hashable, Sendable {
  /// Asking peers for the info dictionary.
  case fetchingMetadata
  /// Hashing what is on disk.
  case checking
  case downloading
  case seeding
  /// The disk refuses what was fetched. What is here is served, the piece is kept in memory and
  /// written again by and by.
  case waiting(StorageError)
  /// Nothing more is fetched.
  case failed(TorrentFailure)
  case stopped
}

/// Why a torrent cannot go on.
public enum TorrentFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The disk refuses.
  case storage(StorageError)
  /// The info dictionary is the one asked for and describes no torrent.
  case metadata(MetainfoError)

  public var description: String {
    switch self {
    case .storage(let error): error.description
    case .metadata(let error): "the torrent's metadata is malformed: \(error)"
    }
  }
}

/// What happens to a torrent, for whoever watches.
public enum TorrentEvent: Sendable {
  case phase(TorrentPhase)
  case metadata(TorrentInfo)
  case swarm(SwarmEvent)
  /// An announce was answered or failed.
  case tracker(TrackerReport)
  case ring(RingReport)
  case resume(ResumeReport)
  /// Other files of this machine were looked through for pieces.
  case reuse(ReuseReport)
  /// A web seed could not be used.
  case webSeed(WebSeedReport)
}

/// What the state that is kept between two runs was good for.
public enum ResumeReport: Hashable, Sendable {
  /// So many bytes were verified by an earlier run and are not read again.
  case trusted(bytes: UInt64)
  /// An earlier run's state could not be used, or not the newest: a sentence without its end.
  case damaged(String)
  /// The state cannot be written at the moment; the download itself goes on.
  case unkept(StorageError)
}

/// What the files of a folder were good for.
public struct ReuseReport: Hashable, Sendable {
  public let folder: String
  /// Bytes that were copied and need not be fetched.
  public let bytes: UInt64
  /// Why not all of its files could be looked at.
  public let trouble: StorageError?

  init(folder: String, _ outcome: LocalReuse.Outcome, in geometry: PieceGeometry) {
    self.folder = folder
    bytes = outcome.found.pieces.reduce(0) { $0 + UInt64(geometry.length(of: $1)) }
    trouble = outcome.trouble
  }
}

/// The outcome of one announce.
public struct TrackerReport: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// Peers named, and the swarm's size where the tracker tells it.
    case answered(peers: Int, seeders: Int?, leechers: Int?)
    /// The tracker refused, in its own words.
    case refused(String)
    case failed(String)
  }

  public let url: String
  public let outcome: Outcome

  public init(url: String, outcome: Outcome) {
    self.url = url
    self.outcome = outcome
  }
}

/// What is wrong with a web seed.
public struct WebSeedReport: Hashable, Sendable {
  /// Scheme and host.
  public let url: String
  public let problem: String
}

/// A torrent's numbers at one moment.
public struct TorrentSnapshot: Sendable {
  public var name: String
  public var infoHash: InfoHash
  public var phase: TorrentPhase
  /// Verified bytes, or bytes looked at while checking.
  public var bytesDone: UInt64
  /// 0 while the metadata is not known.
  public var bytesTotal: UInt64
  /// Bytes a second over the last 20 s.
  public var downRate: Double
  public var upRate: Double
  /// Payload bytes, those of the earlier runs that this one resumes among them.
  public var downloaded: UInt64
  public var uploaded: UInt64
  public var wasted: UInt64
  /// Connected peers, and those of them that have everything.
  public var peers: Int
  public var seeds: Int
  /// Different peers that have been seen with every piece.
  public var completePeers: Int
  /// Peers that payload came from.
  public var contributors: Int
  /// Web seeds that are not given up.
  public var webSeeds: Int
  /// Verified bytes that this run fetched, by where they came from.
  public var verifiedFromPeers: UInt64
  public var verifiedFromWebSeeds: UInt64
  /// What it was put under.
  public var label: String?
}

/// How a ring answered for a torrent.
public struct RingReport: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    case found(peers: Int)
    case announced
    case failed(String)
    /// The torrent is private and the ring open to all.
    case barred
  }

  public let ring: RingName
  public let outcome: Outcome
}
