import ChordLogic
import ChordWire
import Session

/// What a picture of a ring shows beside what a walk round it finds: how many records each node keeps
/// for keys of its own, and whom it knows far away.
///
/// The invariant: no node is asked more than `RingSurvey.mostPages` and one question for each interval
/// of its finger table, one after the other, so that none has to refuse.
final class RingSurvey {
  struct Findings {
    /// Records of the node's own arc; nil where it did not say.
    var records: Int?
    /// There are more than were counted.
    var hasMore = false
    /// Nodes it would go by to ever nearer places: half the circle away, a quarter, and so on.
    var fingers: [Contact] = []
  }

  private let service: ChordService
  private let members: [RingWalk.Node]
  /// In the order of the members.
  private(set) var findings: [Findings]
  private var next = 0
  private var underWay = 0
  private var done: () -> Void = {}

  private static let atOnce = 16
  private static let mostPages = 16
  private static let intervals = 8
  /// Members whose fingers are asked for: more lines could not be told apart.
  private static let mostWithFingers = 32

  init(of members: [RingWalk.Node], through service: ChordService) {
    self.members = members
    self.service = service
    findings = Array(repeating: Findings(), count: members.count)
  }

  func start(then done: @escaping () -> Void) {
    self.done = done
    goOn()
  }

  private func goOn() {
    while underWay < Self.atOnce, next < members.count {
      let place = next
      next += 1
      underWay += 1
      countRecords(of: place, from: [], pages: 0)
    }
    if underWay == 0, next >= members.count {
      let done = done
      self.done = {}
      done()
    }
  }

  private func end(_ place: Int) {
    underWay -= 1
    goOn()
  }

  private func countRecords(of place: Int, from cursor: [UInt8], pages: Int) {
    let node = members[place]
    let arc = Arc(after: node.predecessor?.id ?? node.contact.id, through: node.contact.id)
    let request = RecordRequest(arc, cursor: cursor)
    service.ask(node.contact, .pullRecords(request)) { [self] result in
      guard case .success(.records(let records, let cursor)) = result else {
        return askForFingers(of: place, interval: 1)
      }
      findings[place].records = (findings[place].records ?? 0) + records.reduce(0) { $0 + $1.count }
      if let cursor, !records.isEmpty, pages + 1 < Self.mostPages {
        countRecords(of: place, from: cursor, pages: pages + 1)
      } else {
        findings[place].hasMore = cursor != nil && !records.isEmpty
        askForFingers(of: place, interval: 1)
      }
    }
  }

  /// Asks for the way to the place 2^(160 - interval) further on; what is nearest before it is a
  /// finger.
  private func askForFingers(of place: Int, interval: Int) {
    let stride = max(1, (members.count + Self.mostWithFingers - 1) / Self.mostWithFingers)
    guard interval <= Self.intervals, place.isMultiple(of: stride) else { return end(place) }
    let contact = members[place].contact
    let target = contact.id.advanced(by: .power(160 - interval))
    service.ask(contact, .next(NextRequest(target))) { [self] result in
      guard case .success(.next(let hop)) = result else { return end(place) }
      if case .closer(let contacts) = hop, let nearest = contacts.first,
        !findings[place].fingers.contains(nearest)
      {
        findings[place].fingers.append(nearest)
      }
      askForFingers(of: place, interval: interval + 1)
    }
  }
}

extension StoredRecord {
  /// Announced peers count each.
  fileprivate var count: Int {
    if case .peers(_, let peers) = self { peers.count } else { 1 }
  }
}
