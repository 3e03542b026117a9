import ChordWire
import DeterministicCore
import Hashing
import Testing
import TorrentModel

@testable import ChordLogic

@Suite("The gate before a node") struct ChordGateTests {
  private let secret = SipHash.Key(low: 1, high: 2)
  private let now = Moment.zero + .seconds(100)
  private let endpoint = Endpoint(text: "203.0.113.5:6881")!
  private let other = Endpoint(text: "203.0.113.6:6881")!
  private let sender = Identifier(high: 7, middle: 7, low: 7)

  private func gate(_ admission: ChordGate.Admission = .any, ring: RingTag? = nil) -> ChordGate {
    ChordGate(ring: ring, admission: admission, secret: secret)
  }

  private func query(_ query: ChordQuery, token: WriteToken? = nil) -> ChordMessage {
    ChordMessage(transaction: 1, body: .query(query, QueryHead(from: sender, token: token)))
  }

  private func token(_ verdict: ChordGate.Verdict) -> WriteToken? {
    guard case .answer(let message) = verdict, case .failure(let failure) = message.body,
      failure.code == .tokenRequired
    else { return nil }
    return failure.token
  }

  @Test("lets state change only for who shows a token of its own address")
  func tokens() throws {
    var gate = gate()
    #expect(gate.judge(query(.ping), from: endpoint, at: now) == .pass)
    let given = try #require(token(gate.judge(query(.notify), from: endpoint, at: now)))
    #expect(gate.judge(query(.notify, token: given), from: endpoint, at: now) == .pass)
    #expect(gate.judge(query(.state, token: given), from: endpoint, at: now) == .pass)
    #expect(gate.judge(query(.notify, token: given), from: other, at: now) != .pass)
    #expect(gate.counts.unproven == 2)
  }

  @Test("wants a token of the very key for a write")
  func writes() throws {
    var gate = gate()
    var random = SeededGenerator(seed: 1)
    let hashes = (0..<2).map { _ in InfoHash(bytes: random.identifier().bytes)! }
    let announce = { (place: Int) in
      ChordQuery.announcePeer(PeerAnnouncement(hashes[place], port: 6881))
    }
    let address = try #require(token(gate.judge(query(.state), from: endpoint, at: now)))
    #expect(gate.judge(query(announce(0), token: address), from: endpoint, at: now) != .pass)
    let first = try #require(token(gate.judge(query(announce(0)), from: endpoint, at: now)))
    #expect(gate.judge(query(announce(0), token: first), from: endpoint, at: now) == .pass)
    #expect(gate.judge(query(announce(1), token: first), from: endpoint, at: now) != .pass)
  }

  @Test("believes a token for two secrets and no longer")
  func rotation() {
    var authority = TokenAuthority(secret: secret)
    let token = authority.issue(to: endpoint, for: nil)
    authority.rotate(to: SipHash.Key(low: 3, high: 4))
    #expect(authority.isValid(token, from: endpoint, for: nil))
    authority.rotate(to: SipHash.Key(low: 5, high: 6))
    #expect(!authority.isValid(token, from: endpoint, for: nil))
  }

  @Test("hears one address no more often than it may speak, and forgets invented ones")
  func floods() {
    var gate = gate()
    var heard = 0
    for packet in 0..<100_000 {
      let moment = now + TimeSpan(nanoseconds: Int64(packet) * 10_000)
      if gate.judge(query(.ping), from: endpoint, at: moment) == .pass { heard += 1 }
      if packet.isMultiple(of: 1000) {
        #expect(gate.judge(query(.ping), from: other, at: moment) == .pass)
      }
    }
    #expect(heard <= Int(ChordGate.burst + ChordGate.queriesPerSecond) + 1)
    var limits = AddressLimits(perSecond: 1, burst: 1)
    for number in 0..<20_000 { _ = limits.admits(.v4(UInt32(number)), at: now) }
    #expect(limits.count <= AddressLimits.mostAddresses)
  }

  @Test("keeps rings apart")
  func rings() {
    var gate = gate(ring: RingTag(1))
    var message = query(.ping)
    message.ring = RingTag(2)
    guard case .answer(let answer) = gate.judge(message, from: endpoint, at: now),
      case .failure(let failure) = answer.body
    else {
      Issue.record("no answer")
      return
    }
    #expect(failure.code == .wrongRing && gate.counts.wrongRing == 1)
  }

  @Test("believes no identifier that is not bound to its address")
  func bound() {
    var gate = gate(.boundToAddress)
    #expect(gate.judge(query(.ping), from: endpoint, at: now) != .pass)
    for number in 0..<8 {
      let id = Identifier.ofNode(at: endpoint, number: number)
      let message = ChordMessage(transaction: 1, body: .query(.ping, QueryHead(from: id)))
      #expect(gate.judge(message, from: endpoint, at: now) == .pass)
      #expect(gate.judge(message, from: other, at: now) != .pass)
      #expect(!id.isOfNode(at: Endpoint(endpoint.address, port: 6882)))
    }
  }

  @Test("lets a client ask under any name, and nobody work as a member under a false one")
  func clients() throws {
    var gate = gate(.boundToAddress)
    let own = Identifier.ofNode(at: endpoint, number: 0)
    let node = Contact(own, endpoint)
    let work: [ChordQuery] = [
      .notify, .leave(predecessor: node, successors: [node]), .pushRecords([]),
      .events(MembershipEvents(joined: [node], left: [], span: 1)),
    ]
    var address: WriteToken?
    for id in [own, sender] {
      for query in work + [.state, .next(NextRequest(sender))] {
        var message = ChordMessage(
          transaction: 1, body: .query(query, QueryHead(from: id, token: address)))
        message.isReadOnly = true
        var verdict = gate.judge(message, from: endpoint, at: now)
        if let given = token(verdict) {
          address = given
          message.body = .query(query, QueryHead(from: id, token: given))
          verdict = gate.judge(message, from: endpoint, at: now)
        }
        #expect((verdict == .pass) == (id == own || !query.isOfMembers), "\(query)")
      }
    }
    #expect(gate.counts.unbound == work.count)
  }

  /// The table of BEP 42: the first 21 bits count.
  @Test(
    "binds identifiers as BEP 42 does",
    arguments: [
      ("124.31.75.21", 1, 0x5fbfbf), ("21.75.31.124", 86, 0x5a3ce9),
      ("65.23.51.170", 22, 0xa5d432), ("84.124.73.14", 65, 0x1b0321),
      ("43.213.53.83", 90, 0xe56f6c),
    ] as [(String, UInt8, UInt32)])
  func prefixes(address: String, random: UInt8, expected: UInt32) {
    let prefix = Identifier.addressPrefix(Address(text: address)!, number: random & 7)
    #expect(prefix >> 11 == expected >> 3)
  }

  @Test("answers who has shown nothing by at most three times the question")
  func amplification() throws {
    for isV4 in [true, false] {
      let model = RingModel(seed: 3, configuration: ChordConfiguration())
      model.standingRing(of: 40)
      let contacts = (0..<8).map { number in
        Contact(
          sender,
          isV4
            ? RingModel.endpoint(number)
            : Endpoint(.v6(high: 1 << 61, low: UInt64(number)), port: 9))
      }
      let hop = ChordNode.fitting(contacts, beside: nil, room: 210)
      var question = ChordMessage(
        transaction: 1, body: .query(.next(NextRequest(sender)), QueryHead(from: sender)))
      question.isReadOnly = true
      var answer = ChordMessage(
        transaction: 1, body: .reply(.next(.owner(successors: hop)), ReplyHead(from: sender)))
      answer.observed = contacts[0].endpoint
      let lengths = try (#require(question.datagram).count, #require(answer.datagram).count)
      #expect(lengths.1 <= 3 * lengths.0, "\(lengths)")
    }
  }
}
