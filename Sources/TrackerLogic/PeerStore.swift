import Hashing
import TorrentModel
import TrackerWire

/// All swarms a tracker knows, in memory. A peer is known by the address it speaks from and the port
/// it names, so nobody can speak for another.
///
/// The invariant: `peerCount` is the number of records in all swarms, and a swarm that is neither
/// registered nor has peers is not there. Positions of swarms stand until one is removed.
package struct PeerStore: ~Copyable, Sendable {
  private(set) var swarms: [SwarmEntry] = []
  package private(set) var peerCount = 0
  let key: SipHash.Key
  private var table = HandleTable()
  private var cursor = PurgeCursor()

  package init(secret: TrackerSecret) { key = secret.key }

  package var torrentCount: Int { swarms.count }

  // MARK: Swarms

  func find(_ infoHash: InfoHash) -> Int? {
    table.find(hash: SwarmEntry.hash(infoHash, key)) { swarms[$0].infoHash == infoHash }
  }

  mutating func insert(_ infoHash: InfoHash, isRegistered: Bool) -> Int {
    let index = swarms.count
    if index == swarms.capacity { swarms.reserveCapacity(index + max(4, index / 4)) }
    swarms.append(SwarmEntry(infoHash, isRegistered: isRegistered))
    if table.isTooSmall(for: swarms.count) {
      table.rebuild(for: swarms, key: key)
    } else {
      table.insert(index, in: swarms, key: key)
    }
    return index
  }

  mutating func setRegistered(_ isRegistered: Bool, at index: Int) {
    swarms[index].isRegistered = isRegistered
    forgetIfEmpty(index)
  }

  /// Lets a swarm go that nothing holds any more.
  mutating func forgetIfEmpty(_ index: Int) {
    guard swarms[index].isForgettable else { return }
    let last = swarms.count - 1
    if index != last {
      table.exchange(index, last, in: swarms, key: key)
      swarms.swapAt(index, last)
    }
    table.removeLast(last, in: swarms, key: key)
    swarms.removeLast()
    if table.isTooLarge(for: swarms.count) { table.rebuild(for: swarms, key: key) }
  }

  // MARK: Peers

  /// Notes that a peer is in a swarm, and tells its position among those of its family; `nil` when
  /// it is new and the store holds `most` peers already.
  mutating func note(_ sighting: PeerSighting, in swarm: Int, most: Int) -> Int? {
    let noted = swarms[swarm].note(sighting, hasRoom: peerCount < most, key: key)
    guard let noted else { return nil }
    if noted.isNew { peerCount += 1 }
    return noted.index
  }

  mutating func setCounts(of swarm: Int, downloaded: UInt32) {
    swarms[swarm].downloaded = max(swarms[swarm].downloaded, downloaded)
  }

  mutating func setAge(of swarm: Int, firstSeen: UInt32) { swarms[swarm].firstSeen = firstSeen }

  /// - Parameter place: the peer's position among those of its family.
  mutating func setCounted(_ place: Int, _ family: AddressFamily, in swarm: Int) {
    switch family {
    case .v4: swarms[swarm].v4.setCounted(at: place)
    case .v6: swarms[swarm].v6.setCounted(at: place)
    }
  }

  mutating func remove(_ peer: Endpoint, from swarm: Int) {
    if swarms[swarm].remove(peer, key: key) { peerCount -= 1 }
    forgetIfEmpty(swarm)
  }

  // MARK: Expiry

  /// Looks at the next `budget` peers and swarms, round and round, and removes the peers not heard
  /// of for `lifetime` seconds.
  ///
  /// A peer that is removed leaves its place to one further on, which has not been looked at yet, so
  /// one round misses nobody who was there when it began.
  ///
  /// - Returns: the number of peers removed.
  @discardableResult
  package mutating func purge(at second: UInt32, lifetime: UInt32, budget: Int) -> Int {
    let before = peerCount
    // A round ends in the swarm it began in, which is entered twice.
    var budget = min(budget, peerCount + swarms.count + 1)
    while budget > 0, !swarms.isEmpty {
      if cursor.swarm >= swarms.count { cursor = PurgeCursor() }
      budget -= 1
      peerCount -= swarms[cursor.swarm].peerCount
      let isDone = swarms[cursor.swarm].purge(
        from: &cursor, at: second, lifetime: lifetime, budget: &budget, key: key)
      peerCount += swarms[cursor.swarm].peerCount
      guard isDone else { continue }
      let isForgettable = swarms[cursor.swarm].isForgettable
      // The last swarm takes the place of a forgotten one and is looked at next.
      forgetIfEmpty(cursor.swarm)
      cursor = PurgeCursor(swarm: isForgettable ? cursor.swarm : cursor.swarm + 1)
    }
    return before - peerCount
  }
}

/// How far a round of expiry has come.
struct PurgeCursor: Sendable {
  var swarm = 0
  var isAmongV6 = false
  var peer = 0
}

extension SwarmEntry {
  /// Whether the swarm is looked through.
  mutating func purge(
    from cursor: inout PurgeCursor, at second: UInt32, lifetime: UInt32, budget: inout Int,
    key: SipHash.Key
  ) -> Bool {
    if !cursor.isAmongV6 {
      var left: [PeerIdentity] = []
      v4.purge(from: &cursor.peer, at: second, lifetime: lifetime, budget: &budget, key: key) {
        identity, _, _ in left.append(identity)
      }
      for identity in left { separate(identity) }
      guard cursor.peer >= v4.count else { return false }
      cursor.isAmongV6 = true
      cursor.peer = 0
    }
    var twins = twins
    v6.purge(from: &cursor.peer, at: second, lifetime: lifetime, budget: &budget, key: key) {
      _, isTwin, section in
      if isTwin { twins[section] -= 1 }
    }
    self.twins = twins
    return cursor.peer >= v6.count
  }
}

extension PeerVector {
  mutating func purge(
    from position: inout Int, at second: UInt32, lifetime: UInt32, budget: inout Int,
    key: SipHash.Key, removed: (PeerIdentity, _ isTwin: Bool, PeerSection) -> Void = { _, _, _ in }
  ) {
    while budget > 0, position < count {
      budget -= 1
      if records[position].isExpired(at: second, lifetime: lifetime) {
        removed(records[position].identity, records[position].isTwin, section(of: position))
        remove(at: position, key: key)
      } else {
        position += 1
      }
    }
  }
}
