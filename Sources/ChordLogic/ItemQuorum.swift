public import ChordWire

/// How many keepers of an item have to be heard, so that neither those that lie or sleep nor a write
/// that has not come to all decide (Rodrigues and Liskov, "Rosebud: a scalable Byzantine-fault-tolerant
/// storage architecture", MIT-LCS-TR-932, 2003): of n = 3f + 1, a write is kept by 2f + 1 and a read
/// hears as many, so that of any two such sets f + 1 are the same nodes and one of these is honest.
public struct ItemQuorum: Hashable, Sendable {
  /// The owner of the key and those behind it.
  public let keepers: [Contact]
  /// Of how many the answer counts.
  public let needed: Int

  /// - Parameters:
  ///   - contacts: who keeps the key, the owner first; what is beyond 3f + 1 is left out, and in a ring
  ///     of fewer than four there is no room for liars.
  ///   - most: copies that the ring keeps.
  public init(of contacts: [Contact], most: Int = ChordConfiguration().copies) {
    var distinct: [Contact] = []
    for contact in contacts.prefix(most) where !distinct.contains(contact) {
      distinct.append(contact)
    }
    let faulty = max(0, (distinct.count - 1) / 3)
    keepers = Array(distinct.prefix(distinct.isEmpty ? 0 : 3 * faulty + 1))
    needed = 2 * faulty + 1
  }
}

/// What the keepers of an item say of it, weighed.
///
/// The invariant: `best` is an item of the target whose signature was checked, the newest of those
/// heard; each keeper is counted once.
public struct QuorumRead: Sendable {
  private enum Vote: Hashable, Sendable {
    case none
    /// Nothing that is valid; or an item with this sequence number, 0 where it has none.
    case answered(Int64?)
    case silent
  }

  public let target: Identifier
  public let quorum: ItemQuorum
  public private(set) var best: Item?
  private var votes: [Vote]
  private let verifier: any SignatureVerifier

  public init(_ target: Identifier, of quorum: ItemQuorum, verifier: any SignatureVerifier) {
    self.target = target
    self.quorum = quorum
    self.verifier = verifier
    votes = Array(repeating: .none, count: quorum.keepers.count)
  }

  /// A keeper answered with what it has.
  public mutating func take(_ item: Item?, from keeper: Contact) {
    guard let place = open(keeper) else { return }
    guard let item, isValid(item) else {
      votes[place] = .answered(nil)
      return
    }
    let sequence = item.signed?.sequence ?? 0
    votes[place] = .answered(sequence)
    if let known = best, known.signed?.sequence ?? 0 >= sequence { return }
    best = item
  }

  /// A keeper did not answer.
  public mutating func fail(_ keeper: Contact) {
    if let place = open(keeper) { votes[place] = .silent }
  }

  private func open(_ keeper: Contact) -> Int? {
    quorum.keepers.firstIndex(of: keeper).flatMap { votes[$0] == .none ? $0 : nil }
  }

  private func isValid(_ item: Item) -> Bool {
    guard item.target == target else { return false }
    guard let signed = item.signed, let bytes = item.signedBytes else { return true }
    return verifier.isValid(signed.signature, of: bytes, by: signed.key)
  }

  public var answerCount: Int {
    votes.count { if case .answered = $0 { true } else { false } }
  }

  /// Whether as many have answered as a quorum takes.
  public var isQuorum: Bool { !votes.isEmpty && answerCount >= quorum.needed }

  /// Whether nothing more has to be waited for: an immutable item proves itself.
  public var isDecided: Bool {
    if let best, best.signed == nil { return true }
    return isQuorum || !votes.contains(.none)
  }

  /// Keepers that have answered with something older than the newest, or with nothing: they are to be
  /// told of it.
  public var outdated: [Contact] {
    guard let best else { return [] }
    let newest = best.signed?.sequence ?? 0
    return quorum.keepers.indices.filter { place in
      guard case .answered(let sequence) = votes[place] else { return false }
      return sequence.map { $0 < newest } ?? true
    }.map { quorum.keepers[$0] }
  }
}

/// Which keepers have taken an item.
public struct QuorumWrite: Sendable {
  public let quorum: ItemQuorum
  private var taken: [Bool?]
  /// The first refusal, by the codes of BEP 44.
  public private(set) var refusal: ChordFailure?

  public init(to quorum: ItemQuorum) {
    self.quorum = quorum
    taken = Array(repeating: nil, count: quorum.keepers.count)
  }

  public mutating func take(_ keeper: Contact) { set(keeper, true) }

  public mutating func refuse(_ keeper: Contact, by failure: ChordFailure) {
    set(keeper, false)
    if refusal == nil { refusal = failure }
  }

  private mutating func set(_ keeper: Contact, _ isTaken: Bool) {
    guard let place = quorum.keepers.firstIndex(of: keeper), taken[place] == nil else { return }
    taken[place] = isTaken
  }

  public var takenCount: Int { taken.count { $0 == true } }

  /// Whether as many keep the item as a quorum takes.
  public var isKept: Bool { !taken.isEmpty && takenCount >= quorum.needed }

  /// Whether every keeper has answered, or been given up.
  public var isOver: Bool { !taken.contains(nil) }
}
