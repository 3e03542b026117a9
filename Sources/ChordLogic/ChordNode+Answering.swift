import ChordWire
import DeterministicCore
import TorrentModel

/// A state query whose answer has to wait.
struct DeferredQuery: Sendable {
  var transaction: UInt32
  var endpoint: Endpoint
}

/// Queries of other nodes.
extension ChordNode {
  mutating func answer(
    _ query: ChordQuery, _ head: QueryHead, _ transaction: UInt32, from endpoint: Endpoint,
    isReadOnly: Bool, at now: Moment, into effects: inout [ChordEffect]
  ) {
    guard head.receiver == nil || head.receiver == own.id else {
      reject(.generic, "no such node here", transaction, endpoint, into: &effects)
      return
    }
    if case .ping = query {
      reply(.ping, transaction, to: endpoint, into: &effects)
      return
    }
    // To the ring, who has not joined is not there: it must not be taken for a successor.
    guard stabilizer.isMember else {
      reject(.generic, "no member of the ring", transaction, endpoint, into: &effects)
      return
    }
    let sender = Contact(head.sender, endpoint)
    switch query {
    case .ping: break
    case .state: answerState(transaction, to: endpoint, into: &effects)
    case .next(let request): answer(request, transaction, to: endpoint, at: now, into: &effects)
    case .notify:
      reply(.notify, transaction, to: endpoint, into: &effects)
      // A leaf belongs in nobody's tables (BEP 43).
      if !isReadOnly { notified(by: sender, at: now, into: &effects) }
    case .reach(nil):
      reply(.reach, transaction, to: endpoint, into: &effects)
      haveCalled(endpoint, at: now, into: &effects)
    case .reach(let caller?):
      reply(.reach, transaction, to: endpoint, into: &effects)
      if !isReadOnly { call(caller, at: now, into: &effects) }
    case .leave(let predecessor, _):
      reply(.leave, transaction, to: endpoint, into: &effects)
      departed(sender, predecessor: predecessor, at: now, into: &effects)
    case .events(let events):
      reply(.eventsTaken, transaction, to: endpoint, into: &effects)
      if !isReadOnly { take(events, from: sender, at: now, into: &effects) }
    case .members(let sum):
      reply(.members(compare(sum)), transaction, to: endpoint, into: &effects)
    case .certificate:
      reject(.badCertificate, "an open ring", transaction, endpoint, into: &effects)
    case .pullRecords(let request):
      let (page, cursor) = records.page(request, at: now)
      reply(.records(page, cursor: cursor), transaction, to: endpoint, into: &effects)
    case .pushRecords(let copies):
      answerPush(copies, from: sender, transaction, at: now, into: &effects)
    case .getPeers, .announcePeer, .get, .put, .putKeyword, .getKeyword:
      answerRecords(query, transaction, from: endpoint, at: now, into: &effects)
    }
  }

  mutating func reply(
    _ reply: ChordReply, _ transaction: UInt32, to endpoint: Endpoint,
    into effects: inout [ChordEffect]
  ) {
    respond(.reply(reply, ReplyHead(from: own.id)), transaction, endpoint, into: &effects)
  }

  mutating func reject(
    _ code: ChordFailure.Code, _ text: String = "", node: Contact? = nil, _ transaction: UInt32,
    _ endpoint: Endpoint, into effects: inout [ChordEffect]
  ) {
    respond(
      .failure(ChordFailure(code, text, node: node)), transaction, endpoint, into: &effects)
  }

  private func respond(
    _ body: ChordMessage.Body, _ transaction: UInt32, _ endpoint: Endpoint,
    into effects: inout [ChordEffect]
  ) {
    var message = ChordMessage(transaction: transaction, ring: ring, body: body)
    message.observed = endpoint
    effects.append(.send(message, to: endpoint))
  }

  // MARK: State

  private mutating func answerState(
    _ transaction: UInt32, to endpoint: Endpoint, into effects: inout [ChordEffect]
  ) {
    guard stabilizer.isBusy, rules.waitersAreBusy else {
      replyState(transaction, to: endpoint, into: &effects)
      return
    }
    reject(.busy, "", transaction, endpoint, into: &effects)
    let isKnown = deferred.contains {
      $0.transaction == transaction && $0.endpoint == endpoint
    }
    if !isKnown, deferred.count < Self.mostDeferred {
      deferred.append(DeferredQuery(transaction: transaction, endpoint: endpoint))
    }
  }

  private mutating func replyState(
    _ transaction: UInt32, to endpoint: Endpoint, into effects: inout [ChordEffect]
  ) {
    // Alone, a node is its own successor.
    let successors = stabilizer.isAlone ? [own] : stabilizer.successors.contacts
    reply(
      .state(
        predecessor: stabilizer.predecessor,
        successors: Self.fitting(successors, beside: stabilizer.predecessor)),
      transaction, to: endpoint, into: &effects)
  }

  /// As many successors as a datagram holds: those of IPv6 take more room.
  static func fitting(
    _ successors: [Contact], beside predecessor: Contact?, room most: Int = mostContactBytes
  ) -> [Contact] {
    var room = most - (predecessor?.compactLength ?? 0)
    return Array(
      successors.prefix { contact in
        room -= contact.compactLength
        return room >= 0
      })
  }

  /// A datagram less what stands around the contacts.
  static let mostContactBytes = ChordMessage.longest - 160
  /// A step of a lookup is answered to anybody, and so by less than three times its length.
  private static let mostBytesOfHop = 210

  /// A step is done: whoever waited for the state gets it.
  mutating func answerDeferred(into effects: inout [ChordEffect]) {
    guard !stabilizer.isBusy, !deferred.isEmpty else { return }
    let waiting = deferred
    deferred = []
    for query in waiting { replyState(query.transaction, to: query.endpoint, into: &effects) }
  }

  // MARK: The way to a key

  private mutating func answer(
    _ request: NextRequest, _ transaction: UInt32, to endpoint: Endpoint, at now: Moment,
    into effects: inout [ChordEffect]
  ) {
    let target = request.target
    let successors = stabilizer.successors.contacts
    if stabilizer.owns(target) {
      let copies = Self.fitting(
        Array(successors.prefix(configuration.copies)), beside: nil, room: Self.mostBytesOfHop)
      reply(.next(.owner(successors: copies)), transaction, to: endpoint, into: &effects)
    } else if request.isConfirming {
      reject(.notOwner, node: stabilizer.predecessor, transaction, endpoint, into: &effects)
      checkPredecessor(at: now, into: &effects)
    } else if let owners = self.successors(from: target, at: now) {
      let named = Self.fitting(
        Array(owners.prefix(configuration.copies)), beside: nil, room: Self.mostBytesOfHop)
      reply(.next(.predecessor(successors: named)), transaction, to: endpoint, into: &effects)
      if leads(by: owners.first, at: now) { checkSuccessor(at: now, into: &effects) }
    } else {
      let closer = preceding(target, most: NextHop.mostCloser, at: now)
      reply(.next(.closer(closer)), transaction, to: endpoint, into: &effects)
      if leads(by: closer.first, at: now) { checkSuccessor(at: now, into: &effects) }
    }
  }

  /// Whether a lookup that was told of this node depends on the successor, or on its having gone.
  private func leads(by contact: Contact?, at now: Moment) -> Bool {
    guard let next = stabilizer.successors.first else { return false }
    return contact?.id == next.id || suspicion.isSuspected(next.endpoint, at: now)
  }

  /// The successors at and behind a key that the successor list reaches, those that failed lately left
  /// out where others are there; nil for a key that lies elsewhere.
  func successors(from target: Identifier, at now: Moment) -> [Contact]? {
    let all = stabilizer.successors.contacts
    guard let last = all.last, Arc(after: own.id, through: last.id).contains(target) else {
      return nil
    }
    let behind = Array(all.drop { Identifier.between(own.id, $0.id, target) })
    let living = behind.filter { !suspicion.isSuspected($0.endpoint, at: now) }
    return living.isEmpty ? behind : living
  }

  /// The nodes known here that precede a key, nearest first.
  func preceding(_ target: Identifier, most: Int, at now: Moment) -> [Contact] {
    var found: [Contact] = []
    func offer(_ contact: Contact) -> Bool {
      guard Identifier.between(own.id, contact.id, target),
        !suspicion.isSuspected(contact.endpoint, at: now)
      else { return false }
      if !found.contains(where: { $0.id == contact.id }) { found.append(contact) }
      return true
    }
    if knowsWholeRing {
      for contact in members.preceding(target, most: most + 2) { _ = offer(contact) }
    }
    for contact in fingers.preceding(target, most: most) { _ = offer(contact) }
    // Those nearest to the key are the last that precede it.
    var count = 0
    for contact in stabilizer.successors.contacts.reversed() where count < most {
      if offer(contact) { count += 1 }
    }
    return Array(
      found.sorted { $0.id.distance(to: target) < $1.id.distance(to: target) }.prefix(most))
  }

  /// A lookup goes by way of the successor: if it is gone, it had better be found out before the next
  /// one does, and not only in the next round.
  mutating func checkSuccessor(at now: Moment, into effects: inout [ChordEffect]) {
    guard now - stabilizedAt > configuration.retransmission * 5 else { return }
    stabilizedAt = now
    perform(stabilizer.begin(), at: now, into: &effects)
  }

  /// Somebody took this node for an owner it is not: perhaps because its predecessor is gone.
  private mutating func checkPredecessor(at now: Moment, into effects: inout [ChordEffect]) {
    guard now - checkedPredecessorAt > configuration.retransmission * 5 else { return }
    checkedPredecessorAt = now
    perform(stabilizer.checkPredecessor(), at: now, into: &effects)
  }
}
