import ChordWire
import DeterministicCore
import TorrentModel

/// The ring's own steps: joining, stabilizing, notifying, leaving.
extension ChordNode {
  mutating func start(
    via endpoints: [Endpoint], at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard !stabilizer.isMember else { return }
    guard !endpoints.isEmpty else {
      stabilizer.found()
      becomeMember(at: now)
      return
    }
    phase = .joining(via: endpoints)
    beginJoin(at: now, into: &effects)
  }

  mutating func attach(via endpoints: [Endpoint], at now: Moment) {
    guard !stabilizer.isMember else { return }
    phase = .leaf(via: endpoints)
    beginProving(at: now)
  }

  // MARK: Joining

  private mutating func beginJoin(at now: Moment, into effects: inout [ChordEffect]) {
    joinRetryAt = .distantFuture
    joinAttempts += 1
    look(up: own.id, for: .join, at: now, into: &effects)
  }

  mutating func retryJoin(at now: Moment, into effects: inout [ChordEffect]) {
    guard case .joining = phase else {
      joinRetryAt = .distantFuture
      return
    }
    beginJoin(at: now, into: &effects)
  }

  mutating func joinFailed(at now: Moment, into effects: inout [ChordEffect]) {
    guard case .joining(let known) = phase else { return }
    lookups.removeAll { $0.purpose == .join }
    // Those it was told of may go before it has found its place; it has met others on the way.
    let met = remembered.contacts.map(\.endpoint).filter {
      !known.contains($0) && $0 != own.endpoint
    }
    phase = .joining(via: known + met.prefix(max(0, Self.mostEntrances - known.count)))
    effects.append(.report(.joinFailed))
    // The wait grows with every try, up to half a minute.
    joinRetryAt = now + Self.joinRetry * min(joinAttempts, 15)
  }

  /// The way to our place has come to its end: the owner of our identifier is to be our successor,
  /// and its predecessor ours.
  mutating func joinFound(
    _ outcome: LookupOutcome, at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard case .joining = phase else { return }
    guard let owner = outcome.owner else {
      joinFailed(at: now, into: &effects)
      return
    }
    ask(owner, .state, for: .join, at: now, into: &effects)
  }

  mutating func join(
    behind contact: Contact, predecessor: Contact?, _ successors: [Contact], at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard case .joining = phase else { return }
    if stabilizer.join(behind: contact, successors: successors) {
      effects.append(.report(.joined(behind: contact)))
      becomeMember(at: now)
      nextRound = now
      // It will ask us for our successors before it believes that we are there.
      hint(of: own, to: contact, at: now, into: &effects)
      pullRecords(at: now, into: &effects)
      comparing = MembershipComparison()
      compareMembers(at: now, into: &effects)
      beginRound(at: now, into: &effects)
    } else if let predecessor, Identifier.between(predecessor.id, own.id, contact.id),
      predecessor.id != own.id
    {
      ask(predecessor, .state, for: .join, at: now, into: &effects)
    } else if let next = successors.last(where: { Identifier.between(contact.id, $0.id, own.id) }) {
      // Newcomers stand in between.
      ask(next, .state, for: .join, at: now, into: &effects)
    } else {
      joinFailed(at: now, into: &effects)
    }
  }

  mutating func becomeMember(at now: Moment) {
    phase = .member
    joinAttempts = 0
    lookups.removeAll { $0.purpose == .join }
    scheduleRound(at: now)
    deferComparison(at: now)
    _ = members.insert(own)
  }

  // MARK: Rounds

  /// A neighbour changed: others may not have found their places yet.
  mutating func quicken(at now: Moment) {
    guard phase == .member, let quickest = configuration.quickestRound else { return }
    haste = quickest
    nextRound = min(nextRound, now + quickest)
  }

  private mutating func scheduleRound(at now: Moment) {
    if let wait = haste, wait < min(configuration.shortestRound, configuration.longestHaste) {
      haste = wait * 2
      nextRound = now + .seconds(wait.seconds * (0.75 + 0.5 * generator.fraction()))
      return
    }
    haste = nil
    let spread = configuration.longestRound.seconds - configuration.shortestRound.seconds
    nextRound = now + configuration.shortestRound + .seconds(spread * generator.fraction())
  }

  mutating func beginRound(at now: Moment, into effects: inout [ChordEffect]) {
    guard phase == .member else {
      nextRound = .distantFuture
      return
    }
    scheduleRound(at: now)
    stabilizedAt = now
    perform(stabilizer.begin(), at: now, into: &effects)
    replicate(at: now, into: &effects)
    keepUp(at: now, into: &effects)
  }

  /// What is done at the usual pace, however often the neighbours are looked at meanwhile.
  private mutating func keepUp(at now: Moment, into effects: inout [ChordEffect]) {
    guard upkeepDue <= now else { return }
    upkeepDue = now + configuration.shortestRound
    roundCount += 1
    refreshFinger(at: now, into: &effects)
    records.expire(at: now)
    if isSmallRing, members.count * 2 < stabilizer.ringSize { comparing.hasten(at: now) }
    if roundCount.isMultiple(of: configuration.roundsBetweenMerges) {
      seekOtherRings(at: now, into: &effects)
    }
  }

  /// Carries out what the stabilizer wants.
  mutating func perform(
    _ step: Stabilizer.Step?, at now: Moment, into effects: inout [ChordEffect]
  ) {
    switch step {
    case nil: break
    case .askSuccessor(let contact):
      ask(contact, .state, for: .successorState, at: now, into: &effects)
    case .askCandidate(let contact):
      ask(contact, .state, for: .candidateState, at: now, into: &effects)
    case .ping(let contact):
      ask(contact, .ping, for: .predecessorCheck, at: now, into: &effects)
    case .notify(let contact):
      ask(contact, .notify, for: .notification, at: now, into: &effects)
    case .orphaned:
      orphaned(at: now, into: &effects)
    }
    stepEnded(at: now, into: &effects)
  }

  /// Whatever waited for the step that is over gets its turn.
  mutating func stepEnded(at now: Moment, into effects: inout [ChordEffect]) {
    guard !stabilizer.isBusy else { return }
    answerDeferred(into: &effects)
    noteNeighbours(at: now, into: &effects)
    if let waiting = stabilizer.takeWaiting() { notified(by: waiting, at: now, into: &effects) }
    if let candidate = stabilizer.takeWaitingCandidate(),
      let step = stabilizer.consider(candidate)
    {
      perform(step, at: now, into: &effects)
    }
  }

  mutating func notified(
    by contact: Contact, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let before = stabilizer.predecessor
    let step = stabilizer.notified(by: contact)
    if stabilizer.predecessor != before {
      effects.append(.report(.predecessorChanged(stabilizer.predecessor)))
      quicken(at: now)
    }
    if let step { perform(step, at: now, into: &effects) }
  }

  /// All successors failed. In a ring that the list held whole, everybody is gone; in a larger one
  /// only our place is lost, and there are others to join by.
  private mutating func orphaned(at now: Moment, into effects: inout [ChordEffect]) {
    effects.append(.report(.orphaned))
    let known = remembered.contacts.map(\.endpoint) + members.contacts.prefix(64).map(\.endpoint)
    let wasWhole = stabilizer.successors.count < stabilizer.length
    let others = known.filter {
      $0 != own.endpoint && !suspicion.isSuspected($0, at: now)
    }
    stabilizer.leave()
    if wasWhole, others.isEmpty {
      stabilizer.found()
      becomeMember(at: now)
    } else {
      phase = .joining(via: others.isEmpty ? known : others)
      joinRetryAt = now + Self.joinRetry
    }
  }

  // MARK: Leaving

  mutating func leave(at now: Moment, into effects: inout [ChordEffect]) {
    guard phase == .member else {
      phase = .left
      return
    }
    handOver(at: now, into: &effects)
    let query = ChordQuery.leave(
      predecessor: stabilizer.predecessor,
      successors: Self.fitting(stabilizer.successors.contacts, beside: stabilizer.predecessor))
    // Both neighbours are told as well as a datagram can; nobody waits for their answers.
    for contact in [stabilizer.successors.first, stabilizer.predecessor].compactMap(\.self) {
      ask(contact, query, for: .push, at: now, into: &effects)
    }
    stabilizer.leave()
    phase = .left
    nextRound = .distantFuture
    comparing.stop()
    lookups = []
    effects.append(.report(.left))
  }

  mutating func departed(
    _ contact: Contact, predecessor: Contact?, at now: Moment, into effects: inout [ChordEffect]
  ) {
    let wasPredecessor = stabilizer.predecessor?.id == contact.id
    let wasSuccessor = stabilizer.departs(contact.id)
    fingers.remove(contact)
    noteFailure(of: contact, isSuccessor: false, at: now)
    if wasPredecessor, let predecessor, predecessor.id != own.id {
      ask(predecessor, .ping, for: .predecessorOffer, at: now, into: &effects)
    }
    if wasSuccessor { perform(stabilizer.begin(), at: now, into: &effects) }
  }
}
