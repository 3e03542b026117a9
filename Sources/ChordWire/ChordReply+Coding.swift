import Bencoding
import TorrentModel

// The results of each reply, beside `id` and `token`.
extension ChordReply {
  var pairs: [(String, BencodeValue)] {
    switch self {
    case .ping, .notify, .reach, .leave, .recordsKept, .eventsTaken, .announced, .stored,
      .keywordStored:
      []
    case .state(let predecessor, let successors):
      ContactList.pairs("p", predecessor.map { [$0] } ?? [])
        + ContactList.pairs("nodes", successors)
    case .next(let hop): hop.pairs
    case .records(let records, let cursor):
      [("k", .list(records.map(\.value)))] + (cursor.map { [("c", .string($0))] } ?? [])
    case .members(let answer): answer.pairs
    case .certificate(let bytes): [("cert", .string(bytes))]
    case .peers(let peers): [("values", .list(peers.map { .string($0.compact) }))]
    case .item(let item): item?.pairs ?? []
    case .keywords(let records): [("w", .list(records.map { .string($0.bytes) }))]
    }
  }

  init(_ method: ChordQuery.Method, _ fields: Fields) throws(ChordWireError.Fault) {
    switch method {
    case .ping: self = .ping
    case .notify: self = .notify
    case .reach: self = .reach
    case .leave: self = .leave
    case .announcePeer: self = .announced
    case .put: self = .stored
    case .putKeyword: self = .keywordStored
    case .state:
      self = .state(
        predecessor: try ContactList.read("p", from: fields, most: 1).first,
        successors: try ContactList.read("nodes", from: fields))
    case .next: self = .next(try NextHop(fields))
    case .records where fields.has("k"):
      let cursor = try fields.optionalString("c", 1...RecordRequest.longestCursor)
      self = .records(try StoredRecord.list(fields), cursor: cursor)
    case .records: self = .recordsKept
    case .events where fields.has("s"): self = .members(try MembershipAnswer(fields))
    case .events: self = .eventsTaken
    case .certificate:
      self = .certificate(try fields.string("cert", 1...ChordQuery.longestCertificate))
    case .getPeers: self = .peers(try Self.peers(fields))
    case .get: self = .item(fields.has("v") ? try Item(fields) : nil)
    case .getKeyword: self = .keywords(try Self.keywords(fields))
    }
  }

  private static func peers(_ fields: Fields) throws(ChordWireError.Fault) -> [Endpoint] {
    var peers: [Endpoint] = []
    for value in try fields.list("values", most: mostPeers) {
      guard let bytes = value.string, let peer = Endpoint(compact: bytes), peer.isDialable else {
        throw .malformed("values")
      }
      peers.append(peer)
    }
    return peers
  }

  private static func keywords(
    _ fields: Fields
  ) throws(ChordWireError.Fault) -> [KeywordRecord] {
    var records: [KeywordRecord] = []
    for value in try fields.list("w", most: mostKeywords) {
      guard let bytes = value.string, let record = KeywordRecord(bytes: bytes) else {
        throw .malformed("w")
      }
      records.append(record)
    }
    return records
  }
}

extension NextHop {
  /// The kinds of hop by number.
  private enum Kind {
    static let closer: Int64 = 0
    static let predecessor: Int64 = 1
    static let owner: Int64 = 2
  }

  var pairs: [(String, BencodeValue)] {
    let (kind, contacts) =
      switch self {
      case .closer(let contacts): (Kind.closer, contacts)
      case .predecessor(let successors): (Kind.predecessor, successors)
      case .owner(let successors): (Kind.owner, successors)
      }
    return ContactList.pairs("nodes", contacts) + [("s", .integer(kind))]
  }

  init(_ fields: Fields) throws(ChordWireError.Fault) {
    let contacts = try ContactList.read("nodes", from: fields)
    switch try fields.integer("s", Kind.closer...Kind.owner) {
    case Kind.owner: self = .owner(successors: contacts)
    case Kind.predecessor:
      // Without a successor there would be no arc that the key could lie in.
      guard !contacts.isEmpty else { throw .malformed("nodes") }
      self = .predecessor(successors: contacts)
    default:
      guard contacts.count <= NextHop.mostCloser else { throw .malformed("nodes") }
      self = .closer(contacts)
    }
  }
}

extension MembershipAnswer {
  /// The kinds of answer by number.
  private enum Kind {
    static let same: Int64 = 0
    static let halves: Int64 = 1
    static let listed: Int64 = 2
  }

  var pairs: [(String, BencodeValue)] {
    switch self {
    case .same: [("s", .integer(Kind.same))]
    case .halves(let first, let second):
      [("s", .integer(Kind.halves)), ("sum", .word(first)), ("sum2", .word(second))]
    case .listed(let contacts):
      ContactList.pairs("nodes", contacts) + [("s", .integer(Kind.listed))]
    }
  }

  init(_ fields: Fields) throws(ChordWireError.Fault) {
    switch try fields.integer("s", Kind.same...Kind.listed) {
    case Kind.same: self = .same
    case Kind.halves: self = .halves(try fields.word("sum"), try fields.word("sum2"))
    default: self = .listed(try ContactList.read("nodes", from: fields, most: Self.mostListed))
    }
  }
}
