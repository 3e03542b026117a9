import Bencoding
import ChordWire
import DeterministicCore
import TorrentModel

/// Random messages of every kind; the same seed gives the same message.
extension SeededGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  mutating func identifier() -> Identifier { Identifier(bytes: bytes(20))! }

  mutating func infoHash() -> InfoHash { InfoHash(bytes: bytes(20))! }

  mutating func endpoint() -> Endpoint {
    let port = UInt16(1 + below(65535))
    return below(4) == 0
      ? Endpoint(.v6(high: 0x2001_0db8_0000_0000, low: next()), port: port)
      : Endpoint(.v4(0x0a00_0000 | UInt32(below(1 << 24))), port: port)
  }

  mutating func contact() -> Contact { Contact(identifier(), endpoint()) }

  /// IPv4 before IPv6, the order in which a list comes back.
  mutating func contacts(_ most: Int) -> [Contact] {
    let all = (0..<below(most + 1)).map { _ in contact() }
    return all.filter { $0.endpoint.address.isV4 } + all.filter { !$0.endpoint.address.isV4 }
  }

  mutating func arc() -> Arc { Arc(after: identifier(), through: identifier()) }

  mutating func word() -> String {
    let letters = ["a", "b", "é", "→", "🐟", "7"]
    return (0..<1 + below(6)).map { _ in letters[below(letters.count)] }.joined()
  }

  mutating func item() -> Item {
    let value = BencodeEncoder.encode(
      below(2) == 0
        ? .string(bytes(below(500)))
        : .dictionary([("a", .list([.integer(Int64(below(99))), .string("x")]))]))
    guard below(2) == 0 else { return Item(value: value)! }
    return Item(
      value: value,
      signed: .init(
        key: PublicKey(bytes(32))!, salt: bytes(below(20)), sequence: Int64(next() >> 1),
        signature: Signature(bytes(64))!))!
  }

  mutating func keyword() -> KeywordRecord {
    KeywordRecord(
      infoHash: infoHash(), size: next(), time: UInt32(truncatingIfNeeded: next()),
      publisher: PublicKey(bytes(32))!, signature: Signature(bytes(64))!, name: word())!
  }

  mutating func records() -> [StoredRecord] {
    switch below(3) {
    case 0:
      let peers = (0..<below(20)).map { _ in
        StoredPeer(
          endpoint(), isSeed: below(2) == 0, life: UInt16(truncatingIfNeeded: next()))
      }
      return [
        .peers(
          infoHash(),
          peers.filter { $0.endpoint.address.isV4 } + peers.filter { !$0.endpoint.address.isV4 })
      ]
    case 1: return [.item(item(), life: UInt32(below(86401)))]
    default:
      return (0..<below(3)).map { _ in .keyword(identifier(), keyword(), life: UInt32(below(99))) }
    }
  }

  /// One query of a kind; the kinds are counted from 0 to below `queryKinds`.
  mutating func query(_ kind: Int) -> ChordQuery {
    switch kind {
    case 0: .ping
    case 1: .state
    case 2: .notify
    case 3: .next(NextRequest(identifier(), isConfirming: below(2) == 0))
    case 4: .leave(predecessor: below(2) == 0 ? nil : contact(), successors: contacts(16))
    case 5: .pullRecords(RecordRequest(arc(), cursor: bytes(below(50))))
    case 6: .pushRecords(records())
    case 7:
      .events(MembershipEvents(joined: contacts(9), left: contacts(9), span: below(65537)))
    case 8: .members(MembershipSum(arc(), sum: next()))
    case 9: .certificate(bytes(1 + below(512)))
    case 10: .getPeers(infoHash())
    case 11:
      .announcePeer(
        PeerAnnouncement(
          infoHash(), port: below(3) == 0 ? nil : UInt16(1 + below(65535)),
          isSeed: below(2) == 0, isGone: below(2) == 0))
    case 12: .get(identifier(), newerThan: below(2) == 0 ? nil : Int64(below(99)))
    case 13: .put(item(), cas: below(2) == 0 ? nil : Int64(below(99)))
    case 14: .putKeyword(identifier(), keyword())
    case 15: .reach(below(2) == 0 ? nil : endpoint())
    default: .getKeyword(identifier(), words: (0..<below(9)).map { _ in word() })
    }
  }

  static let queryKinds = 17

  mutating func queries() -> [ChordQuery] { (0..<Self.queryKinds).map { query($0) } }

  /// One reply of a kind; the kinds are counted from 0 to below `replyKinds`.
  mutating func reply(_ kind: Int) -> ChordReply {
    switch kind {
    case 0: .ping
    case 1: .notify
    case 2: .leave
    case 3: .recordsKept
    case 4: .eventsTaken
    case 5: .announced
    case 6: .stored
    case 7: .keywordStored
    case 8: .state(predecessor: below(2) == 0 ? nil : contact(), successors: contacts(20))
    case 9: .next(.closer(contacts(4)))
    case 10: .next(.predecessor(successors: [contact()]))
    case 11: .next(.owner(successors: contacts(20)))
    case 12: .records(records(), cursor: below(2) == 0 ? nil : bytes(1 + below(50)))
    case 13: .members(.same)
    case 14: .members(.halves(next(), next()))
    case 15: .members(.listed(contacts(20)))
    case 16: .certificate(bytes(1 + below(512)))
    case 17: .peers((0..<below(40)).map { _ in endpoint() })
    case 18: .item(below(2) == 0 ? nil : item())
    case 19: .reach
    default: .keywords((0..<below(4)).map { _ in keyword() })
    }
  }

  static let replyKinds = 21

  mutating func replies() -> [ChordReply] { (0..<Self.replyKinds).map { reply($0) } }

  mutating func failure(_ kind: Int) -> ChordFailure {
    switch kind {
    case 0: ChordFailure(.busy)
    case 1: ChordFailure(.notOwner, "not mine", node: contact())
    case 2: ChordFailure(.tokenRequired, node: nil, token: WriteToken(next()))
    default: ChordFailure(.init(rawValue: 555), word())
    }
  }

  static let failureKinds = 4

  mutating func failures() -> [ChordFailure] { (0..<Self.failureKinds).map { failure($0) } }

  mutating func messagesOfEveryKind() -> [ChordMessage] {
    let bodies: [ChordMessage.Body] =
      queries().map { query in
        .query(
          query,
          QueryHead(
            from: identifier(), to: below(2) == 0 ? nil : identifier(),
            token: below(2) == 0 ? nil : WriteToken(next())))
      }
      + replies().map {
        .reply(
          $0, ReplyHead(from: identifier(), token: below(2) == 0 ? nil : WriteToken(next())))
      } + failures().map { .failure($0) }
    return bodies.map { body in
      var message = ChordMessage(transaction: UInt32(truncatingIfNeeded: next()), body: body)
      if below(2) == 0 { message.ring = RingTag(next()) }
      if below(3) == 0 { message.observed = endpoint() }
      message.isReadOnly = below(5) == 0
      return message
    }
  }
}
