public import DeterministicCore
public import Storage
public import SwarmLogic
public import TorrentModel

/// What a session is told before it starts.
public struct SessionConfiguration: Sendable {
  /// Where to listen. Several endpoints share the port that the first is given.
  public var listen: [Endpoint]
  /// When the port asked for is taken, take any.
  public var fallsBackToAnyPort = false
  public var swarm = SwarmConfiguration()
  public var connections = ConnectionLimits()
  /// Bytes a second, of all torrents together; nil for no limit.
  public var uploadLimit: UInt64?
  public var downloadLimit: UInt64?
  /// Bytes a second, of all torrents of a label together.
  public var labelLimits: [String: LimitSchedule.Limits] = [:]
  /// Peers of private networks and of this machine do not count for the limits.
  public var exemptsLocalNetworks = false
  /// Bytes of piece buffers that one torrent may fill.
  public var bufferBytes = 64 << 20
  /// What all connections go through: peers, trackers and web servers. Nobody is let in meanwhile, no
  /// name is looked up here, and nothing is sent that a proxy does not carry.
  public var proxy: Proxy?
  /// Addresses of peers that are not spoken to, whoever names them.
  public var filter = AddressFilter()
  /// The local network is told of torrents that are not private, and asked for peers (BEP 14).
  public var discoversLocally = false
  /// The router is asked to let peers in.
  public var mapsPorts = false
  /// Where the state of unfinished downloads is kept between two runs; nil for nowhere.
  public var resumeFolder: String?
  /// Whether datagrams are taken on the port that peers use, for rings.
  public var takesDatagrams = false
  /// A leaf of a ring becomes a member once others could reach it for so long; nil for never.
  public var ringPromotion: TimeSpan?
  /// Where the known nodes of rings are kept between two runs; nil for nowhere.
  public var ringMemory: String?
  /// The time from the start of a download to its first state on the disk: a transfer between
  /// neighbours is complete before that and writes none.
  public var firstKeeping = TimeSpan.seconds(2)
  /// The time from one state on the disk to the next.
  public var keepingInterval = TimeSpan.seconds(10)
  /// The wait after the disk refused a write, before it is tried again; doubled each time.
  public var firstDiskRetry = TimeSpan.seconds(1)
  /// Files held open at once.
  public var openFiles = 128

  /// The port that BitTorrent clients have always asked for first (BEP 3).
  public static let usualPort: UInt16 = 6881

  /// Every address of the machine, IPv4 and IPv6.
  public init(port: UInt16 = usualPort) {
    listen = [Endpoint(.v4(0), port: port), Endpoint(.v6(high: 0, low: 0), port: port)]
  }

  public init(listen endpoint: Endpoint) { listen = [endpoint] }
}

/// Where a torrent is described.
public enum TorrentSource: Sendable {
  case metainfo(Metainfo)
  case magnet(MagnetLink)

  public var infoHash: InfoHash {
    switch self {
    case .metainfo(let metainfo): metainfo.info.infoHash
    case .magnet(let link): link.infoHash
    }
  }

  /// The whole info-hash of version 2, where the source names it.
  var infoHashV2: InfoHashV2? {
    switch self {
    case .metainfo(let metainfo): metainfo.info.infoHashV2
    case .magnet(let link): link.infoHashV2
    }
  }

  /// The name, as far as it is known: whoever made a link may have written anything.
  public var name: String {
    switch self {
    case .metainfo(let metainfo): metainfo.info.name
    case .magnet(let link): link.displayName ?? link.infoHash.description
    }
  }

  /// The info dictionary, where the source holds it.
  var metadata: [UInt8] {
    switch self {
    case .metainfo(let metainfo): Array(metainfo.info.bytes)
    case .magnet: []
    }
  }

  /// The ring that knows its peers.
  public var ring: RingReference? {
    switch self {
    case .metainfo(let metainfo): metainfo.ring
    case .magnet(let link): link.ring
    }
  }

  /// None where the ring is closed: its torrents are nobody's business outside of it.
  var trackers: [[String]] {
    if let ring, !ring.name.isOpen { return [] }
    return namedTrackers
  }

  private var namedTrackers: [[String]] {
    switch self {
    case .metainfo(let metainfo): metainfo.trackers
    // Whoever wrote a link meant all its trackers: each is a tier of its own.
    case .magnet(let link): link.trackers.map { [$0] }
    }
  }
}

extension TorrentSource {
  /// The files that a link asks for (BEP 53); empty for all.
  var selectedFiles: [ClosedRange<Int>] {
    if case .magnet(let link) = self { link.selectedFiles } else { [] }
  }

  /// The web seeds that the source names.
  var webSeeds: [WebSeed] {
    switch self {
    case .metainfo(let metainfo):
      metainfo.webSeeds.compactMap { WebSeed($0) }
        + metainfo.pieceServers.compactMap { WebSeed($0, kind: .pieces) }
    case .magnet(let link): link.webSeeds.compactMap { WebSeed($0) }
    }
  }
}

/// How one torrent is to be handled.
public struct TorrentOptions: Sendable {
  /// The folder that holds the torrent's file or folder.
  public var folder: String
  /// What its file or folder is called there, where it is not the torrent's own name.
  public var alias: String?
  /// Where the data is, when it is not where a download into `folder` would put it.
  public var storage: (any PieceStorage)?
  /// Bytes a second, of this torrent; nil for no limit of its own.
  public var uploadLimit: UInt64?
  public var downloadLimit: UInt64?
  /// What a person put it under; the session may limit all of a label together.
  public var label: String?
  /// Nothing is written: missing or wrong pieces stay missing.
  public var isReadOnly = false
  /// What is on disk is believed without hashing it.
  public var trustsData = false
  /// Pieces that were found to be right a moment ago; nil where nobody has looked.
  public var verifiedPieces: Bitfield?
  /// Trackers on top of those in the source, each a tier of its own.
  public var trackers: [String] = []
  public var peers: [MagnetLink.PeerHint] = []
  /// Web seeds on top of those in the source.
  public var webSeeds: [String] = []
  /// The ring to go to instead of one in the source.
  public var ring: RingReference?
  /// Who named the trackers and peers that stand in the source. Those above, the user typed.
  public var origin = RequestOrigin.document
  /// Whether a file is wanted, by its path below the download folder; nil for all.
  public var wantsFile: (@Sendable (String) -> Bool)?
  /// Folders whose files are looked at for pieces, which are copied instead of fetched.
  public var reuse: [String] = []
  /// How much a file is wanted, by the same path; nil for all alike.
  public var priorityOfFile: (@Sendable (String) -> PiecePriority)?

  public init(folder: String) { self.folder = folder }
}
