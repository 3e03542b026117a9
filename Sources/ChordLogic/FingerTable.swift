import ChordWire
import DeterministicCore

/// Nodes at ever doubled distances: one for each interval [2^i, 2^(i+1)) behind its owner, the
/// nearest in time of those met (proximity choice; Dabek et al., "Designing a DHT for low latency and
/// high throughput", 2004).
///
/// Fingers are a cache: they make lookups short and never decide whose a key is.
///
/// The invariant: in the order of their intervals, the farthest first, and none twice. In a ring of n
/// nodes about log n of the 160 intervals have one.
struct FingerTable: Sendable {
  struct Finger: Sendable {
    let interval: Int
    var contact: Contact
    /// Round trip; nil until measured.
    var latency: TimeSpan?
    /// Whether several candidates of the interval were asked, so that this is the nearest of them.
    var isChosen = false
  }

  let owner: Identifier
  private var fingers: [Finger] = []

  init(of owner: Identifier) { self.owner = owner }

  /// The interval a node belongs to; nil for the owner itself.
  func interval(of id: Identifier) -> Int? { owner.distance(to: id).logarithm }

  subscript(interval: Int) -> Finger? {
    let place = place(of: interval)
    return isFilled(place, interval) ? fingers[place] : nil
  }

  /// The contacts, farthest first.
  var contacts: [Contact] { fingers.map(\.contact) }

  /// The first place whose interval is not farther.
  private func place(of interval: Int) -> Int {
    var place = 0
    while place < fingers.count, fingers[place].interval > interval { place += 1 }
    return place
  }

  private func isFilled(_ place: Int, _ interval: Int) -> Bool {
    place < fingers.count && fingers[place].interval == interval
  }

  /// Takes a node that was heard from, if the interval has none, or this one is clearly nearer: a
  /// hair's breadth is not worth a change.
  mutating func offer(_ contact: Contact, latency: TimeSpan?) {
    guard let interval = interval(of: contact.id) else { return }
    let finger = Finger(interval: interval, contact: contact, latency: latency)
    let place = place(of: interval)
    guard isFilled(place, interval) else {
      fingers.insert(finger, at: place)
      return
    }
    let known = fingers[place].latency
    if fingers[place].contact == contact {
      if let latency { fingers[place].latency = latency }
    } else if let latency, latency * 5 < (known ?? latency * 10) * 4 {
      let isChosen = fingers[place].isChosen
      fingers[place] = finger
      fingers[place].isChosen = isChosen
    }
  }

  /// The candidates of an interval are being asked, and whoever answers is offered.
  mutating func noteChoice(in interval: Int) {
    let place = place(of: interval)
    if isFilled(place, interval) { fingers[place].isChosen = true }
  }

  mutating func remove(_ contact: Contact) {
    guard let interval = interval(of: contact.id) else { return }
    let place = place(of: interval)
    guard isFilled(place, interval), fingers[place].contact == contact else { return }
    fingers.remove(at: place)
  }

  /// The fingers that precede `target`, nearest to it first.
  func preceding(_ target: Identifier, most: Int) -> [Contact] {
    var found: [Contact] = []
    for finger in fingers {
      guard found.count < most else { break }
      guard Identifier.between(owner, finger.contact.id, target) else { continue }
      found.append(finger.contact)
    }
    return found
  }
}
