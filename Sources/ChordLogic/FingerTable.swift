import ChordWire
import DeterministicCore

/// Nodes at ever doubled distances: one for each interval [2^i, 2^(i+1)) behind its owner, the
/// nearest in time of those met (proximity choice; Dabek et al., "Designing a DHT for low latency and
/// high throughput", 2004).
///
/// Fingers are a cache: they make lookups short and never decide whose a key is.
struct FingerTable: Sendable {
  struct Finger: Sendable {
    var contact: Contact
    /// Round trip; nil until measured.
    var latency: TimeSpan?
  }

  let owner: Identifier
  private var fingers: [Finger?] = Array(repeating: nil, count: 160)

  init(of owner: Identifier) { self.owner = owner }

  /// The interval a node belongs to; nil for the owner itself.
  func interval(of id: Identifier) -> Int? { owner.distance(to: id).logarithm }

  subscript(interval: Int) -> Finger? { fingers[interval] }

  /// The contacts, farthest first.
  var contacts: [Contact] { fingers.reversed().compactMap { $0?.contact } }

  /// Takes a node that was heard from, if the interval has none, or this one is clearly nearer: a
  /// hair's breadth is not worth a change.
  mutating func offer(_ contact: Contact, latency: TimeSpan?) {
    guard let place = interval(of: contact.id) else { return }
    guard let known = fingers[place] else {
      fingers[place] = Finger(contact: contact, latency: latency)
      return
    }
    if known.contact == contact {
      if let latency { fingers[place]!.latency = latency }
    } else if let latency, latency * 5 < (known.latency ?? latency * 10) * 4 {
      fingers[place] = Finger(contact: contact, latency: latency)
    }
  }

  mutating func remove(_ contact: Contact) {
    guard let place = interval(of: contact.id), fingers[place]?.contact == contact else { return }
    fingers[place] = nil
  }

  /// The fingers that precede `target`, nearest to it first.
  func preceding(_ target: Identifier, most: Int) -> [Contact] {
    var found: [Contact] = []
    for finger in fingers.reversed() {
      guard found.count < most else { break }
      guard let finger, Identifier.between(owner, finger.contact.id, target) else { continue }
      found.append(finger.contact)
    }
    return found
  }
}
