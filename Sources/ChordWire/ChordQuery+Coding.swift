import Bencoding
import TorrentModel

// The arguments of each query, beside `id`, `to` and `token`.
extension ChordQuery {
  /// Words a search names beside the one it is kept under.
  public static let mostWords = 8
  public static let longestWord = 40
  /// Bytes of a certificate.
  public static let longestCertificate = 512

  var pairs: [(String, BencodeValue)] {
    switch self {
    case .ping, .state, .notify: []
    case .next(let request):
      [("target", .string(request.target.bytes))]
        + (request.isConfirming ? [("own", .integer(1))] : [])
    case .reach(let endpoint): endpoint.map { [("e", .string($0.compact))] } ?? []
    case .leave(let predecessor, let successors):
      ContactList.pairs("p", predecessor.map { [$0] } ?? [])
        + ContactList.pairs("nodes", successors)
    case .pullRecords(let request):
      request.arc.pairs + (request.cursor.isEmpty ? [] : [("c", .string(request.cursor))])
    case .pushRecords(let records): [("k", .list(records.map(\.value)))]
    case .events(let events):
      ContactList.pairs("j", events.joined) + ContactList.pairs("l", events.left)
        + [("s", .integer(Int64(events.span)))]
    case .members(let sum): sum.arc.pairs + [("sum", .word(sum.sum))]
    case .certificate(let bytes): [("cert", .string(bytes))]
    case .getPeers(let infoHash): [("info_hash", .string(infoHash.bytes))]
    case .announcePeer(let announcement): announcement.pairs
    case .get(let target, let sequence):
      [("target", .string(target.bytes))] + (sequence.map { [("seq", .integer($0))] } ?? [])
    case .put(let item, let cas):
      item.pairs + (cas.map { [("cas", .integer($0))] } ?? [])
    case .putKeyword(let word, let record):
      [("target", .string(word.bytes)), ("w", .string(record.bytes))]
    case .getKeyword(let word, let words):
      [("target", .string(word.bytes)), ("words", .list(words.map { .string($0) }))]
    }
  }

  init(_ method: Method, _ fields: Fields) throws(ChordWireError.Fault) {
    switch method {
    case .ping: self = .ping
    case .state: self = .state
    case .notify: self = .notify
    case .reach:
      guard let bytes = try fields.optionalString("e") else {
        self = .reach(nil)
        return
      }
      guard let endpoint = Endpoint(compact: bytes), endpoint.isDialable else {
        throw .malformed("e")
      }
      self = .reach(endpoint)
    case .next:
      self = .next(
        NextRequest(
          try fields.identifier("target"), isConfirming: try fields.flag("own")))
    case .leave:
      self = .leave(
        predecessor: try ContactList.read("p", from: fields, most: 1).first,
        successors: try ContactList.read("nodes", from: fields))
    case .records where fields.has("k"):
      self = .pushRecords(try StoredRecord.list(fields))
    case .records:
      let cursor = try fields.optionalString("c", 1...RecordRequest.longestCursor)
      self = .pullRecords(RecordRequest(try Arc(fields), cursor: cursor ?? []))
    case .events where fields.has("sum"):
      self = .members(MembershipSum(try Arc(fields), sum: try fields.word("sum")))
    case .events:
      self = .events(
        MembershipEvents(
          joined: try ContactList.read("j", from: fields),
          left: try ContactList.read("l", from: fields),
          span: Int(try fields.integer("s", 0...Int64(MembershipEvents.longestSpan)))))
    case .certificate:
      self = .certificate(try fields.string("cert", 1...Self.longestCertificate))
    case .getPeers: self = .getPeers(try fields.infoHash("info_hash"))
    case .announcePeer: self = .announcePeer(try PeerAnnouncement(fields))
    case .get:
      self = .get(
        try fields.identifier("target"),
        newerThan: try fields.optionalInteger("seq", 0...Int64.max))
    case .put:
      self = .put(
        try Item(fields), cas: try fields.optionalInteger("cas", 0...Int64.max))
    case .putKeyword:
      guard let bytes = try fields.optionalString("w"), let record = KeywordRecord(bytes: bytes)
      else { throw .malformed("w") }
      self = .putKeyword(try fields.identifier("target"), record)
    case .getKeyword:
      self = .getKeyword(try fields.identifier("target"), words: try Self.words(fields))
    }
  }

  private static func words(_ fields: Fields) throws(ChordWireError.Fault) -> [String] {
    var words: [String] = []
    for value in try fields.list("words", most: mostWords) {
      guard let word = value.text, (1...longestWord).contains(word.utf8.count) else {
        throw .malformed("words")
      }
      words.append(word)
    }
    return words
  }
}

extension Arc {
  var pairs: [(String, BencodeValue)] {
    [("f", .string(start.bytes)), ("u", .string(end.bytes))]
  }

  init(_ fields: Fields) throws(ChordWireError.Fault) {
    self.init(after: try fields.identifier("f"), through: try fields.identifier("u"))
  }
}

extension PeerAnnouncement {
  var pairs: [(String, BencodeValue)] {
    var pairs: [(String, BencodeValue)] = [("info_hash", .string(infoHash.bytes))]
    if let port {
      pairs.append(("port", .integer(Int64(port))))
    } else {
      pairs.append(("implied_port", .integer(1)))
    }
    if isSeed { pairs.append(("seed", .integer(1))) }
    if isGone { pairs.append(("gone", .integer(1))) }
    return pairs
  }

  /// BEP 5 has the port ignored where `implied_port` stands; port 0 is nobody's.
  init(_ fields: Fields) throws(ChordWireError.Fault) {
    let isImplied = try fields.flag("implied_port")
    self.init(
      try fields.infoHash("info_hash"),
      port: isImplied ? nil : UInt16(try fields.integer("port", 1...65535)),
      isSeed: try fields.flag("seed"), isGone: try fields.flag("gone"))
  }
}
