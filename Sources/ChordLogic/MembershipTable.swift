import ChordWire
import TorrentModel

/// The members of a ring that is known whole, in the order of the circle.
///
/// The invariant: sorted by identifier, none twice. A cache like the fingers: what it says is tried,
/// and taken back when it fails.
struct MembershipTable: Sendable {
  private(set) var contacts: [Contact] = []

  var count: Int { contacts.count }

  /// The first place whose identifier is not below `id`.
  func place(of id: Identifier) -> Int {
    var low = 0
    var high = contacts.count
    while low < high {
      let middle = (low + high) / 2
      if contacts[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func contains(_ contact: Contact) -> Bool {
    let place = place(of: contact.id)
    return place < contacts.count && contacts[place] == contact
  }

  /// - Returns: whether it is news.
  mutating func insert(_ contact: Contact) -> Bool {
    let place = place(of: contact.id)
    guard place == contacts.count || contacts[place].id != contact.id else {
      guard contacts[place] != contact else { return false }
      contacts[place] = contact
      return true
    }
    contacts.insert(contact, at: place)
    return true
  }

  /// - Returns: whether it was there.
  mutating func remove(_ contact: Contact) -> Bool {
    guard contains(contact) else { return false }
    contacts.remove(at: place(of: contact.id))
    return true
  }

  mutating func replace(with all: [Contact]) {
    contacts = []
    for contact in all.sorted(by: { $0.id < $1.id }) where contacts.last?.id != contact.id {
      contacts.append(contact)
    }
  }

  /// The members at and behind a key, at most `most`.
  func following(_ key: Identifier, most: Int) -> [Contact] {
    let start = place(of: key)
    return (0..<min(most, contacts.count)).map { contacts[(start + $0) % contacts.count] }
  }

  /// The members before a key, the nearest first, at most `most`.
  func preceding(_ key: Identifier, most: Int) -> [Contact] {
    let start = place(of: key)
    return (0..<min(most, contacts.count)).map {
      contacts[(start - 1 - $0 + contacts.count) % contacts.count]
    }
  }

  /// The member `offset` places behind the one at `id`.
  func member(_ offset: Int, behind id: Identifier) -> Contact? {
    guard !contacts.isEmpty else { return nil }
    let start = place(of: id)
    let isThere = start < contacts.count && contacts[start].id == id
    return contacts[(start + offset - (isThere ? 0 : 1)) % contacts.count]
  }

  /// The places of the members of an arc: one run, or two where it goes through the circle's start.
  private func places(in arc: Arc) -> (Range<Int>, Range<Int>) {
    let first = place(behind: arc.start)
    let end = place(behind: arc.end)
    return arc.start < arc.end
      ? (first..<end, 0..<0) : (first..<contacts.count, 0..<end)
  }

  /// The first place whose identifier is above `id`.
  private func place(behind id: Identifier) -> Int {
    let place = place(of: id)
    return place < contacts.count && contacts[place].id == id ? place + 1 : place
  }

  /// The members of an arc in its order. O(log n) and their number.
  func members(in arc: Arc) -> [Contact] {
    let (first, second) = places(in: arc)
    return Array(contacts[first] + contacts[second])
  }

  /// A digest that two tables share exactly when they hold the same members of an arc, but for
  /// accident: identifiers are hashes already, so their sum is as good.
  func sum(of arc: Arc) -> UInt64 {
    let (first, second) = places(in: arc)
    var sum: UInt64 = 0
    for place in first { sum &+= Self.mixed(contacts[place]) }
    for place in second { sum &+= Self.mixed(contacts[place]) }
    return sum
  }

  private static func mixed(_ contact: Contact) -> UInt64 {
    var word = contact.id.middle ^ UInt64(contact.id.high) << 32 ^ contact.id.low
    word ^= UInt64(contact.endpoint.port) &* 0x9E37_79B9_7F4A_7C15
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    return word ^ word >> 31
  }
}

extension Arc {
  /// The two halves of the arc.
  var halves: (Arc, Arc) {
    let length = start.distance(to: end)
    // The whole circle has the length of none; its half is 2^159.
    let half = length.logarithm == nil ? Identifier.power(159) : length.halved
    let middle = start.advanced(by: half)
    return (Arc(after: start, through: middle), Arc(after: middle, through: end))
  }
}
