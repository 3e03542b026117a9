import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@testable import ChordLogic

/// Whole rings on virtual time, larger and longer than those of the invariants.
@Suite("A ring in use") struct RingLifeTests {
  private func configuration() -> ChordConfiguration {
    var configuration = ChordConfiguration()
    configuration.shortestRound = .seconds(5)
    configuration.longestRound = .seconds(15)
    return configuration
  }

  private func key(_ infoHash: InfoHash) -> Identifier { Identifier(infoHash.digest) }

  /// The host that owns a key by the order of the circle.
  private func owner(of key: Identifier, in model: RingModel) -> Int {
    let sorted = model.living.sorted { model.hosts[$0].contact.id < model.hosts[$1].contact.id }
    return sorted.first { model.hosts[$0].contact.id >= key } ?? sorted[0]
  }

  private func announce(_ infoHash: InfoHash, in model: RingModel, by host: Int) {
    let owner = owner(of: key(infoHash), in: model)
    model.tell(
      host,
      .ask(1, .announcePeer(PeerAnnouncement(infoHash, port: nil)), model.hosts[owner].contact))
  }

  /// What the owner answers.
  private func peers(of infoHash: InfoHash, in model: RingModel, by host: Int) -> [Endpoint]? {
    let owner = owner(of: key(infoHash), in: model)
    model.answers[2] = nil
    model.tell(host, .ask(2, .getPeers(infoHash), model.hosts[owner].contact))
    model.run(for: .seconds(5))
    guard case .success(.peers(let peers))? = model.answers[2] else { return nil }
    return peers
  }

  @Test("grows from one node to thirty, each known to all")
  func growth() {
    let model = RingModel(seed: 11, configuration: configuration())
    model.usesCodec = true
    let first = model.addHost()
    model.tell(first, .start(via: []))
    for _ in 1..<30 {
      let host = model.addHost()
      model.tell(host, .start(via: [model.hosts[first].contact.endpoint]))
      model.run(for: .seconds(4))
    }
    model.run(for: .minutes(6))
    #expect(model.flaws().isEmpty)
    #expect(model.living.allSatisfy { model.hosts[$0].node.memberCount == 30 })
  }

  /// Nobody compares what it knows, and nobody's rounds come round meanwhile.
  @Test("spreads news past members that are gone")
  func newsPastTheDead() {
    var configuration = ChordConfiguration()
    configuration.shortestRound = .minutes(60)
    configuration.longestRound = .minutes(61)
    let model = RingModel(seed: 15, configuration: configuration)
    model.standingRing(of: 64)
    let sorted = model.living.sorted {
      model.hosts[$0].contact.id < model.hosts[$1].contact.id
    }
    let gone = model.hosts[sorted[50]].contact
    // Half and a quarter of the circle are told by the others of these.
    for place in [50, 32, 33, 48, 16] { model.crash(sorted[place]) }
    let last = model.hosts[sorted[63]].contact
    let news = MembershipEvents(joined: [], left: [gone], span: 62)
    let message = ChordMessage(
      transaction: 1, body: .query(.events(news), QueryHead(from: last.id)))
    model.tell(sorted[0], .received(message, from: last.endpoint))
    model.run(for: .minutes(3))
    #expect(!model.living.contains { model.hosts[$0].node.members.contains(gone) })
  }

  @Test("finds every owner in one hop when known whole")
  func oneHop() {
    let model = RingModel(seed: 12, configuration: configuration())
    model.standingRing(of: 60)
    for number in 0..<200 {
      let host = model.random.below(60)
      model.tell(host, .lookup(UInt64(number), model.randomIdentifier()))
      model.run(for: .milliseconds(300))
    }
    model.run(for: .seconds(20))
    #expect(model.found.count == 200)
    #expect(model.found.allSatisfy { $0.outcome.owner != nil && $0.outcome.hops <= 1 })
  }

  @Test("serves leaves, who are in nobody's tables")
  func leaves() {
    let model = RingModel(seed: 21, configuration: configuration())
    model.usesCodec = true
    model.standingRing(of: 20)
    let leaf = model.addHost()
    // Of the nodes it knows, the first ones are gone.
    for host in 0..<4 { model.crash(host) }
    model.tell(leaf, .attach(via: (0..<8).map { model.hosts[$0].contact.endpoint }))
    model.run(for: .seconds(60))
    for number in 0..<20 {
      let key = model.randomIdentifier()
      model.tell(leaf, .lookup(UInt64(number), key))
      model.run(for: .seconds(10))
      let outcome = model.found.first { $0.number == UInt64(number) }?.outcome
      let members = model.members.map { model.hosts[$0].contact }
      let owner = members.filter { $0.id >= key }.min { $0.id < $1.id }
      #expect(outcome?.owner == owner ?? members.min { $0.id < $1.id })
    }
    #expect(!model.members.contains(leaf))
    let contact = model.hosts[leaf].contact
    #expect(!model.members.contains { model.hosts[$0].node.successors.contains(contact) })
  }

  @Test("keeps what it was told when owners crash, leave and newcomers take over")
  func records() throws {
    let model = RingModel(seed: 13, configuration: configuration())
    model.usesCodec = true
    model.standingRing(of: 24)
    let infoHash = InfoHash(bytes: model.randomIdentifier().bytes)!
    let speaker = model.living.first { $0 != owner(of: key(infoHash), in: model) }!
    let endpoint = model.hosts[speaker].contact.endpoint
    announce(infoHash, in: model, by: speaker)
    model.run(for: .seconds(5))
    #expect(peers(of: infoHash, in: model, by: speaker) == [endpoint])
    // A crash: the next successor has a copy.
    model.crash(owner(of: key(infoHash), in: model))
    model.run(for: .seconds(60))
    #expect(peers(of: infoHash, in: model, by: speaker) == [endpoint])
    // A farewell.
    model.tell(owner(of: key(infoHash), in: model), .leave)
    model.run(for: .seconds(3))
    model.crash(owner(of: key(infoHash), in: model))
    model.run(for: .seconds(60))
    #expect(peers(of: infoHash, in: model, by: speaker) == [endpoint])
    // A newcomer right at the key.
    let host = model.addHost(key(infoHash))
    model.tell(host, .start(via: [endpoint]))
    model.run(for: .seconds(30))
    #expect(owner(of: key(infoHash), in: model) == host)
    #expect(peers(of: infoHash, in: model, by: speaker) == [endpoint])
    // The life of the announce ends wherever it is kept.
    model.run(for: .minutes(46))
    #expect(peers(of: infoHash, in: model, by: speaker) == [])
  }

  @Test("becomes one again after it was parted")
  func merge() {
    var configuration = configuration()
    configuration.roundsBetweenMerges = 2
    let model = RingModel(seed: 14, configuration: configuration)
    model.standingRing(of: 20)
    model.run(for: .minutes(2))
    var isParted = true
    model.isCut = { _, sender, receiver in isParted && sender % 2 != receiver % 2 }
    model.run(for: .minutes(10))
    let halves = model.living.filter { $0 % 2 == 0 }
    #expect(
      halves.allSatisfy { host in
        model.hosts[host].node.successors.allSatisfy { contact in
          model.hosts.firstIndex { $0.contact == contact }! % 2 == 0
        }
      })
    isParted = false
    model.run(for: .minutes(4))
    #expect(model.flaws() == [])
  }

  @Test("survives whatever is said to its nodes", arguments: UInt64(0)..<6)
  func fuzz(seed: UInt64) {
    let model = RingModel(seed: seed, configuration: RingModel.quick(3))
    model.standingRing(of: 6)
    for _ in 0..<3000 {
      let host = model.random.below(6)
      let liar = model.hosts[model.random.below(6)].contact
      let invented = Contact(model.randomIdentifier(), RingModel.endpoint(model.random.below(12)))
      let lists = (0..<model.random.below(6)).map { _ in
        Contact(model.randomIdentifier(), RingModel.endpoint(model.random.below(12)))
      }
      let transaction =
        model.hosts[host].node.pending.queries.last?.transaction ?? UInt32(model.random.below(9))
      let bodies: [ChordMessage.Body] = [
        .query(.notify, QueryHead(from: invented.id)),
        .query(.leave(predecessor: invented, successors: lists), QueryHead(from: liar.id)),
        .query(
          .events(MembershipEvents(joined: lists, left: [liar], span: model.random.below(70000))),
          QueryHead(from: liar.id)),
        .query(.state, QueryHead(from: invented.id)),
        .query(
          .members(
            MembershipSum(
              Arc(after: invented.id, through: liar.id), sum: model.random.next())),
          QueryHead(from: liar.id)),
        .reply(.state(predecessor: invented, successors: lists), ReplyHead(from: liar.id)),
        .reply(.next(.closer(lists)), ReplyHead(from: liar.id)),
        .reply(.next(.owner(successors: lists)), ReplyHead(from: liar.id)),
        .reply(.members(.listed(lists)), ReplyHead(from: liar.id)),
        .reply(.members(.halves(1, 2)), ReplyHead(from: liar.id)),
        .failure(ChordFailure(.busy)), .failure(ChordFailure(.notOwner, node: invented)),
        .failure(ChordFailure(.tokenRequired, token: WriteToken(1))),
      ]
      let message = ChordMessage(
        transaction: transaction, body: bodies[model.random.below(bodies.count)])
      let source = model.random.below(2) == 0 ? liar.endpoint : invented.endpoint
      if model.random.below(9) == 0 {
        model.tell(host, .lookup(1, invented.id))
      } else {
        model.tell(host, .received(message, from: source))
      }
      model.run(for: .milliseconds(model.random.below(50)))
      let node = model.hosts[host]
      #expect(
        node.node.pending.queries.count < 5000 && node.node.memberCount < 5000, "seed \(seed)")
      #expect(!node.node.successors.contains { $0.id == node.contact.id }, "seed \(seed)")
      #expect(node.node.successors.count <= 3, "seed \(seed)")
    }
  }
}
