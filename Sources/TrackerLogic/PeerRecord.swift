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
public enum PeerSection: Int, Sendable {
  case downloader
  /// Has all it wants and not all there is (BEP 21).
  case partialSeed
  case seed
}

/// What an announce says of a peer.
struct PeerSighting {
  var endpoint: Endpoint
  var id: PeerID
  /// A few bits of the client's `key`: see `PeerIdentity`.
  var keyTag: UInt8 = 0
  var section: PeerSection
  /// It says that it became complete.
  var completes: Bool
  /// `Moment.wholeSeconds`.
  var second: UInt32
}

/// Who a peer says it is, wherever it announces from: its peer id, and a hash of the `key` that it tells
/// no other peer (BEP 7), so that who has seen the id cannot pass for it but one time in 256.
struct PeerIdentity: Equatable, Sendable {
  let id: Bytes20
  let keyTag: UInt8

  init(_ id: Bytes20, keyTag: UInt8) {
    self.id = id
    self.keyTag = keyTag
  }

  static func tag(of key: UInt32?) -> UInt8 {
    key.map { UInt8(truncatingIfNeeded: ($0 &* 0x9e37_79b1) >> 24) } ?? 0
  }
}

/// A peer as a swarm keeps it: 32 bytes for IPv4, 48 for IPv6. Its section is told by its place.
struct PeerRecord<Host: PeerHost>: Keyed, Sendable {
  var id: Bytes20
  /// `Moment.wholeSeconds` of its last announce.
  var lastSeen: UInt32
  let host: Host
  let port: UInt16
  var keyTag: UInt8
  private var flags: UInt8 = 0

  init(_ host: Host, _ sighting: PeerSighting) {
    self.host = host
    port = sighting.endpoint.port
    id = sighting.id.digest
    keyTag = sighting.keyTag
    lastSeen = sighting.second
  }

  /// Its download has been counted.
  var isCounted: Bool {
    get { flags & 1 != 0 }
    set { flags = newValue ? flags | 1 : flags & ~1 }
  }

  /// It is at the other internet as well, and counted there.
  var isTwin: Bool {
    get { flags & 2 != 0 }
    set { flags = newValue ? flags | 2 : flags & ~2 }
  }

  /// Whether it was not heard of for more than `lifetime` seconds: seconds wrap around, and none is
  /// later than `second`.
  func isExpired(at second: UInt32, lifetime: UInt32) -> Bool { second &- lastSeen > lifetime }

  var identity: PeerIdentity { PeerIdentity(id, keyTag: keyTag) }

  var endpoint: Endpoint { Endpoint(host.address, port: port) }

  func hash(_ key: SipHash.Key) -> UInt64 { host.hash(port: port, key: key) }
}
