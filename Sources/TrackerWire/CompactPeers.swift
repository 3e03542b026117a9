public import TorrentModel

/// Which of the two internets an address belongs to; a compact list holds one of them.
public enum AddressFamily: Hashable, Sendable, CaseIterable {
  case v4
  case v6

  /// Bytes of an address and a port: 6 (BEP 23) or 18 (BEP 7).
  @inlinable
  public var compactLength: Int { self == .v4 ? 6 : 18 }
}

extension Address {
  @inlinable
  public var family: AddressFamily {
    if case .v4 = self { .v4 } else { .v6 }
  }
}

/// Peers of one family as they go over the wire: address and port of each in network order.
///
/// The tracker appends to it straight from its swarm, so that a reply of fifty peers is one
/// allocation.
public struct CompactPeers: Hashable, Sendable {
  public let family: AddressFamily
  /// A multiple of `family.compactLength`.
  public private(set) var bytes: [UInt8] = []

  @inlinable
  public init(_ family: AddressFamily) { self.family = family }

  /// Takes what a tracker sent; `nil` when it is no whole number of peers.
  init?(_ family: AddressFamily, bytes: ArraySlice<UInt8>) {
    guard bytes.count.isMultiple(of: family.compactLength) else { return nil }
    self.family = family
    self.bytes = Array(bytes)
  }

  public var count: Int { bytes.count / family.compactLength }

  public var isEmpty: Bool { bytes.isEmpty }

  public mutating func reserveCapacity(_ count: Int) {
    bytes.reserveCapacity(count * family.compactLength)
  }

  /// - Precondition: the address is of this list's family.
  public mutating func append(_ endpoint: Endpoint) {
    switch endpoint.address {
    case .v4(let word):
      precondition(family == .v4, "an IPv4 address in a list of IPv6 ones")
      bytes.append(bigEndian: word)
    case .v6(let high, let low):
      precondition(family == .v6, "an IPv6 address in a list of IPv4 ones")
      bytes.append(bigEndian: high)
      bytes.append(bigEndian: low)
    }
    bytes.append(bigEndian: endpoint.port)
  }

  public var endpoints: [Endpoint] {
    stride(from: 0, to: bytes.count, by: family.compactLength).compactMap { start in
      Endpoint(compact: bytes[start..<start + family.compactLength])
    }
  }
}

/// A peer as the dictionary model describes it (BEP 3).
public struct DescribedPeer: Hashable, Sendable {
  public var endpoint: Endpoint
  /// Absent where the client asked for none (`no_peer_id`).
  public var id: PeerID?

  public init(_ endpoint: Endpoint, id: PeerID?) {
    self.endpoint = endpoint
    self.id = id
  }
}

/// The peers of an announce response in one of the two forms they travel in.
public enum PeerList: Hashable, Sendable {
  case compact(v4: CompactPeers, v6: CompactPeers)
  case described([DescribedPeer])

  public static let none = PeerList.compact(v4: CompactPeers(.v4), v6: CompactPeers(.v6))

  public var count: Int {
    switch self {
    case .compact(let v4, let v6): v4.count + v6.count
    case .described(let peers): peers.count
    }
  }

  public var endpoints: [Endpoint] {
    switch self {
    case .compact(let v4, let v6): v4.endpoints + v6.endpoints
    case .described(let peers): peers.map(\.endpoint)
    }
  }
}

extension [UInt8] {
  @inline(__always)
  mutating func append(bigEndian word: some FixedWidthInteger) {
    for shift in stride(from: word.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}
