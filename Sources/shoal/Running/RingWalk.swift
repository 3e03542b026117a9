import ChordLogic
import ChordWire
import DeterministicCore
import Session
import TorrentModel

/// A walk round a ring: every node that is named is asked for its neighbours, a few at a time.
///
/// The invariant: no node is asked twice, and no more than `mostNodes` are.
final class RingWalk {
  struct Node {
    var contact: Contact
    var predecessor: Contact?
    /// nil while it has not answered.
    var successors: [Contact]?
    var hasFailed = false
  }

  private let service: ChordService
  private(set) var nodes: [Node] = []
  private var places: [Contact: Int] = [:]
  private var next = 0
  private var underWay = 0
  private var done: () -> Void = {}

  private static let mostNodes = 20_000
  private static let atOnce = 16

  init(_ service: ChordService) { self.service = service }

  func start(then done: @escaping () -> Void) {
    self.done = done
    for contact in service.acquaintances(most: 64) { add(contact) }
    goOn()
  }

  private func add(_ contact: Contact) {
    guard places[contact] == nil, nodes.count < Self.mostNodes else { return }
    places[contact] = nodes.count
    nodes.append(Node(contact: contact))
  }

  private func goOn() {
    while underWay < Self.atOnce, next < nodes.count {
      let place = next
      next += 1
      underWay += 1
      service.ask(nodes[place].contact, .state) { [self] result in
        underWay -= 1
        take(result, at: place)
        goOn()
      }
    }
    if underWay == 0, next >= nodes.count {
      let done = done
      self.done = {}
      nodes.sort { $0.contact.id < $1.contact.id }
      done()
    }
  }

  private func take(_ result: Result<ChordReply, ChordFailure>, at place: Int) {
    guard case .success(.state(let predecessor, let successors)) = result else {
      nodes[place].hasFailed = true
      return
    }
    nodes[place].predecessor = predecessor
    nodes[place].successors = successors
    for contact in successors + [predecessor].compactMap(\.self) { add(contact) }
  }

  // MARK: What was found

  /// The members, in the order of the circle.
  var members: [Node] { nodes.filter { !$0.hasFailed } }

  /// Whether each member's successor is the next one.
  var isWhole: Bool {
    let members = members
    return members.indices.allSatisfy { place in
      let next = members[(place + 1) % members.count].contact
      return members[place].successors?.first?.id == next.id
    }
  }

  /// The part of the circle that a member answers for, by the places of the others.
  func share(of place: Int, among members: [Node]) -> Double {
    guard members.count > 1 else { return 1 }
    let before = members[(place - 1 + members.count) % members.count].contact.id
    return before.distance(to: members[place].contact.id).fraction
  }

  func json(of ring: RingName) -> JSONValue {
    let members = members
    let present = members.indices.map { place in
      Self.json(members[place], "member", share(of: place, among: members))
    }
    let gone = nodes.filter(\.hasFailed).map { Self.json($0, "gone", 0) }
    return .object([
      ("ring", .string(ring.description)), ("nodes", .array(present + gone)),
      ("isWhole", .bool(isWhole)),
    ])
  }

  private static func json(_ node: Node, _ state: String, _ share: Double) -> JSONValue {
    .object([
      ("id", .string(RingNarrator.text(node.contact.id))),
      ("endpoint", .string("\(node.contact.endpoint)")), ("state", .string(state)),
      ("share", .decimal(share)), ("successors", .integer(Int64(node.successors?.count ?? 0))),
    ])
  }

  var table: String {
    let members = members
    var text = ""
    for (place, node) in members.enumerated() {
      let percent = (share(of: place, among: members) * 1000).rounded() / 10
      text += "\(RingNarrator.text(node.contact.id))  "
      text += TextColumns.pad("\(node.contact.endpoint)", to: 24)
      text += TextColumns.padLeft("\(percent) %", to: 8)
      text += "  \(Format.count(node.successors?.count ?? 0, "successor"))\n"
    }
    for node in nodes where node.hasFailed {
      text += "\(RingNarrator.text(node.contact.id))  "
      text += TextColumns.pad("\(node.contact.endpoint)", to: 24) + "  gone\n"
    }
    return text + "\(Format.count(members.count, "node")), the ring is "
      + (isWhole ? "whole\n" : "mending\n")
  }
}
