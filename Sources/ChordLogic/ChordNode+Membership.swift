import ChordWire
import DeterministicCore
import TorrentModel

/// What a node knows of the ring beyond its neighbours: all of it while it is small, and news of
/// who comes and goes (Gupta, Liskov and Rodrigues, "One hop lookups for peer-to-peer overlays",
/// 2003).
extension ChordNode {
  /// Whether the ring is small enough to be known whole, and is.
  var knowsWholeRing: Bool {
    let size = stabilizer.ringSize
    return max(size, members.count) <= configuration.largestWholeRing
      // The size is an estimate, by as few neighbours as eight.
      && members.count * 4 >= size
  }

  var isSmallRing: Bool { stabilizer.ringSize <= configuration.largestWholeRing }

  // MARK: Seeing

  /// After a step: a new successor is news, and this node is the one to spread it.
  mutating func noteNeighbours(at now: Moment, into effects: inout [ChordEffect]) {
    let first = stabilizer.successors.first
    guard first != lastSuccessor else { return }
    let previous = lastSuccessor
    lastSuccessor = first
    effects.append(.report(.successorChanged(first)))
    quicken(at: now)
    guard isSmallRing, let first else { return }
    // It may have been heard of before, by its own hint; but who stands nearer than the one before it
    // has just come.
    let hasCome = previous.map { Identifier.between(own.id, first.id, $0.id) } ?? false
    if members.insert(first) || hasCome { spread(first, isJoin: true, at: now) }
  }

  /// A node failed or left. Its predecessor is the one to spread it.
  ///
  /// - Parameter isSuccessor: found out in the ring's own steps, also where another question had found
  ///   it out before.
  mutating func noteFailure(of contact: Contact, isSuccessor: Bool, at now: Moment) {
    let wasKnown = members.remove(contact)
    guard isSuccessor || (wasKnown && contact.id == stabilizer.successors.first?.id) else { return }
    spread(contact, isJoin: false, at: now)
  }

  private mutating func spread(_ contact: Contact, isJoin: Bool, at now: Moment) {
    guard isSmallRing, members.count > 1 else { return }
    news.add(
      News(contact: contact, isJoin: isJoin, span: members.count - 1),
      dueAt: now + configuration.eventBatch)
  }

  // MARK: News

  mutating func take(
    _ events: MembershipEvents, from sender: Contact, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    let due = now + configuration.eventBatch
    for contact in events.left where contact.id != own.id {
      if members.remove(contact), events.span > 0 {
        news.add(News(contact: contact, isJoin: false, span: events.span), dueAt: due)
      }
    }
    // Who is told of its own end lives, and says so.
    if events.left.contains(own) { spread(own, isJoin: true, at: now) }
    for contact in events.joined where contact.id != own.id {
      if isSmallRing, members.insert(contact), events.span > 0 {
        news.add(News(contact: contact, isJoin: true, span: events.span), dueAt: due)
      }
    }
    for contact in events.joined {
      hear(of: contact, isHint: events.span == 0, at: now, into: &effects)
    }
  }

  /// A node may belong between us and our successor. If it belongs elsewhere and was sent as a hint,
  /// it is passed on to where it belongs: so two rings that met become one.
  mutating func hear(
    of contact: Contact, isHint: Bool, at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard contact.id != own.id, !suspicion.isSuspected(contact.endpoint, at: now) else { return }
    let next = stabilizer.successors.first?.id ?? own.id
    if Identifier.between(own.id, contact.id, next) {
      if let step = stabilizer.consider(contact) { perform(step, at: now, into: &effects) }
    } else if isHint, !stabilizer.successors.contains(contact.id),
      let nearer = preceding(contact.id, most: 1, at: now).first
    {
      hint(of: contact, to: nearer, at: now, into: &effects)
    }
  }

  mutating func hint(
    of contact: Contact, to receiver: Contact, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let events = MembershipEvents(joined: [contact], left: [], span: 0)
    ask(receiver, .events(events), for: .news, at: now, into: &effects)
  }

  mutating func sendNews(at now: Moment, into effects: inout [ChordEffect]) {
    guard news.dueAt <= now else { return }
    for batch in news.takeBatches() {
      guard let receiver = members.member(batch.offset, behind: own.id), receiver.id != own.id
      else { continue }
      ask(receiver, .events(batch.events), for: .news, at: now, into: &effects)
    }
  }

  /// Whoever was to spread these is gone: the next one behind it does so instead.
  mutating func passOn(
    _ events: MembershipEvents, past contact: Contact, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard events.span > 0, let next = members.member(1, behind: contact.id), next.id != own.id
    else { return }
    var rest = events
    rest.span -= 1
    ask(next, .events(rest), for: .news, at: now, into: &effects)
  }

  // MARK: Other rings

  /// Looks this node up through one met long ago: after a partition, the other part gives another
  /// answer.
  mutating func seekOtherRings(at now: Moment, into effects: inout [ChordEffect]) {
    guard !remembered.contacts.isEmpty else { return }
    let contact = remembered.contacts[generator.below(remembered.contacts.count)]
    guard contact.id != own.id, !stabilizer.successors.contains(contact.id) else { return }
    look(up: own.id, for: .merge, via: [contact], at: now, into: &effects)
  }

  mutating func merge(
    _ outcome: LookupOutcome, at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard let other = outcome.owner, other.id != own.id, stabilizer.isMember else { return }
    hear(of: other, isHint: false, at: now, into: &effects)
    // There, nobody precedes the owner of our place as closely as we do.
    ask(other, .notify, for: .notification, at: now, into: &effects)
  }
}
