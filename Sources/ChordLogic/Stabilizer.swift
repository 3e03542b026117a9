import ChordWire

/// A node's place in the ring and the steps that keep it: the protocol of Zave, "Reasoning about
/// identifier spaces: how to make Chord correct" (2017), without the messages.
///
/// The invariant: a node becomes a successor only in the step in which it was heard from, and the
/// list never grows shorter than it was, for a dead head goes only when a live one brings its own
/// list. While `status` is not idle nobody may read this state: the answer that is awaited changes
/// it, and what was read in between would be older than it looks.
struct Stabilizer: Sendable {
  enum Status: Hashable, Sendable {
    case idle
    /// Asking this one of the list for its state.
    case askingSuccessor(Contact)
    case askingCandidate(Contact)
    /// Asking whether the predecessor lives, because this node says it is one.
    case checkingPredecessor(for: Contact?)
  }

  /// What is to be done next.
  enum Step: Hashable, Sendable {
    case askSuccessor(Contact)
    case askCandidate(Contact)
    case ping(Contact)
    case notify(Contact)
    /// No successor answered.
    case orphaned
  }

  let own: Contact
  let rules: ChordRules
  let lengths: ClosedRange<Int>
  private(set) var successors: SuccessorList
  private(set) var predecessor: Contact?
  private(set) var status = Status.idle
  private(set) var isMember = false
  /// Who announced itself while the predecessor could not be looked after.
  private var waiting: Contact?
  /// Who may stand between this node and its successor, heard of while another step was under way.
  private var waitingCandidate: Contact?
  /// Successors that said goodbye: passed over, and gone with the next answer.
  private var departed: [Identifier] = []
  /// Successors asked since the round began: all but the last did not answer.
  private var asked: [Identifier] = []
  /// Successors that did not answer a ping since the round began: asked only when no other is left.
  private var silent: [Identifier] = []

  init(_ own: Contact, lengths: ClosedRange<Int>, rules: ChordRules) {
    self.own = own
    self.lengths = lengths
    self.rules = rules
    successors = SuccessorList(of: own.id)
  }

  var isBusy: Bool { status != .idle }

  /// The whole ring.
  var isAlone: Bool { isMember && successors.isEmpty }

  /// Nodes of the ring, as far as can be told from here.
  var ringSize: Int { successors.ringSize(length: length) }

  /// Successors to keep, for a ring of this size.
  var length: Int {
    let count = successors.count
    let size = successors.ringSize(length: min(count, lengths.upperBound))
    return SuccessorList.length(forRingOf: size, within: lengths)
  }

  func owns(_ key: Identifier) -> Bool {
    guard isMember else { return false }
    if successors.isEmpty { return true }
    guard let predecessor else { return false }
    return Arc(after: predecessor.id, through: own.id).contains(key)
  }

  // MARK: Coming and going

  /// The first node of a ring.
  mutating func found() {
    isMember = true
    successors = SuccessorList(of: own.id)
    predecessor = nil
  }

  /// Takes a place between `node` and the first of its successors, which came in one answer.
  ///
  /// - Returns: whether that is the place; otherwise nothing changed.
  mutating func join(behind node: Contact, successors list: [Contact]) -> Bool {
    guard let next = list.first, node.id != own.id, next.id != own.id,
      Identifier.between(node.id, own.id, next.id)
    else { return false }
    let tail = rules.joinersTakeLists ? Array(list.dropFirst()) : []
    successors = SuccessorList(of: own.id, head: next, then: tail, length: lengths.upperBound)
    trim()
    predecessor = node
    isMember = true
    status = .idle
    return true
  }

  mutating func leave() {
    isMember = false
    status = .idle
  }

  /// Takes a place by decree.
  mutating func set(predecessor: Contact, head: Contact, then tail: [Contact]) {
    adopt(head, then: tail)
    self.predecessor = predecessor
    isMember = true
  }

  // MARK: Stabilizing

  /// Begins a round, if nothing else is under way.
  mutating func begin() -> Step? {
    guard isMember, status == .idle else { return nil }
    guard !successors.isEmpty else {
      // Alone, the node is its own successor: whoever announced itself follows.
      guard let predecessor else { return nil }
      return consider(predecessor)
    }
    asked = []
    silent = []
    return askNext()
  }

  /// Turns to the nearest successor that may live.
  private mutating func askNext() -> Step {
    let left = unasked
    guard let next = left.first(where: { !silent.contains($0.id) }) ?? left.first else {
      status = .idle
      return .orphaned
    }
    asked.append(next.id)
    status = .askingSuccessor(next)
    return .askSuccessor(next)
  }

  private var unasked: [Contact] {
    successors.contacts.filter { !departed.contains($0.id) && !asked.contains($0.id) }
  }

  /// Those who come next should the successor that is being asked not answer.
  var nextToAsk: [Contact] {
    guard case .askingSuccessor = status else { return [] }
    return unasked.filter { !silent.contains($0.id) }
  }

  /// A successor did not answer a ping. It is passed over while others are left: if it lives all the
  /// same, the next one names it as its predecessor in the same round.
  mutating func fellSilent(_ id: Identifier) {
    if successors.contains(id), !silent.contains(id) { silent.append(id) }
  }

  mutating func spoke(_ id: Identifier) { silent.removeAll { $0 == id } }

  mutating func successorAnswered(
    predecessor candidate: Contact?, successors list: [Contact]
  ) -> Step? {
    guard case .askingSuccessor(let head) = status else { return nil }
    adopt(head, then: list)
    status = .idle
    guard let candidate else { return notification(of: head) }
    return consider(candidate) ?? notification(of: head)
  }

  mutating func successorFailed() -> Step? {
    guard case .askingSuccessor = status else { return nil }
    return askNext()
  }

  /// Turns to a node that may stand between this one and its successor.
  mutating func consider(_ candidate: Contact) -> Step? {
    let next = successors.first?.id ?? own.id
    guard isMember, candidate.id != own.id, Identifier.between(own.id, candidate.id, next) else {
      return nil
    }
    guard status == .idle else {
      waitingCandidate = candidate
      return nil
    }
    guard rules.candidatesAreAsked else {
      adopt(candidate, then: successors.contacts)
      return notification(of: candidate)
    }
    status = .askingCandidate(candidate)
    return .askCandidate(candidate)
  }

  mutating func candidateAnswered(successors list: [Contact]) -> Step? {
    guard case .askingCandidate(let candidate) = status else { return nil }
    status = .idle
    adopt(candidate, then: list)
    return notification(of: candidate)
  }

  mutating func candidateFailed() -> Step? {
    guard case .askingCandidate(let candidate) = status else { return nil }
    status = .idle
    if successors.isEmpty, predecessor?.id == candidate.id { predecessor = nil }
    return successors.first.flatMap { notification(of: $0) }
  }

  /// Whoever was asked is busy itself and will be for too long: it lives, and nothing changes.
  mutating func giveUp() { status = .idle }

  private mutating func adopt(_ head: Contact, then list: [Contact]) {
    successors = SuccessorList(
      of: own.id, head: head, then: list, length: lengths.upperBound)
    trim()
    departed = []
  }

  private mutating func trim() {
    guard let head = successors.first else { return }
    successors = SuccessorList(
      of: own.id, head: head, then: Array(successors.contacts.dropFirst()), length: length)
  }

  private func notification(of contact: Contact) -> Step? {
    rules.successorsAreNotified ? .notify(contact) : nil
  }

  // MARK: The predecessor

  /// `node` says that it precedes this one; it lives, for it speaks.
  mutating func notified(by node: Contact) -> Step? {
    guard isMember, node.id != own.id else { return nil }
    guard let current = predecessor else {
      predecessor = node
      return nil
    }
    if node.id == current.id || Identifier.between(current.id, node.id, own.id) {
      predecessor = node
      return nil
    }
    guard rules.predecessorsAreChecked else { return nil }
    guard status == .idle else {
      waiting = node
      return nil
    }
    status = .checkingPredecessor(for: node)
    return .ping(current)
  }

  /// Looks after the predecessor with nobody waiting for its place.
  mutating func checkPredecessor() -> Step? {
    guard isMember, status == .idle, rules.predecessorsAreChecked, let predecessor else {
      return nil
    }
    status = .checkingPredecessor(for: nil)
    return .ping(predecessor)
  }

  mutating func predecessorAnswered() {
    guard case .checkingPredecessor = status else { return }
    status = .idle
  }

  mutating func predecessorFailed() {
    guard case .checkingPredecessor(let node) = status else { return }
    status = .idle
    predecessor = node
  }

  /// Who announced itself while another step was under way and can be heard now.
  mutating func takeWaiting() -> Contact? {
    guard status == .idle, let node = waiting else { return nil }
    waiting = nil
    return node
  }

  /// Who was heard of while another step was under way and can be turned to now.
  mutating func takeWaitingCandidate() -> Contact? {
    guard status == .idle, let node = waitingCandidate else { return nil }
    waitingCandidate = nil
    return node
  }

  /// A neighbour says goodbye.
  ///
  /// - Returns: whether it was a successor: a round is due then.
  mutating func departs(_ id: Identifier) -> Bool {
    if predecessor?.id == id { predecessor = nil }
    guard successors.contains(id) else { return false }
    departed.append(id)
    return true
  }
}
