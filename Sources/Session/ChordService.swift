public import ChordLogic
public import ChordWire
import DeterministicCore
import Glibc
import Hashing
import Networking
import Storage
public import TorrentModel

/// A session's part in a ring: brings datagrams and time to its nodes, and carries out what these
/// decide.
///
/// It takes no decision about places or records. There is always a leaf, which needs nothing but
/// somebody to ask, and beside it the member nodes once this host is one of the ring's own.
///
/// The invariant: nothing reaches a node but through the door, and every lookup and question is
/// answered through its completion once, unless it is abandoned.
public final class ChordService {
  public let name: RingName
  let tag: RingTag
  public internal(set) var configuration: RingConfiguration
  unowned let session: TorrentSession
  let reactor: Reactor
  private let port: RingPort
  private var door: ChordDoor
  private let credentials: RingCredentials?
  private var generator: SeededGenerator
  private let leaf: RingSeat
  private(set) var members: [RingSeat] = []
  private(set) var isOver = false

  /// Where others see this host; nil until it is known.
  public private(set) var ownEndpoint: Endpoint?
  /// Nodes known before anybody answered.
  public private(set) var entrances: [Endpoint] = []
  /// The nearest place a stranger may name: no nearer than those that were named to begin with.
  private var horizon = AddressScope.world
  private var hasConnected = false
  /// Nodes that others named last.
  private var hearsay: [Contact] = []

  private var lookups: [UInt64: (LookupOutcome) -> Void] = [:]
  private var questions: [UInt64: (Result<ChordReply, ChordFailure>) -> Void] = [:]
  private var nextNumber: UInt64 = 0
  private var counts = RingCounts()
  private var rotationTimer: SlabID?
  private var doorTimer: SlabID?
  private var doorWakesAt = Moment.distantFuture
  var keepingTimer: SlabID?

  /// - Precondition: there are credentials exactly for a closed ring.
  init(
    _ configuration: RingConfiguration, showing credentials: RingCredentials?,
    in session: TorrentSession, port: RingPort
  ) {
    name = configuration.ring.name
    tag = RingTag(configuration.ring.name)
    var configuration = configuration
    configuration.chord.provingReachability = session.configuration.ringPromotion
    self.configuration = configuration
    self.session = session
    self.port = port
    reactor = session.reactor
    // The ring is open to others, who must not foresee tokens or transactions.
    var system = SystemRandomNumberGenerator()
    generator = SeededGenerator(seed: system.next())
    self.credentials = credentials
    door = ChordDoor(
      to: name, showing: credentials,
      secret: SipHash.Key(low: system.next(), high: system.next()),
      entropy: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &system) })
    let id = Identifier(
      high: UInt32(truncatingIfNeeded: system.next()), middle: system.next(), low: system.next())
    leaf = RingSeat(
      ChordNode(
        Contact(id, Endpoint(.v4(0), port: 0)), ring: tag, configuration: configuration.chord,
        verifier: OpenSSLVerifier(), generator: SeededGenerator(seed: generator.next())))
    rotateSecrets()
  }

  private func rotateSecrets() {
    rotationTimer = reactor.schedule(after: TokenAuthority.rotation) { [weak self] in
      guard let self else { return }
      var system = SystemRandomNumberGenerator()
      door.rotate(to: SipHash.Key(low: system.next(), high: system.next()))
      rotateSecrets()
    }
  }

  // MARK: Beginning

  /// Takes up nodes to ask, named by somebody or remembered. Without any, a member founds the ring.
  func begin(with endpoints: [Endpoint]) {
    for endpoint in endpoints where endpoint.isDialable && port.reaches(endpoint.address) {
      guard !entrances.contains(endpoint), endpoint != ownEndpoint else { continue }
      entrances.append(endpoint)
      horizon = min(horizon, endpoint.address.scope)
    }
    tell(leaf, .attach(via: entrances))
    if configuration.role == .member, members.isEmpty, let own = chosenEndpoint {
      take(own)
    } else if !entrances.isEmpty, !hasConnected {
      look()
    }
  }

  /// Looks around: whoever answers says where it sees us, and the nodes met on the way are known
  /// then. Until somebody answers, again and again.
  private func look() {
    lookUp(leaf.contact.id) { [weak self] outcome in
      guard let self, !isOver else { return }
      hearsay = [outcome.owner].compactMap(\.self) + outcome.successors
      if outcome.owner == nil {
        reactor.schedule(after: Self.lookAgain) { [weak self] in self?.look() }
      } else if !hasConnected {
        hasConnected = true
        report(.connected)
      }
    }
  }

  private static let lookAgain = TimeSpan.seconds(1)

  /// Makes this host the first node of a ring that nobody is known of.
  public func found() {
    guard members.isEmpty, entrances.isEmpty, let own = chosenEndpoint else { return }
    configuration.role = .member
    take(own)
  }

  /// The endpoint that is known without asking: one that was chosen, or for the first node of a ring
  /// the address that others most likely reach.
  private var chosenEndpoint: Endpoint? {
    guard let listening = session.listeningOn.first else { return nil }
    guard listening.address.isUnspecified else { return listening }
    guard entrances.isEmpty else { return nil }
    return LocalAddresses.reachable(from: listening.address).first {
      port.reaches($0)
    }.map { Endpoint($0, port: listening.port) }
  }

  /// Becomes a member at an endpoint.
  private func take(_ endpoint: Endpoint) {
    ownEndpoint = endpoint
    horizon = min(horizon, endpoint.address.scope)
    let known = leaf.node.acquaintances(most: 16).map(\.endpoint) + entrances
    for number in 0..<configuration.virtualNodes {
      let id =
        credentials?.certificate.place(number) ?? Identifier.ofNode(at: endpoint, number: number)
      let contact = Contact(id, endpoint)
      let seat = RingSeat(
        ChordNode(
          contact, ring: tag, configuration: configuration.chord, verifier: OpenSSLVerifier(),
          generator: SeededGenerator(seed: generator.next())))
      members.append(seat)
      let via = known.filter { $0 != endpoint } + (number > 0 ? [endpoint] : [])
      tell(seat, .start(via: via))
      if via.isEmpty { report(.joined(contact)) }
    }
  }

  // MARK: Facts in, effects out

  /// Takes a datagram that was read as a message.
  func receive(_ message: ChordMessage, length: Int, from source: Endpoint) {
    guard !isOver else { return }
    count(length)
    pass { door, effects in
      door.receive(
        message, from: source, at: reactor.now, time: UInt64(clamping: time(nil)), into: &effects)
    }
  }

  /// Takes a sealed datagram.
  func receive(_ datagram: SealedDatagram, length: Int, from source: Endpoint) {
    guard !isOver else { return }
    count(length)
    pass { door, effects in
      door.receive(datagram, from: source, at: reactor.now, into: &effects)
    }
  }

  private func count(_ length: Int) {
    counts.received += 1
    counts.receivedBytes += UInt64(length)
  }

  /// Lets the door do something, and carries out what comes of it.
  private func pass(_ action: (inout ChordDoor, inout [ChordDoor.Effect]) -> Void) {
    var effects: [ChordDoor.Effect] = []
    action(&door, &effects)
    scheduleDoor()
    for effect in effects {
      switch effect {
      case .send(let datagram, let endpoint): send(datagram, to: endpoint)
      case .deliver(let message, let endpoint): deliver(message, from: endpoint)
      }
    }
  }

  private func scheduleDoor() {
    let moment = door.nextWake
    guard moment != doorWakesAt, !isOver else { return }
    doorWakesAt = moment
    if let doorTimer { reactor.cancelTimer(doorTimer) }
    doorTimer = nil
    guard moment < .distantFuture else { return }
    doorTimer = reactor.schedule(at: moment) { [weak self] in
      guard let self, !isOver else { return }
      doorTimer = nil
      doorWakesAt = .distantFuture
      pass { door, effects in door.wake(at: self.reactor.now, into: &effects) }
    }
  }

  private func deliver(_ message: ChordMessage, from source: Endpoint) {
    guard let seat = seat(for: message, from: source) else { return }
    if case .query = message.body {} else { note(message.observed) }
    tell(seat, .received(message, from: source))
  }

  /// Queries name their node, or take the first that is there; answers go to who asked.
  private func seat(for message: ChordMessage, from source: Endpoint) -> RingSeat? {
    if case .query(_, let head) = message.body {
      return members.first { $0.contact.id == head.receiver } ?? members.first ?? leaf
    }
    if leaf.node.awaits(message.transaction, from: source) { return leaf }
    return members.first { $0.node.awaits(message.transaction, from: source) }
  }

  /// Somebody answered, and said where it sees us.
  private func note(_ observed: Endpoint?) {
    guard ownEndpoint == nil, let observed, observed.isDialable else { return }
    if configuration.role == .member { take(observed) } else { ownEndpoint = observed }
  }

  func tell(_ seat: RingSeat, _ input: ChordInput) {
    guard !isOver else { return }
    var effects: [ChordEffect] = []
    seat.node.handle(input, at: reactor.now, into: &effects)
    for effect in effects { perform(effect, of: seat) }
  }

  private func perform(_ effect: ChordEffect, of seat: RingSeat) {
    switch effect {
    case .send(let message, let endpoint): send(message, to: endpoint)
    case .wake(let moment):
      if let timer = seat.timer { reactor.cancelTimer(timer) }
      seat.timer = reactor.schedule(at: moment) { [weak self, weak seat] in
        guard let self, let seat else { return }
        seat.timer = nil
        self.tell(seat, .wake)
      }
    case .found(let number, let outcome):
      if outcome.owner == nil { counts.failedLookups += 1 }
      lookups.removeValue(forKey: number)?(outcome)
    case .answered(let number, let result): questions.removeValue(forKey: number)?(result)
    case .report(let event): note(event, of: seat)
    }
  }

  private func note(_ event: ChordEvent, of seat: RingSeat) {
    switch event {
    case .joined: report(.joined(seat.contact))
    case .joinFailed: report(.joinFailed)
    case .orphaned: report(.orphaned(seat.contact))
    case .left: report(.left)
    case .successorChanged(let contact): report(.successorChanged(contact))
    case .predecessorChanged: break
    case .failed(let contact): report(.nodeFailed(contact))
    case .reachable(let endpoint): promote(at: endpoint)
    }
  }

  /// From a client to one of the ring's own, where its certificate lets it be one.
  private func promote(at endpoint: Endpoint) {
    guard configuration.role == .leaf, members.isEmpty,
      credentials?.certificate.roles.contains(.member) ?? true
    else { return }
    configuration.role = .member
    report(.reachable(endpoint))
    take(endpoint)
  }

  func report(_ event: RingEvent) { session.ringObserver?(self, event) }

  private func send(_ message: ChordMessage, to endpoint: Endpoint) {
    guard endpoint.address.scope >= horizon else {
      counts.unsent += 1
      return
    }
    pass { door, effects in
      if !door.send(message, to: endpoint, at: reactor.now, into: &effects) { counts.unsent += 1 }
    }
  }

  private func send(_ datagram: [UInt8], to endpoint: Endpoint) {
    counts.sent += 1
    counts.sentBytes += UInt64(datagram.count)
    port.send(datagram, to: endpoint)
  }

  // MARK: Questions

  /// The node that speaks for this host: a member once there is one, since it knows more.
  private var speaker: RingSeat { members.first { $0.node.isMember } ?? leaf }

  /// Finds the owner of a key. - Returns: the number of the lookup.
  @discardableResult
  public func lookUp(
    _ key: Identifier, completion: @escaping (LookupOutcome) -> Void
  ) -> UInt64 {
    nextNumber += 1
    counts.lookups += 1
    lookups[nextNumber] = completion
    let number = nextNumber
    tell(speaker, .lookup(number, key))
    return number
  }

  /// Who is believed to keep the records of a lookup's key, nearest first, and who precedes it.
  func beliefs(ofLookup number: UInt64) -> (owners: [Contact], predecessor: Contact?) {
    for seat in members + [leaf] {
      let owners = seat.node.believedOwners(ofLookup: number)
      let predecessor = seat.node.nearestAnswered(inLookup: number)
      if !owners.isEmpty || predecessor != nil { return (owners, predecessor) }
    }
    return ([], nil)
  }

  /// Nobody waits for the answer any more.
  func abandon(lookup number: UInt64) {
    guard lookups.removeValue(forKey: number) != nil else { return }
    for seat in members + [leaf] { seat.node.abandon(lookup: number) }
  }

  /// Asks a node something.
  public func ask(
    _ contact: Contact, _ query: ChordQuery,
    completion: @escaping (Result<ChordReply, ChordFailure>) -> Void
  ) {
    nextNumber += 1
    questions[nextNumber] = completion
    tell(speaker, .ask(nextNumber, query, contact))
  }

  // MARK: Ending

  /// Nothing is sent or taken afterwards.
  func shutDown() {
    isOver = true
    for seat in members + [leaf] {
      if let timer = seat.timer { reactor.cancelTimer(timer) }
    }
    for timer in [rotationTimer, keepingTimer, doorTimer].compactMap(\.self) {
      reactor.cancelTimer(timer)
    }
  }

  // MARK: What an onlooker may ask

  public var isMember: Bool { members.contains { $0.node.isMember } }
  public var isConnected: Bool { hasConnected || isMember }
  public var nodes: [Contact] { members.map(\.contact) }
  public var successors: [Contact] { members.first?.node.successors ?? [] }
  public var predecessor: Contact? { members.first?.node.predecessor }
  public var ringSize: Int { members.first?.node.ringSize ?? 0 }
  public var knownMembers: Int { members.first?.node.memberCount ?? 0 }
  public var recordCount: Int { members.reduce(0) { $0 + $1.node.recordCount } }

  /// Nodes worth remembering, those of the ring's middle first.
  public func acquaintances(most: Int) -> [Contact] {
    let member = members.first.map { $0.node.acquaintances(most: most) } ?? []
    var all = member
    for contact in leaf.node.acquaintances(most: most) + hearsay where !all.contains(contact) {
      all.append(contact)
    }
    return Array(all.filter { $0.endpoint != ownEndpoint }.prefix(most))
  }

  public var statistics: RingCounts {
    var counts = counts
    counts.refused = door.counts
    counts.sealed = door.linkCounts
    counts.refused.flooded += Int(port.flooded)
    counts.malformed = port.malformed
    return counts
  }
}
