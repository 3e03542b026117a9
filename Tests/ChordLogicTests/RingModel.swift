import ChordWire
import DeterministicCore
import TorrentModel

@testable import ChordLogic

/// No signature is ever good, or each is.
struct FixedVerifier: SignatureVerifier {
  var isGood = true

  func isValid(_ signature: Signature, of bytes: [UInt8], by key: PublicKey) -> Bool { isGood }
}

/// Nodes of a ring on virtual time, message by message: the production `ChordNode` and a network
/// that delays each datagram by chance, loses none but those to the dead, and knows everything.
final class RingModel {
  final class Host {
    let contact: Contact
    var node: ChordNode
    var isAlive = true
    var crashedAt = Moment.distantFuture

    init(_ contact: Contact, _ node: consuming ChordNode) {
      self.contact = contact
      self.node = node
    }
  }

  enum Fact {
    case deliver(ChordMessage, from: Endpoint)
    case wake
  }

  struct Event {
    var at: Moment
    var order: UInt64
    var host: Int
    var fact: Fact
  }

  var random: SeededGenerator
  var rules: ChordRules
  var configuration: ChordConfiguration
  var now = Moment.zero + .seconds(1000)
  private(set) var hosts: [Host] = []
  private var places: [Endpoint: Int] = [:]
  private(set) var events: [Event] = []
  private var order: UInt64 = 0
  private(set) var steps = 0
  private var effects: [ChordEffect] = []

  /// Milliseconds a datagram is on its way.
  var delays = 5...400
  /// Every datagram is written and read again.
  var usesCodec = false
  /// What becomes of a message on its way; nil loses it.
  var tamper: ((ChordMessage, Int) -> ChordMessage?)?
  /// Whether the message from one host never reaches another.
  var isCut: ((ChordMessage, Int, Int) -> Bool)?
  var found: [(number: UInt64, outcome: LookupOutcome)] = []
  var answers: [UInt64: Result<ChordReply, ChordFailure>] = [:]
  var reports: [(host: Int, event: ChordEvent)] = []
  private(set) var messageCount = 0
  private(set) var byteCount = 0

  init(seed: UInt64, configuration: ChordConfiguration, rules: ChordRules = ChordRules()) {
    random = SeededGenerator(seed: seed)
    self.configuration = configuration
    self.rules = rules
  }

  /// Rounds of a few seconds and lists of `r`: small rings live fast.
  static func quick(_ r: Int) -> ChordConfiguration {
    var configuration = ChordConfiguration()
    configuration.successors = r...r
    configuration.shortestRound = .seconds(3)
    configuration.longestRound = .seconds(8)
    // At the same pace always: what goes wrong between rounds is looked for.
    configuration.quickestRound = nil
    configuration.eventBatch = .seconds(2)
    return configuration
  }

  static func endpoint(_ number: Int) -> Endpoint {
    Endpoint(.v4(0x0a00_0001 + UInt32(number)), port: 6881)
  }

  var living: [Int] { hosts.indices.filter { hosts[$0].isAlive } }
  var members: [Int] { living.filter { hosts[$0].node.isMember } }

  func randomIdentifier() -> Identifier {
    Identifier(
      high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(), low: random.next())
  }

  // MARK: Hosts

  @discardableResult
  func addHost(_ id: Identifier? = nil) -> Int {
    let number = hosts.count
    let contact = Contact(id ?? randomIdentifier(), Self.endpoint(number))
    let node = ChordNode(
      contact, configuration: configuration, rules: rules, verifier: FixedVerifier(),
      generator: SeededGenerator(seed: random.next()))
    hosts.append(Host(contact, node))
    places[contact.endpoint] = number
    return number
  }

  /// A ring of so many hosts that stands already, each with `r` successors.
  func standingRing(of count: Int, fingers: Bool = false) {
    for _ in 0..<count { addHost() }
    let sorted = hosts.sorted { $0.contact.id < $1.contact.id }.map(\.contact)
    for (place, contact) in sorted.enumerated() {
      let following = (1..<count).map { sorted[(place + $0) % count] }
      var known: [Contact] = []
      if fingers {
        for exponent in 100..<160 {
          let start = contact.id.advanced(by: .power(exponent))
          let owner = sorted.first { $0.id >= start } ?? sorted[0]
          if owner != contact { known.append(owner) }
        }
      }
      guard let host = places[contact.endpoint] else { continue }
      effects = []
      hosts[host].node.place(
        predecessor: following.last, successors: following, fingers: known,
        members: configuration.largestWholeRing >= count ? sorted : [], at: now, into: &effects)
      carryOut(of: host)
    }
  }

  func tell(_ host: Int, _ input: ChordInput) {
    effects = []
    hosts[host].node.handle(input, at: now, into: &effects)
    carryOut(of: host)
  }

  func crash(_ host: Int) {
    hosts[host].isAlive = false
    hosts[host].crashedAt = now
    events.removeAll { $0.host == host }
  }

  private func carryOut(of host: Int) {
    for effect in effects {
      switch effect {
      case .send(let message, let endpoint): send(message, from: host, to: endpoint)
      case .wake(let moment):
        events.removeAll { event in
          guard event.host == host, case .wake = event.fact else { return false }
          return true
        }
        schedule(max(moment, now), host, .wake)
      case .found(let number, let outcome): found.append((number, outcome))
      case .answered(let number, let result): answers[number] = result
      case .report(let event): reports.append((host, event))
      }
    }
    effects = []
  }

  private func send(_ message: ChordMessage, from host: Int, to endpoint: Endpoint) {
    messageCount += 1
    var message = message
    if usesCodec {
      guard let datagram = message.datagram, let read = try? ChordMessage(datagram: datagram) else {
        preconditionFailure("a node said what cannot be said: \(message)")
      }
      byteCount += datagram.count
      message = read
    }
    if let tamper {
      guard let changed = tamper(message, host) else { return }
      message = changed
    }
    guard let receiver = places[endpoint], hosts[receiver].isAlive else { return }
    if let isCut, isCut(message, host, receiver) { return }
    let delay = delays.lowerBound + random.below(delays.count)
    schedule(
      now + .milliseconds(delay), receiver,
      .deliver(message, from: hosts[host].contact.endpoint))
  }

  private func schedule(_ moment: Moment, _ host: Int, _ fact: Fact) {
    order += 1
    events.append(Event(at: moment, order: order, host: host, fact: fact))
  }

  // MARK: Time

  var nextEventAt: Moment { events.lazy.map(\.at).min() ?? .distantFuture }

  /// Takes the next step, if it is due before `end`.
  func step(until end: Moment) -> Bool {
    let next = events.indices.min {
      (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order)
    }
    guard let next, events[next].at <= end else {
      now = max(now, end)
      return false
    }
    let event = events[next]
    events.swapAt(next, events.count - 1)
    events.removeLast()
    now = max(now, event.at)
    steps += 1
    switch event.fact {
    case .deliver(let message, let endpoint): tell(event.host, .received(message, from: endpoint))
    case .wake: tell(event.host, .wake)
    }
    return true
  }

  func run(for span: TimeSpan) {
    let end = now + span
    while step(until: end) {}
  }
}
