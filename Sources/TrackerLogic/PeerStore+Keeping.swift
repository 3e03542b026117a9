package import DeterministicCore
import Hashing
package import TorrentModel
import TrackerWire

/// A peer as a keeper of records for a ring sees it.
package struct KeptPeer: Hashable, Sendable {
  package var endpoint: Endpoint
  package var isSeed: Bool
  /// `Moment.wholeSeconds` of its last announce.
  package var lastSeen: UInt32

  package init(_ endpoint: Endpoint, isSeed: Bool, lastSeen: UInt32) {
    self.endpoint = endpoint
    self.isSeed = isSeed
    self.lastSeen = lastSeen
  }
}

// The store as a ring uses it, which is a tracker cut into arcs: swarms of bounded size, whose
// records are copied from keeper to keeper.
extension PeerStore {
  /// Notes a peer, unless it was seen later than that already: a copy never makes a record younger.
  /// A full swarm gives up the oldest peer of its most populous neighbourhood, so that whoever owns
  /// one network cannot drive all others out.
  ///
  /// - Parameters:
  ///   - mostInSwarm: peers kept of one swarm.
  ///   - most: peers kept in all.
  /// - Returns: whether the peer is there afterwards.
  @discardableResult
  package mutating func keep(
    _ peer: KeptPeer, of infoHash: InfoHash, mostInSwarm: Int, most: Int
  ) -> Bool {
    let swarm = find(infoHash) ?? insert(infoHash, isRegistered: false)
    defer { if let swarm = find(infoHash) { forgetIfEmpty(swarm) } }
    if let known = swarms[swarm].lastSeen(of: peer.endpoint, key: key) {
      guard Int32(bitPattern: peer.lastSeen &- known) >= 0 else { return true }
    } else if swarms[swarm].peerCount >= mostInSwarm {
      let crowded = swarms[swarm].oldestOfMostPopulous(besides: peer.endpoint.address)
      guard let crowded else { return false }
      remove(crowded, from: swarm)
    }
    let sighting = PeerSighting(
      endpoint: peer.endpoint, id: PeerID(.zero), section: peer.isSeed ? .seed : .downloader,
      completes: false, second: peer.lastSeen)
    return note(sighting, in: swarm, most: most) != nil
  }

  package mutating func forget(_ peer: Endpoint, of infoHash: InfoHash) {
    if let swarm = find(infoHash) { remove(peer, from: swarm) }
  }

  /// The peers of a swarm, in no order that means anything.
  package func peers(of infoHash: InfoHash) -> [KeptPeer] {
    guard let swarm = find(infoHash) else { return [] }
    return swarms[swarm].keptPeers
  }

  /// Up to so many peers of a swarm, chosen as a tracker chooses, less those not heard of for more
  /// than `lifetime` seconds: they are removed by `purge`, not by who reads. O(most).
  package func sample(
    _ most: Int, of infoHash: InfoHash, at second: UInt32, lifetime: UInt32,
    using generator: inout SeededGenerator
  ) -> [Endpoint] {
    guard let place = find(infoHash) else { return [] }
    let swarm = swarms[place]
    // Each family gets its part.
    let ofV6 = swarm.peerCount <= most ? swarm.v6.count : most * swarm.v6.count / swarm.peerCount
    return swarm.v4.sample(most - ofV6, at: second, lifetime: lifetime, using: &generator)
      + swarm.v6.sample(ofV6, at: second, lifetime: lifetime, using: &generator)
  }

  package var infoHashes: [InfoHash] { swarms.map(\.infoHash) }
}

extension PeerVector {
  fileprivate func sample(
    _ most: Int, at second: UInt32, lifetime: UInt32, using generator: inout SeededGenerator
  ) -> [Endpoint] {
    var sample = sample(most, onlyDownloaders: false, excluding: nil, using: &generator)
    var endpoints: [Endpoint] = []
    while let position = sample.next() {
      let record = records[position]
      if !record.isExpired(at: second, lifetime: lifetime) { endpoints.append(record.endpoint) }
    }
    return endpoints
  }
}

extension SwarmEntry {
  fileprivate func lastSeen(of peer: Endpoint, key: SipHash.Key) -> UInt32? {
    if let host = HostV4(peer.address) {
      return v4.find(host, port: peer.port, key: key).map { v4.records[$0].lastSeen }
    }
    guard let host = HostV6(peer.address) else { return nil }
    return v6.find(host, port: peer.port, key: key).map { v6.records[$0].lastSeen }
  }

  fileprivate var keptPeers: [KeptPeer] {
    func kept<Host>(_ vector: PeerVector<Host>) -> [KeptPeer] {
      vector.records.indices.map { place in
        let record = vector.records[place]
        return KeptPeer(
          record.endpoint, isSeed: vector.section(of: place) == .seed, lastSeen: record.lastSeen)
      }
    }
    return kept(v4) + kept(v6)
  }

  /// The peer that makes room for a newcomer: the newcomer counted, the most populous neighbourhood
  /// loses its oldest; nil when that is the newcomer's own and holds nobody else.
  fileprivate func oldestOfMostPopulous(besides newcomer: Address) -> Endpoint? {
    let peers = keptPeers
    var counts: [UInt64: Int] = [newcomer.neighbourhood: 1]
    for peer in peers { counts[peer.endpoint.address.neighbourhood, default: 0] += 1 }
    let largest = counts.values.max() ?? 0
    let crowd = peers.filter { counts[$0.endpoint.address.neighbourhood] == largest }
    return crowd.min {
      ($0.lastSeen, $0.endpoint.port) < ($1.lastSeen, $1.endpoint.port)
    }?.endpoint
  }
}

extension Address {
  /// The /24 or /56 an address is in: what one owner commonly has.
  fileprivate var neighbourhood: UInt64 {
    switch self {
    case .v4(let word): UInt64(word >> 8)
    case .v6(let high, _): high >> 8 | 1 << 63
    }
  }
}
