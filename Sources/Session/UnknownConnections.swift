import DeterministicCore
import TorrentModel

/// The accepted connections of which it is not known yet who is at the other end.
///
/// The invariant: there are at most as many as the limits say, and `order` names them from the
/// oldest on, with fewer of those that are gone than twice the most and 64.
struct UnknownConnections: ~Copyable {
  private let limits: ConnectionLimits
  private var connections = Slab<IncomingConnection>()
  private var order = Queue<SlabID>()
  private var perSubscriber: [Address: Int] = [:]

  init(_ limits: ConnectionLimits) { self.limits = limits }

  var count: Int { connections.count }

  /// Whether another connection from an address is let in at all.
  func admits(_ address: Address) -> Bool {
    address.isLoopback
      || perSubscriber[address.subscriber, default: 0] < limits.mostUnknownPerSubscriber
  }

  /// Takes a connection in. Returns the one that has to go for it.
  mutating func insert(_ connection: IncomingConnection) -> IncomingConnection? {
    let crowdedOut = connections.count >= limits.mostUnknown ? removeOldest() : nil
    let id = connections.insert(connection)
    connection.id = id
    order.append(id)
    perSubscriber[connection.endpoint.address.subscriber, default: 0] += 1
    return crowdedOut
  }

  mutating func remove(_ connection: IncomingConnection) {
    guard let id = connection.id, connections.remove(id) != nil else { return }
    let subscriber = connection.endpoint.address.subscriber
    let left = perSubscriber[subscriber, default: 1] - 1
    perSubscriber[subscriber] = left > 0 ? left : nil
    if order.count > 2 * connections.count + 64 {
      var living = Queue<SlabID>()
      while let id = order.popFirst() { if connections.contains(id) { living.append(id) } }
      order = living
    }
  }

  /// Takes all out.
  mutating func removeAll() -> [IncomingConnection] {
    var all: [IncomingConnection] = []
    while let oldest = removeOldest() { all.append(oldest) }
    return all
  }

  /// Takes out the one that has been silent longest.
  mutating func removeOldest() -> IncomingConnection? {
    while let id = order.popFirst() {
      guard let connection = connections.find(id) else { continue }
      remove(connection)
      return connection
    }
    return nil
  }
}
