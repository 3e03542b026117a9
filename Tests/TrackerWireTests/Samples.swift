import DeterministicCore
import TorrentModel
import TrackerWire

/// Messages of every shape, each a function of its seed.
struct Samples {
  var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func chance() -> Bool { generator.below(2) == 0 }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(generator.below(256)) }
  }

  mutating func infoHash() -> InfoHash { InfoHash(bytes: bytes(20))! }
  mutating func peerID() -> PeerID { PeerID(bytes: bytes(20))! }

  /// An endpoint that a client would dial.
  mutating func endpoint(_ family: AddressFamily) -> Endpoint {
    let port = UInt16(1 + generator.below(65535))
    switch family {
    case .v4: return Endpoint(.v4(UInt32(0x0b00_0000 + generator.below(1 << 24))), port: port)
    case .v6: return Endpoint(.v6(high: 0x2001_0db8 << 32, low: generator.next()), port: port)
    }
  }

  mutating func compact(_ family: AddressFamily, atMost most: Int) -> CompactPeers {
    var peers = CompactPeers(family)
    for _ in 0..<generator.below(most + 1) { peers.append(endpoint(family)) }
    return peers
  }

  /// - Parameter overUDP: only what a datagram carries.
  mutating func announceRequest(overUDP: Bool) -> AnnounceRequest {
    var request = AnnounceRequest(
      infoHash: infoHash(), peerID: peerID(), port: UInt16(generator.below(65536)),
      left: chance() ? 0 : generator.next() >> 8)
    request.uploaded = generator.next()
    request.downloaded = generator.next() >> UInt64(generator.below(64))
    request.event = chance() ? AnnounceEvent.allCases[generator.below(4)] : nil
    request.numWant = chance() ? generator.below(1000) : nil
    request.key = UInt32(truncatingIfNeeded: generator.next())
    if chance() { request.claimedAddress = endpoint(overUDP || chance() ? .v4 : .v6).address }
    if !overUDP {
      if chance() { request.key = nil }
      if chance() { request.trackerID = bytes(generator.below(30)) }
      request.wantsCompact = chance()
      request.omitsPeerIDs = chance()
    }
    return request
  }

  mutating func announceResponse() -> AnnounceResponse {
    var response = AnnounceResponse(interval: 60 + generator.below(80000))
    if chance() { response.minInterval = 60 + generator.below(1000) }
    if chance() { response.complete = generator.below(1 << 31) }
    if chance() { response.incomplete = generator.below(1 << 31) }
    if chance() { response.downloaders = generator.below(1 << 31) }
    if chance() { response.externalAddress = endpoint(chance() ? .v4 : .v6).address }
    if chance() { response.trackerID = bytes(generator.below(30)) }
    if chance() { response.warning = "für später" }
    if chance() {
      response.peers = .compact(v4: compact(.v4, atMost: 60), v6: compact(.v6, atMost: 20))
    } else {
      response.peers = .described(
        (0..<generator.below(50)).map { _ in
          DescribedPeer(endpoint(chance() ? .v4 : .v6), id: chance() ? peerID() : nil)
        })
    }
    return response
  }

  /// One to four bytes changed, inserted or removed.
  mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...generator.below(4) {
      guard !bytes.isEmpty else { break }
      switch generator.below(3) {
      case 0: bytes[generator.below(bytes.count)] = UInt8(generator.below(256))
      case 1: bytes.insert(UInt8(generator.below(256)), at: generator.below(bytes.count + 1))
      default: bytes.removeSubrange(generator.below(bytes.count)...)
      }
    }
    return bytes
  }
}
