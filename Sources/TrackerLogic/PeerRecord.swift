import Hashing
import TorrentModel

/// An address of one family, without the room for the other.
protocol PeerHost: Equatable, Sendable {
  /// `nil` for an address of the other family.
  init?(_ address: Address)
  var address: Address { get }
  func hash(port: UInt16, key: SipHash.Key) -> UInt64
}

struct HostV4: PeerHost {
  let word: UInt32

  init?(_ address: Address) {
    guard case .v4(let word) = address else { return nil }
    self.word = word
  }

  var address: Address { .v4(word) }

  func hash(port: UInt16, key: SipHash.Key) -> UInt64 {
    var hash = SipHash(key)
    return hash.finish(tail: UInt64(word) << 16 | UInt64(port), tailLength: 6)
  }
}

struct HostV6: PeerHost {
  let high: UInt64
  let low: UInt64

  init?(_ address: Address) {
    guard case .v6(let high, let low) = address else { return nil }
    self.high = high
    self.low = low
  }

  var address: Address { .v6(high: high, low: low) }

  func hash(port: UInt16, key: SipHash.Key) -> UInt64 {
    var hash = SipHash(key)
    hash.absorb(high)
    hash.absorb(low)
    return hash.finish(tail: UInt64(port), tailLength: 2)
  }
}

/// What a peer is after; the order is that of a swarm's array.
enum PeerSection: Int {
  case downloader
  /// Has all it wants and not all there is (BEP 21).
  case partialSeed
  case seed
}

/// What an announce says of a peer.
struct PeerSighting {
  var endpoint: Endpoint
  var id: PeerID
  var section: PeerSection
  /// It says that it became complete.
  var completes: Bool
  /// `Moment.wholeSeconds`.
  var second: UInt32
}

/// A peer as a swarm keeps it: 32 bytes for IPv4, 48 for IPv6. Its section is told by its place.
struct PeerRecord<Host: PeerHost>: Keyed, Sendable {
  var id: Bytes20
  /// `Moment.wholeSeconds` of its last announce.
  var lastSeen: UInt32
  let host: Host
  let port: UInt16
  /// Its download has been counted.
  var isCounted = false

  init(_ host: Host, port: UInt16, id: PeerID, lastSeen: UInt32) {
    self.host = host
    self.port = port
    self.id = id.digest
    self.lastSeen = lastSeen
  }

  var endpoint: Endpoint { Endpoint(host.address, port: port) }

  func hash(_ key: SipHash.Key) -> UInt64 { host.hash(port: port, key: key) }
}
