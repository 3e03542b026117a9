public import TorrentModel

/// What a tracker answers to an announce (BEP 3).
public struct AnnounceResponse: Hashable, Sendable {
  /// Seconds until the next announce is due.
  public var interval: Int
  /// Seconds that must pass before the next announce, events excepted.
  public var minInterval: Int?
  /// Peers that have everything.
  public var complete: Int?
  /// Peers that have not, partial seeds included.
  public var incomplete: Int?
  /// Peers that still want something: `incomplete` without the partial seeds (BEP 21).
  public var downloaders: Int?
  public var peers: PeerList = .none
  /// The address the request came from (BEP 24).
  public var externalAddress: Address?
  /// To be sent back with the next announce.
  public var trackerID: [UInt8]?
  /// For a person to read; the response stands all the same.
  public var warning: String?

  public init(interval: Int) { self.interval = interval }
}

/// Why a tracker serves a request not at all, in words for a person.
public struct TrackerFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// When to ask again (BEP 31).
  public enum Retry: Hashable, Sendable {
    /// Minutes, at least 1.
    case after(minutes: Int)
    case never
  }

  public var reason: String
  public var retry: Retry?

  public init(_ reason: String, retry: Retry? = nil) {
    self.reason = reason
    self.retry = retry
  }

  public var description: String { reason }
}

public typealias AnnounceReply = Result<AnnounceResponse, TrackerFailure>

/// What a client believes of a tracker's answer.
public enum TrackerLimits {
  /// Bytes of a response. 5000 peers described at length are half of it.
  public static let longestResponse = 1 << 20
  /// Peers taken from one response; those behind are dropped.
  public static let mostPeers = 5000
  /// Seconds. A tracker that asks for less would have us storm it, or another through it.
  public static let shortestInterval = 60
  /// Seconds. A tracker that asks for more has lost us.
  public static let longestInterval = 24 * 60 * 60
  /// Seconds, where the tracker names no interval.
  public static let standardInterval = 30 * 60
  /// Bytes of a message for people, and of a `tracker id`.
  public static let longestText = 1024
  /// Info-hashes of one scrape: what BEP 15 fits into a datagram.
  public static let mostScrapedHashes = 74

  static func interval(_ seconds: Int64) -> Int {
    Int(min(max(seconds, Int64(shortestInterval)), Int64(longestInterval)))
  }
}

extension Endpoint {
  /// Whether a peer a tracker names may be tried. A link-local one says nothing beyond the link it
  /// was seen on, and 169.254.169.254 is where clouds keep credentials. Loopback passes: only the
  /// caller knows whether the tracker itself lives there.
  var isBelievable: Bool { isDialable && !address.isLinkLocal }
}
