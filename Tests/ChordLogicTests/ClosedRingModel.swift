import ChordWire
import DeterministicCore
import Hashing
import TorrentModel

@testable import ChordLogic

/// Who admits nodes to a closed ring.
struct Operator {
  let seed: [UInt8]
  let ring: RingName

  init(_ number: UInt8) {
    seed = [UInt8](repeating: number, count: 32)
    ring = RingName(operatorKey: Ed25519.publicKey(of: seed)!)!
  }

  static let time: UInt64 = 1_800_000_000

  static func nodeSeed(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 31) + [9] }

  func certificate(
    of node: UInt8, epoch: UInt32 = 1, roles: NodeCertificate.Roles = .member,
    valid: ClosedRange<UInt64> = time - 1000...time + 1_000_000
  ) -> NodeCertificate {
    let key = PublicKey(Ed25519.publicKey(of: Self.nodeSeed(node))!)!
    return NodeCertificate(
      id: NodeCertificate.place(of: key, seed: seed), key: key, epoch: epoch,
      notBefore: valid.lowerBound, notAfter: valid.upperBound, roles: roles,
      signature: Signature([UInt8](repeating: 0, count: 64))!
    ).signed(with: seed)!
  }

  func credentials(
    of node: UInt8, epoch: UInt32 = 1, roles: NodeCertificate.Roles = .member
  ) -> RingCredentials {
    let certificate = certificate(of: node, epoch: epoch, roles: roles)
    guard
      let credentials = try? RingCredentials(
        certificate, of: ring, seed: Self.nodeSeed(node))
    else { preconditionFailure("a certificate of our own is refused") }
    return credentials
  }
}

/// Hosts of a closed ring on virtual time, each a node behind its door, and the bytes between them.
final class ClosedRingModel {
  final class Host {
    let endpoint: Endpoint
    var door: ChordDoor
    var node: ChordNode
    var answers: [UInt64: Result<ChordReply, ChordFailure>] = [:]
    var found: [UInt64: LookupOutcome] = [:]

    init(_ endpoint: Endpoint, _ door: ChordDoor, _ node: consuming ChordNode) {
      self.endpoint = endpoint
      self.door = door
      self.node = node
    }

    /// What a stranger might have changed.
    var state: [String] {
      [
        "\(node.recordCount)", "\(node.memberCount)", "\(node.pendingCount)",
        "\(node.successors)", "\(String(describing: node.predecessor))",
      ]
    }
  }

  enum Fact {
    case datagram([UInt8], from: Endpoint)
    case nodeWake
    case doorWake
  }

  let admitting: Operator
  private(set) var hosts: [Host] = []
  private(set) var now = Moment.zero + .seconds(1000)
  private var events: [(at: Moment, order: Int, host: Int, fact: Fact)] = []
  private var order = 0
  /// All that was ever sent.
  private(set) var sent: [(bytes: [UInt8], from: Endpoint, to: Endpoint)] = []
  private var numbers: UInt64 = 0

  init(_ admitting: Operator = Operator(1)) { self.admitting = admitting }

  var time: UInt64 { Operator.time + now.nanoseconds / 1_000_000_000 }

  static func endpoint(_ number: Int) -> Endpoint {
    Endpoint(.v4(0xc000_0201 + UInt32(number)), port: 6881)
  }

  private func makeDoor(_ credentials: RingCredentials) -> ChordDoor {
    numbers += 1
    return ChordDoor(
      to: credentials.ring, showing: credentials, secret: SipHash.Key(low: numbers, high: 7),
      entropy: SHA256.hash([UInt8(numbers)]).bytes)
  }

  @discardableResult
  func addHost(_ credentials: RingCredentials, id: Identifier? = nil) -> Int {
    let number = hosts.count
    let contact = Contact(id ?? credentials.certificate.id, Self.endpoint(number))
    var configuration = ChordConfiguration()
    configuration.shortestRound = .seconds(3)
    configuration.longestRound = .seconds(8)
    let node = ChordNode(
      contact, ring: RingTag(credentials.ring), configuration: configuration,
      verifier: FixedVerifier(), generator: SeededGenerator(seed: UInt64(number) + 100))
    hosts.append(Host(contact.endpoint, makeDoor(credentials), node))
    return number
  }

  /// A ring of so many members that has found its order.
  static func ring(of count: Int, of admitting: Operator = Operator(1)) -> ClosedRingModel {
    let model = ClosedRingModel(admitting)
    for number in 0..<count {
      model.addHost(admitting.credentials(of: UInt8(number + 1)))
      model.tell(number, .start(via: number == 0 ? [] : [endpoint(0)]))
      model.run(for: .seconds(10))
    }
    return model
  }

  /// The host has lost what it knew of keys, as after a restart.
  func forgetKeys(of host: Int, _ credentials: RingCredentials) {
    hosts[host].door = makeDoor(credentials)
  }

  // MARK: Facts and effects

  func tell(_ host: Int, _ input: ChordInput) {
    var effects: [ChordEffect] = []
    hosts[host].node.handle(input, at: now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let message, let endpoint):
        pass(host) { [now] in _ = $0.send(message, to: endpoint, at: now, into: &$1) }
      case .wake(let moment): schedule(moment, host, .nodeWake)
      case .found(let number, let outcome): hosts[host].found[number] = outcome
      case .answered(let number, let result): hosts[host].answers[number] = result
      case .report: break
      }
    }
  }

  private func pass(
    _ host: Int, _ action: (inout ChordDoor, inout [ChordDoor.Effect]) -> Void
  ) {
    var effects: [ChordDoor.Effect] = []
    action(&hosts[host].door, &effects)
    schedule(hosts[host].door.nextWake, host, .doorWake)
    for effect in effects {
      switch effect {
      case .send(let bytes, let endpoint):
        sent.append((bytes, hosts[host].endpoint, endpoint))
        if let receiver = hosts.firstIndex(where: { $0.endpoint == endpoint }) {
          schedule(
            now + .milliseconds(10), receiver, .datagram(bytes, from: hosts[host].endpoint))
        }
      case .deliver(let message, let endpoint): tell(host, .received(message, from: endpoint))
      }
    }
  }

  private func schedule(_ moment: Moment, _ host: Int, _ fact: Fact) {
    guard moment < .distantFuture else { return }
    order += 1
    events.append((max(moment, now), order, host, fact))
  }

  /// Lets a datagram arrive as if it came from anywhere.
  func inject(_ bytes: [UInt8], from endpoint: Endpoint, to host: Int) {
    let (moment, time) = (now, time)
    if let sealed = SealedDatagram(datagram: bytes) {
      pass(host) { $0.receive(sealed, from: endpoint, at: moment, into: &$1) }
    } else if let message = try? ChordMessage(datagram: bytes) {
      pass(host) { $0.receive(message, from: endpoint, at: moment, time: time, into: &$1) }
    }
  }

  func run(for span: TimeSpan) {
    let end = now + span
    while true {
      let next = events.indices.min {
        (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order)
      }
      guard let next, events[next].at <= end else { break }
      let event = events.remove(at: next)
      now = max(now, event.at)
      switch event.fact {
      case .datagram(let bytes, let endpoint): inject(bytes, from: endpoint, to: event.host)
      case .nodeWake: tell(event.host, .wake)
      case .doorWake: pass(event.host) { [now] in $0.wake(at: now, into: &$1) }
      }
    }
    now = end
  }

  // MARK: Questions

  func lookUp(_ key: Identifier, by host: Int) -> LookupOutcome? {
    numbers += 1
    let number = numbers
    tell(host, .lookup(number, key))
    run(for: .seconds(5))
    return hosts[host].found[number]
  }

  func ask(
    _ contact: Contact, _ query: ChordQuery, by host: Int
  ) -> Result<ChordReply, ChordFailure>? {
    numbers += 1
    let number = numbers
    tell(host, .ask(number, query, contact))
    run(for: .seconds(5))
    return hosts[host].answers[number]
  }

  /// What a host answers to a plain message, at once.
  func answers(of host: Int, to message: ChordMessage, from endpoint: Endpoint) -> [ChordMessage] {
    let before = sent.count
    guard let bytes = message.datagram else { return [] }
    inject(bytes, from: endpoint, to: host)
    return sent[before...].compactMap { try? ChordMessage(datagram: $0.bytes) }
  }

  /// Greets a host as whoever has a certificate and a key; what comes back.
  func greet(
    _ host: Int, _ certificate: NodeCertificate, signing seed: [UInt8], count: UInt64 = 1,
    ephemeralSeed: UInt8 = 3, from endpoint: Endpoint
  ) -> [ChordMessage] {
    let tag = RingTag(admitting.ring)
    let query = { (bytes: [UInt8], token: WriteToken?) in
      ChordMessage(
        transaction: 9, ring: tag,
        body: .query(.certificate(bytes), QueryHead(from: certificate.id, token: token)))
    }
    let first = answers(of: host, to: query(Greeting.blank, nil), from: endpoint)
    guard case .failure(let failure)? = first.first?.body, let token = failure.token else {
      return first
    }
    let key = X25519.publicKey(of: [UInt8](repeating: ephemeralSeed, count: 32))!
    var greeting = Greeting(
      certificate: certificate, ephemeralKey: key, count: count,
      signature: Signature([UInt8](repeating: 0, count: 64))!)!
    greeting.signature = Signature(
      Ed25519.sign(greeting.signedBytes(in: admitting.ring.key, token: token), with: seed)!)!
    return answers(of: host, to: query(greeting.bytes, token), from: endpoint)
  }
}
