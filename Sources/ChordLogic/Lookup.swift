import ChordWire
import DeterministicCore

/// The search for the owner of a key: asks ever nearer nodes before the key, then the node behind
/// it, which must say itself that the key is its own.
///
/// The invariant: an outcome with an owner comes from that owner (the *owner check*); whoever only
/// believes to know the owner is a step on the way.
struct Lookup: Sendable {
  private struct Entry: Sendable {
    enum State: Hashable, Sendable {
      case fresh
      case asked(Moment)
      case answered
      case failed
    }

    let contact: Contact
    /// Believed to own the key, not to precede it.
    let isOwner: Bool
    let hops: Int
    var state = State.fresh
  }

  struct Probe: Hashable, Sendable {
    var contact: Contact
    var isConfirming: Bool
  }

  let number: UInt32
  let target: Identifier
  let purpose: LookupPurpose
  let startedAt: Moment
  private let rules: ChordRules
  private var entries: [Entry] = []
  /// Set once nothing is left to ask: the search begins again then, for rings mend.
  private(set) var restartAt: Moment?
  private(set) var outcome: LookupOutcome?
  private(set) var timeouts = 0
  /// What was believed before the search began again.
  private var earlierBelief: [Contact] = []
  /// Nodes of the ring, as far as who asks can tell; 0 where it cannot.
  private let ringSize: Int
  /// Who called the key its own from so far behind it that this is hardly true.
  private var doubtful: (owner: Contact, successors: [Contact], hops: Int)?
  /// Nodes that did not answer at some time of the search.
  private var silent: [Identifier] = []
  private var hasAskedNeighbours = false

  private static let mostEntries = 64

  init(
    number: UInt32, target: Identifier, purpose: LookupPurpose, rules: ChordRules,
    ringSize: Int = 0, at now: Moment
  ) {
    self.number = number
    self.target = target
    self.purpose = purpose
    self.rules = rules
    self.ringSize = ringSize
    startedAt = now
  }

  // MARK: What is known

  mutating func addPreceding(_ contacts: [Contact], hops: Int) {
    for contact in contacts where contact.id != target { add(contact, isOwner: false, hops: hops) }
  }

  mutating func addOwners(_ contacts: [Contact], hops: Int) {
    for contact in contacts { add(contact, isOwner: true, hops: hops) }
  }

  /// A node answered that was asked by its endpoint alone.
  mutating func meet(_ contact: Contact) { addPreceding([contact], hops: 1) }

  private mutating func add(_ contact: Contact, isOwner: Bool, hops: Int) {
    guard entries.count < Self.mostEntries,
      !entries.contains(where: { $0.contact == contact && $0.isOwner == isOwner })
    else { return }
    entries.append(Entry(contact: contact, isOwner: isOwner, hops: hops))
  }

  private mutating func set(_ contact: Contact, isOwner: Bool, _ state: Entry.State) -> Entry? {
    guard
      let place = entries.firstIndex(where: { $0.contact == contact && $0.isOwner == isOwner })
    else { return nil }
    entries[place].state = state
    return entries[place]
  }

  // MARK: Answers

  mutating func take(_ hop: NextHop, from probe: Probe) {
    guard let entry = set(probe.contact, isOwner: probe.isConfirming, .answered) else { return }
    switch hop {
    case .owner(let successors) where isPlausible(probe.contact.id):
      finish(owner: probe.contact, successors, hops: entry.hops)
    case .owner(let successors):
      if doubtful == nil { doubtful = (probe.contact, successors, entry.hops) }
    case .predecessor(let successors):
      guard rules.ownersAreAsked else {
        finish(owner: successors.first, Array(successors.dropFirst()), hops: entry.hops)
        return
      }
      addOwners(Array(successors.prefix(8)), hops: entry.hops + 1)
    case .closer(let contacts):
      // Only what leads on: a node that names farther ones wastes time, or means to.
      let before = probe.contact.id
      addPreceding(
        contacts.filter { Identifier.between(before, $0.id, target) }, hops: entry.hops + 1)
    }
  }

  /// The node asked to confirm does not own the key, and names its predecessor.
  mutating func refused(by probe: Probe, predecessor: Contact?) {
    guard let entry = set(probe.contact, isOwner: probe.isConfirming, .answered),
      let predecessor, predecessor.id != probe.contact.id
    else { return }
    let isBehindTarget =
      predecessor.id == target || Identifier.between(target, predecessor.id, probe.contact.id)
    if isBehindTarget {
      addOwners([predecessor], hops: entry.hops + 1)
    } else {
      addPreceding([predecessor], hops: entry.hops + 1)
    }
  }

  mutating func failed(_ probe: Probe) {
    guard set(probe.contact, isOwner: probe.isConfirming, .failed) != nil else { return }
    timeouts += 1
    if !silent.contains(probe.contact.id) { silent.append(probe.contact.id) }
  }

  /// Whether a node that stands here may own the key: so many arcs in one have no node in them once
  /// in e^32 rings. Whoever calls each key its own is caught by it nearly always (Castro et al.,
  /// "Secure routing for structured peer-to-peer overlay networks", 2002).
  private func isPlausible(_ id: Identifier) -> Bool {
    ringSize <= 2 * Self.longestArc
      || target.distance(to: id).fraction * Double(ringSize) <= Double(Self.longestArc)
  }

  private static let longestArc = 32

  private mutating func finish(owner: Contact?, _ successors: [Contact], hops: Int) {
    guard outcome == nil else { return }
    // Others have named keepers, too: an owner that names none may have its reasons.
    var keepers = successors
    for contact in owner == nil ? [] : believedOwners where keepers.count < Self.mostKeepers {
      if contact != owner, !keepers.contains(contact) { keepers.append(contact) }
    }
    outcome = LookupOutcome(owner: owner, successors: keepers, hops: hops, timeouts: timeouts)
  }

  private static let mostKeepers = 8

  mutating func finishOwned(successors: [Contact], by own: Contact) {
    finish(owner: own, successors, hops: 0)
  }

  mutating func giveUp() {
    if let doubtful {
      finish(owner: doubtful.owner, doubtful.successors, hops: doubtful.hops)
    } else {
      finish(owner: nil, believedOwners, hops: 0)
    }
  }

  /// Those named as owners that have not failed, nearest behind the key first.
  var believedOwners: [Contact] {
    let owners = entries.filter { $0.isOwner && !silent.contains($0.contact.id) }.map(\.contact)
    return owners.isEmpty ? earlierBelief : SuccessorList.sorted(owners, from: target)
  }

  /// The node nearest before the key that answered.
  var nearestAnswered: Contact? {
    let answered = entries.filter { !$0.isOwner && $0.state == .answered }
    return answered.map(\.contact).min { $0.id.distance(to: target) < $1.id.distance(to: target) }
  }

  /// Nobody is known to be asked.
  var isExhausted: Bool { outcome == nil && entries.isEmpty }

  // MARK: Questions

  /// The next node to ask, if one should be asked now.
  ///
  /// - Parameters:
  ///   - most: probes under way at once.
  ///   - slow: a probe out for this long is waited for, but no longer alone.
  ///   - isWaiting: answers are on their way from nodes the lookup does not know yet.
  mutating func nextProbe(
    most: Int, slow: TimeSpan, isWaiting: Bool = false, at now: Moment
  ) -> Probe? {
    guard outcome == nil, restartAt == nil else { return nil }
    var underWay = 0
    var slowCount = 0
    var confirming = 0
    for entry in entries {
      guard case .asked(let moment) = entry.state else { continue }
      underWay += 1
      if moment + slow <= now {
        slowCount += 1
      } else if entry.isOwner {
        confirming += 1
      }
    }
    // One owner at a time: two of them cannot be right.
    guard confirming == 0, underWay < most + min(slowCount, 1) else { return nil }
    let place = nextOwner ?? (underWay - slowCount < most ? nextPreceding : nil)
    guard let place else {
      guard underWay == 0, !isWaiting else { return nil }
      // Nobody else is left to be asked.
      if doubtful != nil { giveUp() } else { restartAt = now + slow }
      return nil
    }
    entries[place].state = .asked(now)
    return Probe(contact: entries[place].contact, isConfirming: entries[place].isOwner)
  }

  private var nextOwner: Int? {
    let fresh = entries.indices.filter { entries[$0].isOwner && entries[$0].state == .fresh }
    return fresh.min {
      target.distance(to: entries[$0].contact.id) < target.distance(to: entries[$1].contact.id)
    }
  }

  /// The freshest hope nearest before the key; what lies behind the best answer only when that led
  /// nowhere.
  private var nextPreceding: Int? {
    var best: Int?
    var nearestAnswered: Identifier?
    var isWaiting = false
    for (place, entry) in entries.enumerated() {
      if case .asked = entry.state { isWaiting = true }
      guard !entry.isOwner else { continue }
      let distance = entry.contact.id.distance(to: target)
      switch entry.state {
      case .fresh:
        if let known = best, entries[known].contact.id.distance(to: target) <= distance { continue }
        best = place
      case .answered: nearestAnswered = min(nearestAnswered ?? distance, distance)
      default: continue
      }
    }
    guard let best else { return nil }
    if let nearestAnswered, isWaiting,
      nearestAnswered < entries[best].contact.id.distance(to: target)
    {
      return nil
    }
    return best
  }

  /// Nobody is left to be asked, and the owner was not found: perhaps the node before it has not noticed
  /// yet what has gone between them. Of those who answered, the nearest before the key may know that
  /// node.
  ///
  /// - Returns: whom to ask for its successors, once in a search.
  mutating func takeNeighbourQuestion() -> Contact? {
    guard restartAt != nil, !hasAskedNeighbours, let contact = nearestAnswered else { return nil }
    hasAskedNeighbours = true
    return contact
  }

  mutating func takeNeighbours(_ successors: [Contact], of contact: Contact) {
    let preceding = successors.filter { Identifier.between(contact.id, $0.id, target) }
    guard outcome == nil, !preceding.isEmpty else { return }
    addPreceding(preceding, hops: (hops(of: contact) ?? 0) + 1)
    restartAt = nil
  }

  private func hops(of contact: Contact) -> Int? {
    entries.first { $0.contact == contact }?.hops
  }

  /// Forgets what was asked, to begin anew.
  mutating func restart() {
    restartAt = nil
    hasAskedNeighbours = false
    earlierBelief = believedOwners
    entries.removeAll()
  }

  /// When something may change without an answer, later than `now`.
  func nextDeadline(slow: TimeSpan, at now: Moment) -> Moment {
    if let restartAt { return restartAt }
    var deadline = Moment.distantFuture
    for entry in entries {
      guard case .asked(let moment) = entry.state, moment + slow > now else { continue }
      deadline = min(deadline, moment + slow)
    }
    return deadline
  }
}

/// What a lookup is for.
enum LookupPurpose: Hashable, Sendable {
  case client(UInt64)
  /// The place of the node itself.
  case join
  /// A node for this interval of the finger table.
  case finger(Int)
  /// The node's own place as another part of the ring sees it.
  case merge

  /// Whether it is part of the node's own rounds, in which there is no hurry.
  var isUpkeep: Bool {
    switch self {
    case .client, .join: false
    case .finger, .merge: true
    }
  }
}
