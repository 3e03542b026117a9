import Hashing
import TorrentModel
import TrackerWire

/// One torrent's swarm: its peers by address family, and what is counted of it.
struct SwarmEntry: Keyed, Sendable {
  let infoHash: InfoHash
  /// Peers that became complete while the tracker watched.
  var downloaded: UInt32 = 0
  /// `Moment.wholeSeconds` at which the first of the peers came that it has had since.
  var firstSeen: UInt32 = 0
  /// Allowed by whoever runs the tracker, and kept when the last peer leaves.
  var isRegistered: Bool
  var v4 = PeerVector<HostV4>()
  var v6 = PeerVector<HostV6>()
  /// Peers of `v6` that are in `v4`, too, and count there.
  var twins = TwinCounts()

  init(_ infoHash: InfoHash, isRegistered: Bool) {
    self.infoHash = infoHash
    self.isRegistered = isRegistered
  }

  var peerCount: Int { v4.count + v6.count }

  var isForgettable: Bool { !isRegistered && peerCount == 0 }

  /// A peer at both internets counts once.
  var statistics: ScrapeStatistics {
    let complete = v4.seedCount + v6.seedCount - Int(twins[.seed])
    let peers = peerCount - twins.total
    return ScrapeStatistics(
      complete: complete, downloaded: Int(downloaded), incomplete: peers - complete,
      downloaders: v4.downloaderCount + v6.downloaderCount - Int(twins[.downloader]))
  }

  /// - Returns: the peer's position among those of its family and whether it is new; `nil` when it
  ///   is and there is no room.
  mutating func note(
    _ sighting: PeerSighting, hasRoom: Bool, key: SipHash.Key
  ) -> (index: Int, isNew: Bool)? {
    let address = sighting.endpoint.address
    if peerCount == 0 { firstSeen = sighting.second }
    if let host = HostV4(address) {
      let before = v6.count == 0 ? nil : identity(of: host, port: sighting.endpoint.port, key)
      guard let noted = v4.note(host, sighting, hasRoom: hasRoom, key: key) else { return nil }
      countDownload(noted.countsDownload)
      if v6.count > 0 { joined(v4.records[noted.index].identity, before: before) }
      return (noted.index, noted.isNew)
    }
    guard let host = HostV6(address) else { return nil }
    let twin = v4.count == 0 ? nil : takeTwin(host, port: sighting.endpoint.port, key)
    guard let noted = v6.note(host, sighting, hasRoom: hasRoom, key: key) else { return nil }
    countDownload(noted.countsDownload)
    if v4.count > 0 { compare(at: noted.index, after: twin) }
    return (noted.index, noted.isNew)
  }

  private mutating func countDownload(_ counts: Bool) {
    if counts, downloaded < .max { downloaded += 1 }
  }

  /// Whether the peer was there.
  mutating func remove(_ peer: Endpoint, key: SipHash.Key) -> Bool {
    if let host = HostV4(peer.address), let index = v4.find(host, port: peer.port, key: key) {
      let identity = v4.records[index].identity
      v4.remove(at: index, key: key)
      separate(identity)
      return true
    }
    if let host = HostV6(peer.address), let index = v6.find(host, port: peer.port, key: key) {
      if v6.records[index].isTwin { twins[v6.section(of: index)] -= 1 }
      v6.remove(at: index, key: key)
      return true
    }
    return false
  }

  func hash(_ key: SipHash.Key) -> UInt64 { Self.hash(infoHash, key) }

  static func hash(_ infoHash: InfoHash, _ key: SipHash.Key) -> UInt64 {
    let words = infoHash.digest.words
    var hash = SipHash(key)
    hash.absorb(words.0)
    hash.absorb(words.1)
    return hash.finish(tail: UInt64(words.2), tailLength: 4)
  }
}
