public import TorrentModel

/// What one node asks of another.
public enum ChordQuery: Hashable, Sendable {
  case ping
  /// For predecessor and successors.
  case state
  /// For the way to a key.
  case next(NextRequest)
  /// The sender may be the receiver's predecessor.
  case notify
  /// The sender is a client that would like to know whether others can reach it: it is to be called by
  /// a node it has not spoken to. With an endpoint, that is whom the receiver is to call.
  case reach(Endpoint?)
  /// The sender is about to leave its two neighbours to each other.
  case leave(predecessor: Contact?, successors: [Contact])
  /// For a page of the records whose keys are in an arc.
  case pullRecords(RecordRequest)
  /// Copies for the receiver to keep.
  case pushRecords([StoredRecord])
  case events(MembershipEvents)
  /// For what the receiver knows of the members in an arc, if it differs.
  case members(MembershipSum)
  case certificate([UInt8])
  case getPeers(InfoHash)
  case announcePeer(PeerAnnouncement)
  /// BEP 44; with `newerThan`, a mutable item is wanted only if its sequence number is higher.
  case get(Identifier, newerThan: Int64?)
  case put(Item, cas: Int64?)
  case putKeyword(Identifier, KeywordRecord)
  /// Records under a word that have the other words in their names, too.
  case getKeyword(Identifier, words: [String])

  /// What every datagram of a kind is called on the wire.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    case ping
    case state = "c_state"
    case next = "c_next"
    case notify = "c_notify"
    case reach = "c_reach"
    case leave = "c_leave"
    case records = "c_keys"
    case events = "c_ev"
    case certificate = "c_cert"
    case getPeers = "get_peers"
    case announcePeer = "announce_peer"
    case get
    case put
    case putKeyword = "c_kput"
    case getKeyword = "c_kget"
  }

  public var method: Method {
    switch self {
    case .ping: .ping
    case .state: .state
    case .next: .next
    case .notify: .notify
    case .reach: .reach
    case .leave: .leave
    case .pullRecords, .pushRecords: .records
    case .events, .members: .events
    case .certificate: .certificate
    case .getPeers: .getPeers
    case .announcePeer: .announcePeer
    case .get: .get
    case .put: .put
    case .putKeyword: .putKeyword
    case .getKeyword: .getKeyword
    }
  }
}

/// A step of a lookup.
public struct NextRequest: Hashable, Sendable {
  public var target: Identifier
  /// The asker takes the receiver for the owner: it is to say so, or to name its predecessor.
  public var isConfirming: Bool

  public init(_ target: Identifier, isConfirming: Bool = false) {
    self.target = target
    self.isConfirming = isConfirming
  }
}

/// A half-open arc of the circle: from behind `start` to `end`, which belongs to it.
public struct Arc: Hashable, Sendable {
  public var start: Identifier
  public var end: Identifier

  public init(after start: Identifier, through end: Identifier) {
    self.start = start
    self.end = end
  }
}

/// Membership as its news travel: who came and who went, to be passed on to so many nodes behind the
/// receiver.
public struct MembershipEvents: Hashable, Sendable {
  public var joined: [Contact]
  public var left: [Contact]
  /// Nodes, counted clockwise from the receiver, that are the receiver's to tell.
  public var span: Int

  /// Members of the largest ring whose nodes know all of each other, with room to spare.
  public static let longestSpan = 1 << 16

  public init(joined: [Contact], left: [Contact], span: Int) {
    self.joined = joined
    self.left = left
    self.span = span
  }
}

/// A digest of the members the sender knows in an arc.
public struct MembershipSum: Hashable, Sendable {
  public var arc: Arc
  public var sum: UInt64

  public init(_ arc: Arc, sum: UInt64) {
    self.arc = arc
    self.sum = sum
  }
}

/// That the sender, at the address it speaks from, has or had part in a swarm (BEP 5).
public struct PeerAnnouncement: Hashable, Sendable {
  public var infoHash: InfoHash
  /// Where it takes connections; nil for the port the datagram came from.
  public var port: UInt16?
  /// It has everything (BEP 33).
  public var isSeed: Bool
  /// It leaves the swarm.
  public var isGone: Bool

  public init(_ infoHash: InfoHash, port: UInt16?, isSeed: Bool = false, isGone: Bool = false) {
    self.infoHash = infoHash
    self.port = port
    self.isSeed = isSeed
    self.isGone = isGone
  }
}

/// A page of records: those in an arc behind a cursor that came with the page before.
public struct RecordRequest: Hashable, Sendable {
  public var arc: Arc
  /// Empty for the first page.
  public var cursor: [UInt8]

  public static let longestCursor = 120

  public init(_ arc: Arc, cursor: [UInt8] = []) {
    self.arc = arc
    self.cursor = cursor
  }
}
