public import ChordWire
public import DeterministicCore
public import TorrentModel

/// One node of a ring: its place, its way through lookups, what it knows of others, and the records
/// that are its to keep.
///
/// This file only dispatches. `Stabilizer` keeps the place (and with it the correctness of the
/// ring), `Lookup` finds owners, `FingerTable` and `MembershipTable` make that quick, `RecordStore`
/// keeps records.
///
/// The invariant: every pending query that awaits an answer for the stabilizer belongs to the step
/// the stabilizer is in, so its status is idle exactly when none is pending.
public struct ChordNode: ~Copyable, StateMachine, Sendable {
  public typealias Input = ChordInput
  public typealias Effect = ChordEffect

  enum Phase: Hashable, Sendable {
    case idle
    case leaf(via: [Endpoint])
    case joining(via: [Endpoint])
    case member
    case left
  }

  public let own: Contact
  public let ring: RingTag?
  public let configuration: ChordConfiguration
  let rules: ChordRules
  var generator: SeededGenerator
  var phase = Phase.idle

  var stabilizer: Stabilizer
  var pending = PendingQueries()
  /// State queries that came while the state was about to change, answered once it has.
  var deferred: [DeferredQuery] = []
  var lookups: [Lookup] = []
  var nextLookup: UInt32 = 0
  var fingers: FingerTable
  var members = MembershipTable()
  var news = NewsQueue()
  var comparing = MembershipComparison()
  var lastSuccessor: Contact?
  var suspicion = FailureSuspicion()
  var remembered = RememberedNodes()
  var shownTokens = ShownTokens()
  var reachability = ReachabilityProof()
  var records: RecordStore
  var handover = Handover()
  /// Successors that have been given copies of all records from behind `providedAfter` to this node.
  var provided: [Identifier] = []
  var providedAfter: Identifier?

  var nextRound = Moment.distantFuture
  /// Rounds at the usual pace so far, and when the next of them may come.
  var roundCount = 0
  var upkeepDue = Moment.zero
  /// The wait before the next round, where it is shorter than usual.
  var haste: TimeSpan?
  /// The intervals whose finger was last looked after, and last looked for.
  var nextFinger = 160
  var nextChoice = 160
  var joinRetryAt = Moment.distantFuture
  var joinAttempts = 0
  var checkedPredecessorAt = Moment.zero
  /// When the last round began.
  var stabilizedAt = Moment.zero
  private var wakeSetFor = Moment.distantFuture

  /// State queries put off at most; those beyond are told to come back.
  static let mostDeferred = 32
  /// Lookups under way at most.
  static let mostLookups = 256
  /// Nodes that a joiner tries, with those that it has met itself.
  static let mostEntrances = 32
  /// Between two tries to join.
  static let joinRetry = TimeSpan.seconds(2)

  /// - Parameter verifier: checks the signatures of items and keyword records.
  public init(
    _ own: Contact, ring: RingTag? = nil, configuration: ChordConfiguration = ChordConfiguration(),
    verifier: any SignatureVerifier, generator: SeededGenerator
  ) {
    self.init(
      own, ring: ring, configuration: configuration, rules: ChordRules(), verifier: verifier,
      generator: generator)
  }

  package init(
    _ own: Contact, ring: RingTag? = nil, configuration: ChordConfiguration, rules: ChordRules,
    verifier: any SignatureVerifier, generator: SeededGenerator
  ) {
    self.own = own
    self.ring = ring
    self.configuration = configuration
    self.rules = rules
    self.generator = generator
    stabilizer = Stabilizer(own, lengths: configuration.successors, rules: rules)
    fingers = FingerTable(of: own.id)
    records = RecordStore(
      verifier: verifier, secret: self.generator.next())
  }

  public mutating func handle(
    _ input: ChordInput, at now: Moment, into effects: inout [ChordEffect]
  ) {
    switch input {
    case .start(let endpoints): start(via: endpoints, at: now, into: &effects)
    case .attach(let endpoints): attach(via: endpoints, at: now)
    case .received(let message, let endpoint):
      receive(message, from: endpoint, at: now, into: &effects)
    case .lookup(let number, let target):
      look(up: target, for: .client(number), at: now, into: &effects)
    case .ask(let number, let query, let contact):
      ask(contact, query, for: .client(number), at: now, into: &effects)
    case .leave: leave(at: now, into: &effects)
    case .wake:
      wakeSetFor = .distantFuture
      wake(at: now, into: &effects)
    }
    scheduleWake(at: now, into: &effects)
  }

  private mutating func wake(at now: Moment, into effects: inout [ChordEffect]) {
    for query in pending.takeDue(at: now) { expire(query, at: now, into: &effects) }
    if joinRetryAt <= now { retryJoin(at: now, into: &effects) }
    if nextRound <= now { beginRound(at: now, into: &effects) }
    if reachability.dueAt <= now { seekCall(at: now, into: &effects) }
    if comparing.dueAt <= now { compareMembers(at: now, into: &effects) }
    advanceLookups(at: now, into: &effects)
    sendNews(at: now, into: &effects)
  }

  mutating func scheduleWake(at now: Moment, into effects: inout [ChordEffect]) {
    var due = min(
      pending.nextDeadline, nextRound, joinRetryAt, news.dueAt, comparing.dueAt,
      reachability.dueAt)
    for place in lookups.indices {
      due = min(due, lookups[place].nextDeadline(slow: configuration.slowProbe, at: now))
    }
    guard due < wakeSetFor else { return }
    wakeSetFor = due
    effects.append(.wake(at: due))
  }

  private mutating func receive(
    _ message: ChordMessage, from endpoint: Endpoint, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard message.ring == ring, endpoint.isDialable else { return }
    switch message.body {
    case .query(let query, let head):
      suspicion.clear(endpoint)
      noteCall(query, from: endpoint, at: now, into: &effects)
      answer(
        query, head, message.transaction, from: endpoint, isReadOnly: message.isReadOnly, at: now,
        into: &effects)
    case .reply(let reply, let head):
      guard let place = pending.find(message.transaction, from: endpoint) else { return }
      let query = pending.remove(at: place)
      // Another node lives there than the one we were told of.
      guard query.receiver == nil || query.receiver == head.sender,
        reply.method == query.query.method
      else {
        fail(query, at: now, into: &effects)
        return
      }
      suspicion.clear(endpoint)
      let latency = now - query.sentAt
      if query.purpose == .reach { reachability.stands(at: message.observed) }
      meet(Contact(head.sender, endpoint), latency: query.wasBusy ? nil : latency, at: now)
      take(
        reply, to: query, from: Contact(head.sender, endpoint), at: now, into: &effects)
    case .failure(let failure):
      refuse(failure, message.transaction, from: endpoint, at: now, into: &effects)
    }
  }

  // MARK: What an onlooker may ask

  public var isMember: Bool { stabilizer.isMember }
  public var successors: [Contact] { stabilizer.successors.contacts }
  public var predecessor: Contact? { stabilizer.predecessor }
  /// Nodes of the ring, as far as can be told from here.
  public var ringSize: Int { max(stabilizer.ringSize, knowsWholeRing ? members.count : 0) }
  public var memberCount: Int { members.count }
  public var recordCount: Int { records.count }

  /// Whether an answer with this transaction is awaited from there.
  public func awaits(_ transaction: UInt32, from endpoint: Endpoint) -> Bool {
    pending.find(transaction, from: endpoint) != nil
  }

  /// Queries whose answers are awaited.
  public var pendingCount: Int { pending.queries.count }

  /// Nodes worth remembering for the next time, most of them heard from: at most `most`.
  public func acquaintances(most: Int) -> [Contact] {
    var found: [Contact] = []
    for contact in remembered.contacts.reversed() + stabilizer.successors.contacts
      + members.contacts
    where contact.id != own.id && !found.contains(contact) {
      guard found.count < most else { break }
      found.append(contact)
    }
    return found
  }

  /// Whether the key is this node's, by its own knowledge.
  public func owns(_ key: Identifier) -> Bool { stabilizer.owns(key) }
}
