import ChordWire
import DeterministicCore

/// Somebody came or went.
struct News: Hashable, Sendable {
  var contact: Contact
  var isJoin: Bool
  /// Members behind this node that are still to be told.
  var span: Int
}

/// News that wait to be passed on, in batches along a tree over the circle: of the `span` members
/// behind it a node tells the one 2^i places on, for every i, and leaves the members from there to
/// 2^(i+1) to it. Each member hears each thing once.
struct NewsQueue: Sendable {
  private var items: [News] = []
  private(set) var dueAt = Moment.distantFuture

  static let mostItems = 4096
  /// Contacts in one datagram, even where all are of IPv6.
  static let mostContacts = 20

  struct Batch: Hashable, Sendable {
    /// Places behind this node.
    var offset: Int
    var events: MembershipEvents
  }

  mutating func add(_ item: News, dueAt moment: Moment) {
    // The latest word about a node is the one that counts.
    items.removeAll { $0.contact.id == item.contact.id }
    guard items.count < Self.mostItems else { return }
    items.append(item)
    dueAt = min(dueAt, moment)
  }

  mutating func takeBatches() -> [Batch] {
    var batches: [Batch] = []
    for item in items {
      var offset = 1
      while offset <= item.span {
        let span = min(2 * offset - 1, item.span) - offset
        Self.add(item, offset: offset, span: span, to: &batches)
        offset *= 2
      }
    }
    items = []
    dueAt = .distantFuture
    return batches
  }

  private static func add(_ item: News, offset: Int, span: Int, to batches: inout [Batch]) {
    let place = batches.lastIndex {
      $0.offset == offset && $0.events.span == span
        && $0.events.joined.count + $0.events.left.count < mostContacts
    }
    if let place {
      if item.isJoin {
        batches[place].events.joined.append(item.contact)
      } else {
        batches[place].events.left.append(item.contact)
      }
    } else {
      batches.append(
        Batch(
          offset: offset,
          events: MembershipEvents(
            joined: item.isJoin ? [item.contact] : [], left: item.isJoin ? [] : [item.contact],
            span: span)))
    }
  }
}
