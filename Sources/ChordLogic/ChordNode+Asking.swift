import ChordWire
import DeterministicCore
import TorrentModel

/// Queries on their way out, and what becomes of them.
extension ChordNode {
  mutating func ask(
    _ contact: Contact, _ query: ChordQuery, for purpose: Purpose, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    ask(
      contact.endpoint, contact.id, query, for: purpose, at: now, into: &effects)
  }

  mutating func ask(
    _ endpoint: Endpoint, _ receiver: Identifier?, _ query: ChordQuery, for purpose: Purpose,
    at now: Moment, into effects: inout [ChordEffect]
  ) {
    var transaction = UInt32(truncatingIfNeeded: generator.next())
    while pending.hasTransaction(transaction) { transaction &+= 1 }
    let attempts =
      switch purpose {
      // A lookup has other nodes to ask; the ring's own steps do not.
      case .lookup, .neighbours, .fingerCheck, .memberCheck, .successorCheck, .call: 1
      default: configuration.mostAttempts
      }
    let wait =
      switch purpose {
      // Known when the successor that is waited for meanwhile is given up.
      case .successorCheck: configuration.retransmission * max(1, configuration.mostAttempts - 2)
      default: attempts == 1 ? configuration.retransmission * 3 : configuration.retransmission
      }
    let pendingQuery = PendingQuery(
      transaction: transaction, receiver: receiver, endpoint: endpoint, query: query,
      purpose: purpose, sentAt: now, deadline: now + wait, attemptsLeft: attempts - 1)
    pending.add(pendingQuery)
    send(pendingQuery, into: &effects)
  }

  private mutating func send(_ query: PendingQuery, into effects: inout [ChordEffect]) {
    let token = query.token ?? shownTokens.token(for: query.endpoint)
    let head = QueryHead(from: own.id, to: query.receiver, token: token)
    var message = ChordMessage(
      transaction: query.transaction, ring: ring, body: .query(query.query, head))
    message.isReadOnly = !stabilizer.isMember
    if reachability.isSought { reachability.speaks(to: query.endpoint.address, at: query.sentAt) }
    effects.append(.send(message, to: query.endpoint))
  }

  mutating func expire(
    _ query: PendingQuery, at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard query.attemptsLeft > 0, !query.wasBusy else {
      if query.wasBusy, isForStabilizer(query.purpose) {
        stabilizer.giveUp()
        stepEnded(at: now, into: &effects)
      } else {
        fail(query, at: now, into: &effects)
      }
      return
    }
    var again = query
    again.attemptsLeft -= 1
    again.deadline = now + configuration.retransmission
    again.sentAt = now
    pending.add(again)
    send(again, into: &effects)
    if query.purpose == .successorState { probeSuccessors(at: now, into: &effects) }
  }

  /// The successor lets itself be waited for. Those behind it are pinged meanwhile, so that of many
  /// that are gone at once not each has to be waited for.
  private mutating func probeSuccessors(at now: Moment, into effects: inout [ChordEffect]) {
    for contact in stabilizer.nextToAsk.prefix(configuration.copies) {
      let isUnderWay = pending.queries.contains {
        $0.purpose == .successorCheck && $0.receiver == contact.id
      }
      if !isUnderWay { ask(contact, .ping, for: .successorCheck, at: now, into: &effects) }
    }
  }

  private func isForStabilizer(_ purpose: Purpose) -> Bool {
    switch purpose {
    case .successorState, .candidateState, .predecessorCheck: true
    default: false
    }
  }

  /// An error came back instead of an answer.
  mutating func refuse(
    _ failure: ChordFailure, _ transaction: UInt32, from endpoint: Endpoint, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    guard let place = pending.find(transaction, from: endpoint) else { return }
    suspicion.clear(endpoint)
    if failure.code == .busy {
      pending.update(at: place) {
        $0.wasBusy = true
        $0.deadline = now + configuration.busyPatience
      }
      return
    }
    var query = pending.remove(at: place)
    if failure.code == .tokenRequired, let token = failure.token, query.token == nil {
      // One given for a key serves no other query.
      if query.query.proof == .address { shownTokens.keep(token, from: endpoint) }
      query.token = token
      query.deadline = now + configuration.retransmission
      pending.add(query)
      send(query, into: &effects)
      return
    }
    switch query.purpose {
    case .lookup(let number, let isConfirming):
      guard let contact = query.contact, failure.code == .notOwner else { break }
      update(lookup: number) {
        $0.refused(
          by: Lookup.Probe(contact: contact, isConfirming: isConfirming), predecessor: failure.node)
      }
      advanceLookups(at: now, into: &effects)
      return
    case .client(let number):
      effects.append(.answered(number, .failure(failure)))
      return
    default: break
    }
    // Whoever answers so lives, but not as a member of the ring: to the ring it is gone.
    fail(query, at: now, into: &effects)
  }

  /// No answer came, in any of the attempts.
  mutating func fail(
    _ query: PendingQuery, at now: Moment, into effects: inout [ChordEffect]
  ) {
    if let contact = query.contact {
      suspicion.suspect(contact.endpoint, until: now + configuration.suspicion, at: now)
      fingers.remove(contact)
      noteFailure(of: contact, isSuccessor: query.purpose == .successorState, at: now)
      effects.append(.report(.failed(contact)))
      // The ring's own steps find out whether it is gone.
      if contact.id == stabilizer.successors.first?.id { checkSuccessor(at: now, into: &effects) }
    }
    switch query.purpose {
    case .join: joinFailed(at: now, into: &effects)
    case .successorState:
      perform(stabilizer.successorFailed(), at: now, into: &effects)
    case .candidateState:
      perform(stabilizer.candidateFailed(), at: now, into: &effects)
    case .predecessorCheck:
      stabilizer.predecessorFailed()
      stepEnded(at: now, into: &effects)
    case .lookup(let number, let isConfirming):
      update(lookup: number) { lookup in
        if let contact = query.contact {
          lookup.failed(Lookup.Probe(contact: contact, isConfirming: isConfirming))
        }
      }
      advanceLookups(at: now, into: &effects)
    case .client(let number):
      effects.append(.answered(number, .failure(ChordFailure(.generic, "no answer"))))
    case .pull(let arc): pullFailed(arc, at: now, into: &effects)
    case .successorCheck:
      if let contact = query.contact { stabilizer.fellSilent(contact.id) }
    case .news:
      if case .events(let events) = query.query, let contact = query.contact {
        passOn(events, past: contact, at: now, into: &effects)
      }
    case .predecessorOffer, .notification, .neighbours, .fingerCheck, .memberCheck, .comparison,
      .push, .reach,
      .call:
      break
    }
  }

  /// An answer has come.
  mutating func take(
    _ reply: ChordReply, to query: PendingQuery, from contact: Contact, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    switch (query.purpose, reply) {
    case (.join, .state(let predecessor, let successors)):
      join(
        behind: contact, predecessor: predecessor, successors, at: now, into: &effects)
    case (.successorState, .state(let predecessor, let successors)):
      let step = stabilizer.successorAnswered(predecessor: predecessor, successors: successors)
      perform(step, at: now, into: &effects)
    case (.candidateState, .state(_, let successors)):
      let displaced = stabilizer.successors.first
      perform(stabilizer.candidateAnswered(successors: successors), at: now, into: &effects)
      // A candidate out of another ring does not know who it stands before.
      if let displaced, !successors.contains(where: { $0.id == displaced.id }),
        displaced.id != contact.id
      {
        hint(of: displaced, to: contact, at: now, into: &effects)
      }
    case (.predecessorCheck, _):
      stabilizer.predecessorAnswered()
      stepEnded(at: now, into: &effects)
    case (.successorCheck, _): stabilizer.spoke(contact.id)
    case (.predecessorOffer, _):
      notified(by: contact, at: now, into: &effects)
    case (.lookup(let number, let isConfirming), .next(let hop)):
      take(
        hop, from: Lookup.Probe(contact: query.contact ?? contact, isConfirming: isConfirming),
        for: number, at: now, into: &effects)
    case (.neighbours(let number), .state(_, let successors)):
      update(lookup: number) { $0.takeNeighbours(successors, of: contact) }
      advanceLookups(at: now, into: &effects)
    case (.comparison(let arc), .members(let answer)):
      take(answer, to: arc, from: contact, at: now, into: &effects)
    case (.pull(let arc), .records(let page, let cursor)):
      take(page, cursor: cursor, of: arc, from: contact, at: now, into: &effects)
    case (.memberCheck, _):
      if isSmallRing { _ = members.insert(contact) }
    case (.client(let number), _):
      effects.append(.answered(number, .success(reply)))
    default: break
    }
  }

  /// A node that was heard from: it may serve as a finger, and be remembered.
  mutating func meet(_ contact: Contact, latency: TimeSpan?, at now: Moment) {
    guard contact.id != own.id else { return }
    fingers.offer(contact, latency: latency)
    remembered.note(contact)
  }
}
