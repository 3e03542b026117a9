import ChordLogic
import ChordWire
import DeterministicCore
import TorrentModel

/// A ring on virtual time: the production `ChordNode`, a network that takes its time, and an
/// onlooker who knows where everybody stands.
///
/// Everything follows from the seed. Datagrams are not written to bytes, unless they are counted:
/// the codec has tests of its own.
///
/// The invariant: `members` holds the contacts of the living members in the order of the circle, and
/// nothing reaches a host that is gone.
final class RingWorld {
  /// A host while it lives. A class, since nodes are not copied.
  final class Host {
    let contact: Contact
    var node: ChordNode
    /// Wake-ups set before the last one are void.
    var wakeNumber: UInt32 = 0
    /// Lies instead of answering.
    var isLiar = false
    var isMember = false

    init(_ contact: Contact, _ node: consuming ChordNode) {
      self.contact = contact
      self.node = node
    }
  }

  private struct Parcel {
    var message: ChordMessage
    var source: Endpoint
  }

  let configuration: ChordConfiguration
  let rules: ChordRules
  let latency: RingLatency
  var random: SeededGenerator
  private(set) var now = Moment.zero + .seconds(1)
  private(set) var hosts: [Host?] = []
  private(set) var members: [Contact] = []

  private var queue = EventQueue()
  /// Emptied arrays: whoever hears an answer may ask on, so more than one is in use at times.
  private var spareEffects: [[ChordEffect]] = []
  private var parcels = Pool<Parcel>()
  private var actions = Pool<() -> Void>()
  private var digest = TraceDigest()
  private(set) var eventCount = 0

  /// Messages sent, and bytes where they are counted.
  private(set) var messageCount = 0
  private(set) var byteCount = 0
  var countsBytes = false
  /// Whether a message between two hosts is lost.
  var isCut: ((Int, Int) -> Bool)?
  private var lookups: [UInt64: (LookupOutcome) -> Void] = [:]
  private var questions: [UInt64: (Result<ChordReply, ChordFailure>) -> Void] = [:]
  private var nextNumber: UInt64 = 0

  /// Bytes of IP and UDP around a datagram.
  static let overhead = 28

  init(
    seed: UInt64, configuration: ChordConfiguration, rules: ChordRules = ChordRules(),
    latency: RingLatency = .uniform(.milliseconds(20), .milliseconds(100))
  ) {
    random = SeededGenerator(seed: seed ^ 0x0c0a_57a1)
    self.configuration = configuration
    self.rules = rules
    self.latency = latency
  }

  var traceDigest: UInt64 { digest.value }

  // MARK: Hosts

  /// An address of the internet for each number.
  static func endpoint(_ number: Int) -> Endpoint {
    Endpoint(.v4(0x1000_0000 + UInt32(number)), port: 6881)
  }

  private static func number(of endpoint: Endpoint) -> Int? {
    guard case .v4(let word) = endpoint.address, word >= 0x1000_0000 else { return nil }
    return Int(word - 0x1000_0000)
  }

  func randomKey() -> Identifier {
    Identifier(
      high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(), low: random.next())
  }

  /// A host that is not in the ring yet. Its identifier is drawn: the rule that binds it to an
  /// address spreads no worse, and is measured by itself.
  func addHost() -> Int {
    let number = hosts.count
    let contact = Contact(randomKey(), Self.endpoint(number))
    hosts.append(
      Host(
        contact,
        ChordNode(
          contact, configuration: configuration, rules: rules, verifier: MarkedVerifier(),
          generator: SeededGenerator(seed: random.next()))))
    return number
  }

  /// A ring of so many hosts that stands already.
  func stand(_ count: Int, knowsAll: Bool) {
    for _ in 0..<count { _ = addHost() }
    let sorted = hosts.compactMap { $0?.contact }.sorted { $0.id < $1.id }
    let length = configuration.successors.upperBound
    for (place, contact) in sorted.enumerated() {
      let following = (1...min(length, count - 1)).map { sorted[(place + $0) % count] }
      guard let number = Self.number(of: contact.endpoint), let host = hosts[number] else {
        continue
      }
      var effects: [ChordEffect] = []
      host.node.place(
        predecessor: sorted[(place - 1 + count) % count], successors: following,
        fingers: knowsAll ? [] : fingers(of: contact.id, in: sorted),
        members: knowsAll ? sorted : [], at: now, into: &effects)
      perform(effects, of: number, host)
    }
  }

  /// The owners of the starts of all intervals.
  private func fingers(of id: Identifier, in sorted: [Contact]) -> [Contact] {
    var found: [Contact] = []
    for exponent in stride(from: 159, through: 0, by: -1) {
      let contact = sorted[Self.place(of: id.advanced(by: .power(exponent)), in: sorted)]
      // Nearer intervals have the same owner.
      guard contact.id != id, found.last != contact else {
        if found.count > 1 { break }
        continue
      }
      found.append(contact)
    }
    return found
  }

  /// Where a key's owner stands.
  private static func place(of key: Identifier, in sorted: [Contact]) -> Int {
    let place = firstPlace(of: key, in: sorted)
    return place == sorted.count ? 0 : place
  }

  private static func firstPlace(of key: Identifier, in sorted: [Contact]) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].id < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The member that owns a key, by where the members stand.
  func owner(of key: Identifier) -> Contact? {
    members.isEmpty ? nil : members[Self.place(of: key, in: members)]
  }

  /// Any member, as a number.
  func randomMember() -> Int {
    guard !members.isEmpty,
      let number = Self.number(of: members[random.below(members.count)].endpoint)
    else { preconditionFailure("a ring without members has nobody to ask") }
    return number
  }

  func isMember(_ number: Int) -> Bool { hosts[number]?.isMember ?? false }

  func number(of contact: Contact) -> Int? { Self.number(of: contact.endpoint) }

  /// Ends a host without a word.
  func crash(_ number: Int) {
    guard let host = hosts[number] else { return }
    if host.isMember { remove(host.contact) }
    hosts[number] = nil
  }

  /// Lets a host leave in order; it goes a little later.
  func leave(_ number: Int) {
    tell(number, .leave)
    after(.seconds(5)) { [unowned self] in crash(number) }
  }

  private func note(_ host: Host) {
    let isMember = host.node.isMember
    guard isMember != host.isMember else { return }
    host.isMember = isMember
    if isMember {
      members.insert(host.contact, at: Self.firstPlace(of: host.contact.id, in: members))
    } else {
      remove(host.contact)
    }
  }

  private func remove(_ contact: Contact) {
    let place = Self.firstPlace(of: contact.id, in: members)
    if place < members.count, members[place] == contact { members.remove(at: place) }
  }

  // MARK: Facts in, effects out

  func tell(_ number: Int, _ input: ChordInput) {
    guard let host = hosts[number] else { return }
    var effects = spareEffects.popLast() ?? []
    host.node.handle(input, at: now, into: &effects)
    perform(effects, of: number, host)
    effects.removeAll(keepingCapacity: true)
    spareEffects.append(effects)
  }

  private func perform(_ effects: [ChordEffect], of number: Int, _ host: Host) {
    note(host)
    for effect in effects {
      switch effect {
      case .send(let message, let endpoint): send(message, from: number, host, to: endpoint)
      case .wake(let moment):
        host.wakeNumber &+= 1
        schedule(max(moment, now), .wake, host: number, generation: host.wakeNumber)
      case .found(let asked, let outcome): lookups.removeValue(forKey: asked)?(outcome)
      case .answered(let asked, let result): questions.removeValue(forKey: asked)?(result)
      case .report: break
      }
    }
  }

  private func send(
    _ message: ChordMessage, from number: Int, _ host: Host, to endpoint: Endpoint
  ) {
    messageCount += 1
    if countsBytes { byteCount += Self.overhead + (message.datagram?.count ?? 0) }
    guard let receiver = Self.number(of: endpoint), receiver < hosts.count, hosts[receiver] != nil
    else { return }
    if let isCut, isCut(number, receiver) { return }
    let place = parcels.insert(Parcel(message: message, source: host.contact.endpoint))
    let delay = latency.delay(from: number, to: receiver, random: &random)
    schedule(now + delay, .message, host: receiver, piece: place)
  }

  private func schedule(
    _ moment: Moment, _ kind: Event.Kind, host: Int = 0, generation: UInt32 = 0, piece: UInt32 = 0
  ) {
    var event = Event(at: moment.nanoseconds, kind: kind)
    event.host = UInt32(truncatingIfNeeded: host)
    event.generation = generation
    event.piece = piece
    queue.schedule(event)
  }

  /// Has something done later.
  func after(_ span: TimeSpan, _ action: @escaping () -> Void) {
    schedule(now + span, .happening, piece: actions.insert(action))
  }

  /// Lets time pass.
  func run(for span: TimeSpan) {
    let end = (now + span).nanoseconds
    var isOver = false
    after(span) { isOver = true }
    while !isOver, let event = queue.next() {
      now = Moment(nanoseconds: min(event.at, end))
      eventCount += 1
      digest.fold(event, effects: messageCount)
      take(event)
    }
  }

  private func take(_ event: Event) {
    let number = Int(event.host)
    switch event.kind {
    case .message:
      let parcel = parcels.take(event.piece)
      guard let host = hosts[number] else { return }
      if host.isLiar, let answer = lie(parcel.message, by: host) {
        if let answer { send(answer, from: number, host, to: parcel.source) }
        return
      }
      tell(number, .received(parcel.message, from: parcel.source))
    case .wake:
      if hosts[number]?.wakeNumber == event.generation { tell(number, .wake) }
    case .happening: actions.take(event.piece)()
    default: preconditionFailure("a ring knows three kinds of events")
    }
  }

  // MARK: Questions

  func lookUp(
    _ key: Identifier, by number: Int, completion: @escaping (LookupOutcome) -> Void
  ) {
    nextNumber += 1
    lookups[nextNumber] = completion
    tell(number, .lookup(nextNumber, key))
  }

  func ask(
    _ contact: Contact, _ query: ChordQuery, by number: Int,
    completion: @escaping (Result<ChordReply, ChordFailure>) -> Void
  ) {
    nextNumber += 1
    questions[nextNumber] = completion
    tell(number, .ask(nextNumber, query, contact))
  }
}
