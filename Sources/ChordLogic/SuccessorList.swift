public import ChordWire

/// The nodes that follow a node on the circle, nearest first.
///
/// The invariant: they stand in the order of their distance from the owner of the list, no node
/// twice and the owner never; so a list that comes round to its owner ends there.
public struct SuccessorList: Hashable, Sendable {
  public let owner: Identifier
  public private(set) var contacts: [Contact] = []

  init(of owner: Identifier) { self.owner = owner }

  public var first: Contact? { contacts.first }
  public var isEmpty: Bool { contacts.isEmpty }
  public var count: Int { contacts.count }

  func contains(_ id: Identifier) -> Bool { contacts.contains { $0.id == id } }

  /// The list that begins with `head` and goes on with what `head` says of its successors, at most
  /// `length` nodes. What does not lie between `head` and the owner is another's business, or a lie.
  init(of owner: Identifier, head: Contact, then tail: [Contact], length: Int) {
    self.owner = owner
    guard head.id != owner, length > 0 else { return }
    let following = tail.filter { Identifier.between(head.id, $0.id, owner) && $0.id != head.id }
    contacts = [head]
    for contact in Self.sorted(following, from: head.id)
    where contacts.count < length && contact.id != contacts[contacts.count - 1].id {
      contacts.append(contact)
    }
  }

  /// By distance from `start`: the order got lost where addresses of both families stood in a list.
  static func sorted(_ contacts: [Contact], from start: Identifier) -> [Contact] {
    var isSorted = true
    for (left, right) in zip(contacts, contacts.dropFirst())
    where start.distance(to: right.id) < start.distance(to: left.id) {
      isSorted = false
      break
    }
    if isSorted { return contacts }
    return contacts.sorted { start.distance(to: $0.id) < start.distance(to: $1.id) }
  }

  mutating func remove(_ id: Identifier) { contacts.removeAll { $0.id == id } }

  /// How many nodes the ring has, from how densely these stand; exact once the list comes round.
  ///
  /// - Parameter length: what the list would hold if the ring were larger.
  func ringSize(length: Int) -> Int {
    guard let last = contacts.last, contacts.count >= length else { return contacts.count + 1 }
    let part = owner.distance(to: last.id).fraction
    guard part > 0 else { return Int(Int32.max) }
    return max(contacts.count + 1, Int(min(Double(contacts.count) / part, Double(Int32.max))))
  }

  /// 2⌈log₂ n⌉: with half of all nodes gone at once, a list is wiped out with probability 1/n²
  /// (Stoica et al., ToN 2003, theorem 5).
  static func length(forRingOf size: Int, within bounds: ClosedRange<Int>) -> Int {
    let logarithm = size <= 1 ? 0 : Int.bitWidth - (size - 1).leadingZeroBitCount
    return min(max(2 * logarithm, bounds.lowerBound), bounds.upperBound)
  }
}
