import ChordWire
import DeterministicCore
import Hashing
import Testing
import TorrentModel

@testable import ChordLogic

@Suite("A closed ring") struct ClosedRingTests {
  private let stranger = Endpoint(text: "198.51.100.7:1000")!
  private let infoHash = InfoHash(bytes: (1...20).map { UInt8($0) })!
  private var key: Identifier { Identifier(infoHash.digest) }

  /// A client of the ring, known to nobody.
  private func addClient(_ model: ClosedRingModel, _ node: UInt8 = 50) -> Int {
    let client = model.addHost(
      model.admitting.credentials(of: node, roles: []),
      id: Identifier(high: 77, middle: 0, low: UInt64(node)))
    model.tell(client, .attach(via: [ClosedRingModel.endpoint(0)]))
    return client
  }

  private func isRefused(_ messages: [ChordMessage], _ code: ChordFailure.Code) -> Bool {
    guard messages.count == 1, case .failure(let failure) = messages[0].body else { return false }
    return failure.code == code && failure.node == nil
  }

  @Test("is joined, announced to and read by who has certificates, and nobody else can read a word")
  func works() throws {
    let model = ClosedRingModel.ring(of: 5)
    let client = addClient(model)
    let outcome = try #require(model.lookUp(key, by: client))
    let owner = try #require(outcome.owner)
    let members = (0..<5).map { model.hosts[$0].node.own }.sorted { $0.id < $1.id }
    #expect(owner == members.first { $0.id >= key } ?? members[0])
    for host in 0..<5 { #expect(model.hosts[host].node.successors.count == 4) }
    let announce = ChordQuery.announcePeer(PeerAnnouncement(infoHash, port: 7000))
    #expect(try model.ask(owner, announce, by: client)?.get() == .announced)
    let peer = Endpoint(model.hosts[client].endpoint.address, port: 7000)
    #expect(try model.ask(owner, .getPeers(infoHash), by: client)?.get() == .peers([peer]))

    let words = Array("announce_peer".utf8)
    for datagram in model.sent {
      for secret in [infoHash.bytes, words] {
        let isThere = datagram.bytes.indices.contains { start in
          datagram.bytes[start...].starts(with: secret)
        }
        #expect(!isThere)
      }
    }
  }

  @Test("says nothing to who is not certified, whatever he asks")
  func uncertified() throws {
    let model = ClosedRingModel.ring(of: 3)
    let before = model.hosts[0].state
    var random = SeededGenerator(seed: 5)
    let arc = Arc(after: random.identifier(), through: random.identifier())
    let other = Contact(random.identifier(), stranger)
    let queries: [ChordQuery] = [
      .ping, .state, .next(NextRequest(key)), .notify,
      .leave(predecessor: other, successors: [other]), .pullRecords(RecordRequest(arc)),
      .pushRecords([.peers(infoHash, [StoredPeer(stranger, isSeed: true, life: 9)])]),
      .events(MembershipEvents(joined: [other], left: [model.hosts[1].node.own], span: 3)),
      .members(MembershipSum(arc, sum: 1)), .getPeers(infoHash),
      .announcePeer(PeerAnnouncement(infoHash, port: 7)), .get(key, newerThan: nil),
      .getKeyword(key, words: ["a"]),
    ]
    for query in queries {
      for (id, isReadOnly) in [(other.id, true), (model.hosts[1].node.own.id, false)] {
        var message = ChordMessage(
          transaction: 4, ring: RingTag(model.admitting.ring),
          body: .query(query, QueryHead(from: id, token: WriteToken(1))))
        message.isReadOnly = isReadOnly
        let answers = model.answers(of: 0, to: message, from: stranger)
        #expect(isRefused(answers, .badCertificate), "\(query)")
        let length = try #require(answers.first?.datagram?.count)
        let asked = try #require(message.datagram?.count)
        #expect(length <= 3 * asked)
      }
    }
    // Answers that nobody asked for in the open, too.
    let reply = ChordMessage(
      transaction: 4, ring: RingTag(model.admitting.ring),
      body: .reply(.next(.owner(successors: [other])), ReplyHead(from: other.id)))
    #expect(model.answers(of: 0, to: reply, from: model.hosts[1].endpoint).isEmpty)
    #expect(model.hosts[0].door.counts.uncertified == 2 * queries.count + 1)
    #expect(model.hosts[0].state == before)
  }

  @Test("is not there for who names another ring, and takes no certificate of another's operator")
  func wrongRing() {
    let model = ClosedRingModel.ring(of: 2)
    let before = model.hosts[0].state
    let ping = ChordMessage(
      transaction: 4, ring: RingTag(Operator(2).ring),
      body: .query(.ping, QueryHead(from: key)))
    #expect(model.answers(of: 0, to: ping, from: stranger).isEmpty)
    #expect(model.hosts[0].door.counts.wrongRing == 1)
    let foreign = Operator(2).certificate(of: 60)
    let answers = model.greet(0, foreign, signing: Operator.nodeSeed(60), from: stranger)
    #expect(isRefused(answers, .badCertificate))
    #expect(model.hosts[0].door.linkCounts.badCertificates == 1)
    #expect(model.hosts[0].state == before)
  }

  @Test("is entered with a certificate that is valid at the time, and by who has its key")
  func certificates() {
    let model = ClosedRingModel.ring(of: 2)
    let before = model.hosts[0].state
    let (admitting, time) = (model.admitting, model.time)
    let expired = admitting.certificate(of: 61, valid: time - 10...time - 1)
    let early = admitting.certificate(of: 61, valid: time + 1...time + 100)
    let past = admitting.certificate(of: 61, epoch: 0)
    let good = admitting.certificate(of: 61)
    var longer = expired
    longer.notAfter = time + 100
    let own = Operator.nodeSeed(61)
    let cases: [(NodeCertificate, [UInt8], ChordFailure.Code)] = [
      (expired, own, .badCertificate), (early, own, .badCertificate), (past, own, .wrongEpoch),
      (longer, own, .badCertificate), (good, Operator.nodeSeed(62), .badCertificate),
    ]
    for (certificate, seed, code) in cases {
      #expect(isRefused(model.greet(0, certificate, signing: seed, from: stranger), code))
    }
    #expect(model.hosts[0].door.linkCounts.expired == 3)
    #expect(model.hosts[0].door.linkCounts.badCertificates == 2)
    #expect(model.hosts[0].state == before)
    let answers = model.greet(0, good, signing: own, from: stranger)
    guard case .reply(.certificate, _)? = answers.first?.body else {
      Issue.record("a valid certificate is refused: \(answers)")
      return
    }
  }

  @Test("answers a greeting that came before like the first time, and no older one")
  func replayedGreetings() {
    let model = ClosedRingModel.ring(of: 2)
    let good = model.admitting.certificate(of: 61)
    let seed = Operator.nodeSeed(61)
    let first = model.greet(0, good, signing: seed, count: 5, from: stranger)
    #expect(model.greet(0, good, signing: seed, count: 5, from: stranger) == first)
    let older = model.greet(0, good, signing: seed, count: 5, ephemeralSeed: 4, from: stranger)
    #expect(older.isEmpty)
    #expect(model.hosts[0].door.linkCounts.replayed == 1)
    // A greeting is signed with the token of one address.
    let elsewhere = Endpoint(text: "198.51.100.8:1000")!
    for datagram in model.sent where datagram.to == model.hosts[0].endpoint {
      let before = model.hosts[0].state
      model.inject(datagram.bytes, from: elsewhere, to: 0)
      #expect(model.hosts[0].state == before)
    }
  }

  @Test("takes no datagram twice, none that was changed, and none from elsewhere")
  func replayedDatagrams() throws {
    let model = ClosedRingModel.ring(of: 1)
    let client = addClient(model)
    let owner = model.hosts[0].node.own
    let announce = ChordQuery.announcePeer(PeerAnnouncement(infoHash, port: 7000))
    #expect(try model.ask(owner, announce, by: client)?.get() == .announced)
    let farewell = ChordQuery.announcePeer(PeerAnnouncement(infoHash, port: 7000, isGone: true))
    #expect(try model.ask(owner, farewell, by: client)?.get() == .announced)
    #expect(model.hosts[0].node.recordCount == 0)
    let sealed = model.sent.filter {
      $0.from == model.hosts[client].endpoint && SealedDatagram(datagram: $0.bytes) != nil
    }
    #expect(sealed.count >= 2)
    for datagram in sealed { model.inject(datagram.bytes, from: datagram.from, to: 0) }
    #expect(model.hosts[0].door.linkCounts.replayed == sealed.count)
    for datagram in sealed { model.inject(datagram.bytes, from: stranger, to: 0) }
    #expect(model.hosts[0].door.linkCounts.unknownLinks == sealed.count)
    for (place, datagram) in sealed.enumerated() {
      var bytes = datagram.bytes
      // A number that has not come yet, so that only the seal can tell.
      bytes[24] = UInt8(100 + place)
      model.inject(bytes, from: datagram.from, to: 0)
    }
    #expect(model.hosts[0].door.linkCounts.forged == sealed.count)
    #expect(model.hosts[0].node.recordCount == 0)
  }

  @Test("binds identifiers to certificates, and lets clients keep nothing")
  func identifiers() throws {
    let model = ClosedRingModel.ring(of: 2)
    let owner = model.hosts[0].node.own
    let before = model.hosts[0].node.predecessor
    // A member at another's place, and a client at a member's.
    let liar = model.addHost(
      model.admitting.credentials(of: 40), id: owner.id.advanced(by: .power(0)))
    let client = model.addHost(model.admitting.credentials(of: 41, roles: []))
    for host in [liar, client] {
      model.tell(host, .start(via: [owner.endpoint]))
      model.run(for: .seconds(20))
    }
    #expect(model.hosts[0].door.counts.unbound + model.hosts[1].door.counts.unbound > 0)
    #expect(model.hosts[0].node.predecessor == before && model.hosts[0].node.successors.count == 1)
    #expect(model.hosts[1].node.successors.count == 1)
    let certificate = model.admitting.certificate(of: 40)
    for number in 0..<8 { #expect(certificate.admits(certificate.place(number))) }
    #expect(Set((0..<8).map { certificate.place($0) }).count == 8)
    #expect(!model.admitting.certificate(of: 40, roles: []).admits(certificate.id))
  }

  @Test("keeps an item when an earlier one is put again")
  func replayedItems() throws {
    let model = ClosedRingModel.ring(of: 1)
    let client = addClient(model)
    let owner = model.hosts[0].node.own
    let item = { (sequence: Int64) in
      Item(
        value: Array("1:\(sequence)".utf8),
        signed: .init(
          key: PublicKey([UInt8](repeating: 1, count: 32))!, sequence: sequence,
          signature: Signature([UInt8](repeating: 2, count: 64))!))!
    }
    #expect(try model.ask(owner, .put(item(2), cas: nil), by: client)?.get() == .stored)
    guard case .failure(let failure)? = model.ask(owner, .put(item(1), cas: nil), by: client)
    else {
      Issue.record("an earlier item is taken")
      return
    }
    #expect(failure.code == .sequenceTooLow)
    let kept = try model.ask(owner, .get(item(1).target, newerThan: nil), by: client)?.get()
    #expect(kept == .item(item(2)))
  }

  @Test("knows who lost his keys again, and a later epoch ends the earlier ones")
  func restartsAndEpochs() throws {
    let model = ClosedRingModel.ring(of: 2)
    model.forgetKeys(of: 1, model.admitting.credentials(of: 2))
    let other = model.hosts[1].node.own
    #expect(try model.ask(other, .ping, by: 0)?.get() == .ping)

    // One of the two is admitted anew, the other is not.
    model.forgetKeys(of: 1, model.admitting.credentials(of: 2, epoch: 2))
    model.run(for: .seconds(60))
    #expect(model.hosts[1].door.linkCounts.expired > 0)
    #expect(model.hosts[1].node.successors.isEmpty)
    let ping = model.ask(other, .ping, by: 0)
    guard case .failure = ping else {
      Issue.record("a node of an epoch gone by is heard: \(String(describing: ping))")
      return
    }
  }

  @Test("takes each number once, in any order within sixty-four")
  func replayWindow() {
    var random = SeededGenerator(seed: 3)
    var window = ReplayWindow()
    var taken: Set<UInt64> = []
    for step in 0..<5000 {
      let number = UInt64(max(0, step - random.below(90) + 20))
      let highest = taken.max()
      let isNew = !taken.contains(number) && (highest.map { number + 64 > $0 } ?? true)
      #expect(window.mayTake(number) == isNew, "\(number) behind \(highest ?? 0)")
      guard isNew else { continue }
      window.take(number)
      taken.insert(number)
    }
  }

  @Test("hears a node again that slept through the answer to its greeting")
  func sleeping() {
    let admitting = Operator(1)
    let endpoints = (0..<2).map(ClosedRingModel.endpoint)
    var doors = (0..<2).map { number in
      ChordDoor(
        to: admitting.ring, showing: admitting.credentials(of: UInt8(number + 2)),
        secret: SipHash.Key(low: UInt64(number), high: 7),
        entropy: [UInt8](repeating: UInt8(number), count: 32))
    }
    var now = Moment.zero + .seconds(100)
    var underWay: [(receiver: Int, bytes: [UInt8])] = []
    var heard = 0
    func carryOut(_ effects: [ChordDoor.Effect], of number: Int) {
      for effect in effects {
        switch effect {
        case .send(let bytes, _): underWay.append((1 - number, bytes))
        case .deliver: heard += number
        }
      }
    }
    func deliverNext() {
      let (receiver, bytes) = underWay.removeFirst()
      let sender = endpoints[1 - receiver]
      var effects: [ChordDoor.Effect] = []
      if let sealed = SealedDatagram(datagram: bytes) {
        doors[receiver].receive(sealed, from: sender, at: now, into: &effects)
      } else if let message = try? ChordMessage(datagram: bytes) {
        doors[receiver].receive(
          message, from: sender, at: now, time: Operator.time + now.nanoseconds / 1_000_000_000,
          into: &effects)
      }
      carryOut(effects, of: receiver)
    }
    func say() {
      let head = QueryHead(from: admitting.certificate(of: 2).id, token: nil)
      let ping = ChordMessage(
        transaction: 1, ring: RingTag(admitting.ring), body: .query(.ping, head))
      var effects: [ChordDoor.Effect] = []
      #expect(doors[0].send(ping, to: endpoints[1], at: now, into: &effects))
      carryOut(effects, of: 0)
    }
    say()
    // The question for a token, the token, and the greeting; its answer is lost.
    for _ in 0..<3 { deliverNext() }
    #expect(underWay.count == 1)
    underWay = []
    now = now + .minutes(62)
    for round in 0..<12 where heard == 0 {
      if round.isMultiple(of: 4) { say() }
      for number in 0..<2 {
        var effects: [ChordDoor.Effect] = []
        doors[number].wake(at: now, into: &effects)
        carryOut(effects, of: number)
      }
      while !underWay.isEmpty { deliverNext() }
      now = now + .seconds(1)
    }
    #expect(heard > 0)
  }

  @Test("takes nobody for another who is sent back what he said")
  func reflection() {
    let admitting = Operator(1)
    let other = ClosedRingModel.endpoint(1)
    var door = ChordDoor(
      to: admitting.ring, showing: admitting.credentials(of: 2),
      secret: SipHash.Key(low: 1, high: 7), entropy: [UInt8](repeating: 1, count: 32))
    let now = Moment.zero + .seconds(100)
    let head = QueryHead(from: admitting.certificate(of: 2).id, token: nil)
    let ping = ChordMessage(
      transaction: 1, ring: RingTag(admitting.ring), body: .query(.ping, head))
    var effects: [ChordDoor.Effect] = []
    #expect(door.send(ping, to: other, at: now, into: &effects))
    // Question, token, greeting and refusal, all sent back as if by the other.
    for _ in 0..<20 {
      guard !effects.isEmpty else { break }
      guard case .send(let bytes, let endpoint) = effects.removeFirst() else {
        Issue.record("it hears itself")
        return
      }
      #expect(endpoint == other)
      if let sealed = SealedDatagram(datagram: bytes) {
        Issue.record("it speaks to itself")
        door.receive(sealed, from: other, at: now, into: &effects)
      } else if let message = try? ChordMessage(datagram: bytes) {
        door.receive(message, from: other, at: now, time: Operator.time, into: &effects)
      }
    }
    #expect(door.linkCounts.replayed > 0)
  }
}
