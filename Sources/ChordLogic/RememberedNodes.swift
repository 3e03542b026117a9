import ChordWire
import DeterministicCore
import TorrentModel

/// Nodes met at some time, kept although they may be gone: after a partition they are the way to
/// the other part of the ring, after a restart the way back.
///
/// The invariant: `words` holds the last word of the identifier of each contact, in their order: every
/// answer is looked up here, and eight of these are compared in the time of one contact.
struct RememberedNodes: Sendable {
  private(set) var contacts: [Contact] = []
  private var words: [UInt64] = []
  private var strangers = 0

  static let most = 64
  /// When there is no room, one stranger in so many takes the place of an older acquaintance, so
  /// that old ones stay for long.
  private static let rarity = 16

  mutating func note(_ contact: Contact) {
    guard !contains(contact) else { return }
    guard contacts.count >= Self.most else {
      contacts.append(contact)
      words.append(contact.id.low)
      return
    }
    strangers += 1
    guard strangers.isMultiple(of: Self.rarity) else { return }
    let place = strangers / Self.rarity % Self.most
    contacts[place] = contact
    words[place] = contact.id.low
  }

  private func contains(_ contact: Contact) -> Bool {
    for place in words.indices where words[place] == contact.id.low {
      if contacts[place] == contact { return true }
    }
    return false
  }
}

/// Tokens that other nodes gave to this one, shown to them with every query: they prove that answers
/// reach its address.
struct ShownTokens: Sendable {
  private var tokens: [Endpoint: WriteToken] = [:]
  private var order = Queue<Endpoint>()

  static let most = 2048

  func token(for endpoint: Endpoint) -> WriteToken? { tokens[endpoint] }

  /// A token that has grown too old is refused with a new one, so none needs to be forgotten.
  mutating func keep(_ token: WriteToken, from endpoint: Endpoint) {
    if tokens.updateValue(token, forKey: endpoint) == nil { order.append(endpoint) }
    while order.count > Self.most, let oldest = order.popFirst() { tokens[oldest] = nil }
  }
}
