public import TorrentModel

/// A datagram between nodes of a ring: the envelope of KRPC (BEP 5) with a few keys of its own.
///
/// An answer repeats the name of its query, so that every message can be read by itself.
public struct ChordMessage: Hashable, Sendable {
  public enum Body: Hashable, Sendable {
    case query(ChordQuery, QueryHead)
    case reply(ChordReply, ReplyHead)
    case failure(ChordFailure)
  }

  /// Chosen by who asks, returned with the answer.
  public var transaction: UInt32
  /// The ring the message belongs to; nil in a ring without a name, as on a desk.
  public var ring: RingTag?
  /// Where the receiver stands as the sender sees it (BEP 42): how a node learns its own address.
  public var observed: Endpoint?
  /// The sender cannot be dialled and belongs in nobody's tables (BEP 43).
  public var isReadOnly = false
  public var body: Body

  /// Bytes of a datagram at most: it crosses every path in one piece.
  public static let longest = 1024

  public init(transaction: UInt32, ring: RingTag? = nil, body: Body) {
    self.transaction = transaction
    self.ring = ring
    self.body = body
  }
}

/// Who asks, and whom.
public struct QueryHead: Hashable, Sendable {
  public var sender: Identifier
  /// The node asked, where several share an endpoint; nil when only the endpoint is known.
  public var receiver: Identifier?
  /// Shows that answers reach the sender's address.
  public var token: WriteToken?

  public init(from sender: Identifier, to receiver: Identifier? = nil, token: WriteToken? = nil) {
    self.sender = sender
    self.receiver = receiver
    self.token = token
  }
}

public struct ReplyHead: Hashable, Sendable {
  public var sender: Identifier
  /// To be shown with later queries.
  public var token: WriteToken?

  public init(from sender: Identifier, token: WriteToken? = nil) {
    self.sender = sender
    self.token = token
  }
}

/// The first eight bytes of SHA-256 of a ring's key: tells datagrams of one ring from another's.
public struct RingTag: Hashable, Sendable {
  public let word: UInt64

  public init(_ word: UInt64) { self.word = word }

  public init(_ ring: RingName) { word = ring.tag }
}

/// Eight bytes a node gave to an address and wants to see again.
public struct WriteToken: Hashable, Sendable {
  public let word: UInt64

  public init(_ word: UInt64) { self.word = word }
}
