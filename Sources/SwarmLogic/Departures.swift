import DeterministicCore
import TorrentModel

/// Where peers were that have left: what they sent may yet be found to be false.
///
/// The invariant: whoever sent a block of a piece in flight is remembered until that piece is
/// judged, however many leave after it; so are the latest `fewest` to leave, which may have sent
/// metadata. Blocks in flight bound the number.
struct Departures: Sendable {
  private var endpoints: [PeerKey: Endpoint] = [:]
  private var order: [PeerKey] = []
  private var nextSweep = 2 * fewest

  static let fewest = 64

  var count: Int { order.count }

  subscript(key: PeerKey) -> Endpoint? { endpoints[key] }

  /// - Parameter senders: whoever sent blocks of pieces in flight; asked for now and then.
  mutating func note(_ key: PeerKey, at endpoint: Endpoint, senders: () -> Set<PeerKey>) {
    endpoints[key] = endpoint
    order.append(key)
    guard order.count >= nextSweep else { return }
    let needed = senders()
    let earlier = order.dropLast(Self.fewest)
    for key in earlier where !needed.contains(key) { endpoints[key] = nil }
    order = earlier.filter { needed.contains($0) } + order.suffix(Self.fewest)
    nextSweep = 2 * max(Self.fewest, order.count)
  }
}
