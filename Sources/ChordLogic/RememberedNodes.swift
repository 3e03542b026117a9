import ChordWire
import DeterministicCore
import TorrentModel

/// Nodes met at some time, kept although they may be gone: after a partition they are the way to
/// the other part of the ring, after a restart the way back.
struct RememberedNodes: Sendable {
  private(set) var contacts: [Contact] = []
  private var strangers = 0

  static let most = 64
  /// When there is no room, one stranger in so many takes the place of an older acquaintance, so
  /// that old ones stay for long.
  private static let rarity = 16

  mutating func note(_ contact: Contact) {
    guard !contacts.contains(contact) else { return }
    guard contacts.count >= Self.most else {
      contacts.append(contact)
      return
    }
    strangers += 1
    guard strangers.isMultiple(of: Self.rarity) else { return }
    contacts[strangers / Self.rarity % Self.most] = contact
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
