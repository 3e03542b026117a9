public import TorrentModel

/// What a node answers; each case belongs to the query of its name.
public enum ChordReply: Hashable, Sendable {
  case ping
  case state(predecessor: Contact?, successors: [Contact])
  case next(NextHop)
  case notify
  case reach
  case leave
  /// With the cursor of the next page, unless this is the last.
  case records([StoredRecord], cursor: [UInt8]?)
  case recordsKept
  case eventsTaken
  case members(MembershipAnswer)
  case certificate([UInt8])
  case peers([Endpoint])
  case announced
  /// nil when nothing is kept under the key, or nothing newer.
  case item(Item?)
  case stored
  case keywordStored
  case keywords([KeywordRecord])

  /// Peers in one reply at most: more do not fit.
  public static let mostPeers = 60
  /// Records under a word in one reply at most.
  public static let mostKeywords = 4

  public var method: ChordQuery.Method {
    switch self {
    case .ping: .ping
    case .state: .state
    case .next: .next
    case .notify: .notify
    case .reach: .reach
    case .leave: .leave
    case .records, .recordsKept: .records
    case .eventsTaken, .members: .events
    case .certificate: .certificate
    case .peers: .getPeers
    case .announced: .announcePeer
    case .item: .get
    case .stored: .put
    case .keywordStored: .putKeyword
    case .keywords: .getKeyword
    }
  }
}

/// What a node knows of the way to a key.
public enum NextHop: Hashable, Sendable {
  /// These are nearer; the nearest first.
  case closer([Contact])
  /// The key lies between the sender and the last of its successors; these are those behind the key,
  /// of which the first owns it, as far as the sender knows.
  case predecessor(successors: [Contact])
  /// The key is the sender's own; its successors keep copies.
  case owner(successors: [Contact])

  /// Nodes named by one that is neither owner nor predecessor.
  public static let mostCloser = 4
}

/// What a node answers to the sum of an arc.
public enum MembershipAnswer: Hashable, Sendable {
  case same
  /// Too many to list: the sums of the arc's halves.
  case halves(UInt64, UInt64)
  case listed([Contact])

  /// Members listed in one reply at most.
  public static let mostListed = 22
}
