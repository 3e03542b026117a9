public import TorrentModel

/// What changed since a peer's last announce (BEP 3, BEP 21). The numbers are those of BEP 15.
public enum AnnounceEvent: UInt32, Hashable, Sendable, CaseIterable {
  /// Became complete while this session ran.
  case completed = 1
  /// The first announce of a session.
  case started = 2
  /// The last announce of a session.
  case stopped = 3
  /// A partial seed: it has all it wants and not all there is (BEP 21). The number is what clients
  /// use, since BEP 15 is older.
  case paused = 4

  /// As the `event` parameter spells it.
  public var name: String {
    switch self {
    case .completed: "completed"
    case .started: "started"
    case .stopped: "stopped"
    case .paused: "paused"
    }
  }

  init?(name: [UInt8]) {
    guard let event = Self.allCases.first(where: { name.elementsEqual($0.name.utf8) }) else {
      return nil
    }
    self = event
  }
}

/// A peer tells a tracker where it stands and asks for others (BEP 3).
public struct AnnounceRequest: Hashable, Sendable {
  public var infoHash: InfoHash
  public var peerID: PeerID
  /// Where the peer listens; the address is that of the request's source.
  public var port: UInt16
  /// Payload bytes since `started`.
  public var uploaded: UInt64 = 0
  public var downloaded: UInt64 = 0
  /// Bytes still wanted; `unknownLeft` before the metadata is there.
  public var left: UInt64
  public var event: AnnounceEvent?
  /// Peers wanted; `nil` leaves the number to the tracker.
  public var numWant: Int?
  /// Random, the same for a session: who the peer is when its address changes. Other peers never
  /// learn it.
  public var key: UInt32?
  /// What the client says its address is. Never to be believed: whoever names a victim here would
  /// have a swarm connect to it.
  public var claimedAddress: Address?
  /// The `tracker id` of an earlier response (BEP 3).
  public var trackerID: [UInt8]?
  /// Peers as packed bytes (BEP 23) instead of dictionaries. Always so over UDP.
  public var wantsCompact = true
  /// Dictionaries without `peer id`.
  public var omitsPeerIDs = false

  /// `left` of a peer that does not know how much there is.
  public static let unknownLeft = UInt64.max

  public init(infoHash: InfoHash, peerID: PeerID, port: UInt16, left: UInt64) {
    self.infoHash = infoHash
    self.peerID = peerID
    self.port = port
    self.left = left
  }

  public var isSeed: Bool { left == 0 }
}
