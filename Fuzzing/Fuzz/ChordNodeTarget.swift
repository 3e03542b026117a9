import ChordLogic
import ChordWire
import DeterministicCore
import Hashing
import TorrentModel

extension FuzzTarget {
  /// A node of a ring behind its gate, which strangers, its own ring and the clock talk to in whatever
  /// order: nothing traps, memory stays bounded, what it says fits a datagram, and its successors stand
  /// in order.
  static var chordNode: FuzzTarget {
    .stateful("chord-node") { input in
      var game = ChordGame(&input)
      for _ in 0..<300 where !input.isEmpty { game.step(&input) }
    }
  }
}

private struct AnyVerifier: SignatureVerifier {
  func isValid(_ signature: Signature, of bytes: [UInt8], by key: PublicKey) -> Bool {
    signature.bytes[0] & 1 == 0
  }
}

private struct ChordGame: ~Copyable {
  private var node: ChordNode
  private var gate: ChordGate
  private var effects: [ChordEffect] = []
  /// Questions of the node that wait for an answer.
  private var asked: [(query: ChordQuery, transaction: UInt32, endpoint: Endpoint)] = []
  private var tokens: [Endpoint: WriteToken] = [:]
  private var now = Moment.zero + .seconds(100)

  private static let own = Contact(
    Identifier(high: 1 << 31, middle: 0, low: 0), Endpoint(.v4(0x0102_0304), port: 1))

  private static let allReplyKinds = Array(0..<SeededGenerator.replyKinds)

  /// The kinds of replies that answer a method.
  private static let replyKinds: [ChordQuery.Method: [Int]] = {
    var generator = SeededGenerator(seed: 1)
    return Dictionary(grouping: allReplyKinds) { generator.reply($0).method }
  }()

  init(_ input: inout FuzzInput) {
    var configuration = ChordConfiguration()
    configuration.successors = 3...8
    configuration.largestWholeRing = input.isOne(in: 2) ? 0 : 10_000
    configuration.provingReachability = .seconds(30)
    node = ChordNode(
      Self.own, configuration: configuration, verifier: AnyVerifier(),
      generator: SeededGenerator(seed: UInt64(input.byte())))
    gate = ChordGate(ring: nil, admission: .any, secret: SipHash.Key(low: 1, high: 2))
    switch input.below(4) {
    case 0: tell(.start(via: []))
    case 1: tell(.attach(via: [Self.endpoint(1)]))
    default: tell(.start(via: [Self.endpoint(1)]))
    }
  }

  /// A few hosts, so that the same are met again.
  private static func endpoint(_ number: Int) -> Endpoint {
    Endpoint(.v4(0x0506_0700 + UInt32(number)), port: 2)
  }

  private mutating func tell(_ event: ChordInput) {
    effects.removeAll(keepingCapacity: true)
    node.handle(event, at: now, into: &effects)
    for effect in effects {
      guard case .send(let message, let endpoint) = effect else { continue }
      require(message.datagram != nil, "does not fit a datagram: \(message)")
      if case .query(let query, _) = message.body {
        asked.append((query, message.transaction, endpoint))
        if asked.count > 64 { asked.removeFirst() }
      }
    }
  }

  mutating func step(_ input: inout FuzzInput) {
    now = now + .milliseconds(input.isOne(in: 8) ? input.below(256) * 200 : input.below(256))
    var random = SeededGenerator(seed: UInt64(input.byte()) << 8 | UInt64(input.byte()))
    switch input.below(12) {
    case 0, 1: tell(.wake)
    case 2: tell(.lookup(UInt64(input.byte()), random.identifier()))
    case 3:
      let contact = Contact(random.identifier(), Self.endpoint(input.below(8)))
      let query = random.query(input.below(SeededGenerator.queryKinds))
      tell(.ask(UInt64(input.byte()), query, contact))
    case 4 where input.isOne(in: 60): tell(.leave)
    case 5 where input.isOne(in: 8): tell(.start(via: [Self.endpoint(input.below(8))]))
    case 4, 5, 6, 7: question(&input, &random)
    default: answer(&input, &random)
    }
    check()
  }

  /// What somebody asks, through the gate, with a token where one was given.
  private mutating func question(_ input: inout FuzzInput, _ random: inout SeededGenerator) {
    let query = random.query(input.below(SeededGenerator.queryKinds))
    let endpoint = Self.endpoint(input.below(8))
    var message = ChordMessage(
      transaction: UInt32(input.byte()),
      body: .query(query, QueryHead(from: random.identifier(), token: tokens[endpoint])))
    message.isReadOnly = input.isOne(in: 5)
    switch gate.judge(message, from: endpoint, at: now) {
    case .pass: tell(.received(message, from: endpoint))
    case .drop: break
    case .answer(let answer):
      require(
        (answer.datagram?.count ?? 0) <= 3 * (message.datagram?.count ?? 1024),
        "an answer to a stranger that amplifies")
      if case .failure(let failure) = answer.body, let token = failure.token {
        tokens[endpoint] = token
      }
    }
  }

  /// An answer, to something asked or to nothing.
  private mutating func answer(_ input: inout FuzzInput, _ random: inout SeededGenerator) {
    let place = input.below(max(1, min(64, asked.count)))
    let pending = place < asked.count ? asked[place] : nil
    let sender: Identifier? =
      input.isOne(in: 4) ? nil : node.successors.first { $0.endpoint == pending?.endpoint }?.id
    let kinds = pending.map { Self.replyKinds[$0.query.method] ?? [] } ?? Self.allReplyKinds
    let body: ChordMessage.Body =
      input.isOne(in: 4) || kinds.isEmpty
      ? .failure(random.failure(input.below(SeededGenerator.failureKinds)))
      : .reply(
        random.reply(kinds[input.below(kinds.count)]),
        ReplyHead(from: sender ?? random.identifier()))
    let message = ChordMessage(transaction: pending?.transaction ?? 0, body: body)
    let endpoint = pending?.endpoint ?? Self.endpoint(0)
    guard gate.judge(message, from: endpoint, at: now) == .pass else { return }
    tell(.received(message, from: endpoint))
  }

  private func check() {
    let successors = node.successors
    require(successors.count <= 8, "\(successors.count) successors")
    require(!successors.contains { $0.id == Self.own.id }, "its own successor")
    let distances = successors.map { Self.own.id.distance(to: $0.id) }
    require(zip(distances, distances.dropFirst()).allSatisfy { $0 < $1 }, "\(successors)")
    require(node.pendingCount < 8192, "\(node.pendingCount) questions under way")
    require(node.memberCount < 20_000, "\(node.memberCount) members")
  }
}
