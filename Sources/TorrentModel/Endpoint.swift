/// An IPv4 or IPv6 address, in host-order words so that comparing and hashing are cheap.
public enum Address: Hashable, Sendable {
  case v4(UInt32)
  case v6(high: UInt64, low: UInt64)

  /// Four or sixteen bytes in network order; `nil` for any other count. An IPv4-mapped IPv6
  /// address (RFC 4291, 2.5.5.2) becomes the IPv4 address it stands for, so that a dual-stack
  /// socket and a plain one name the same peer alike.
  public init?(bytes: some Collection<UInt8>) {
    switch bytes.count {
    case 4:
      self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
    case 16:
      let high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
      let low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
      self.init(high: high, low: low)
    default:
      return nil
    }
  }

  /// The sixteen bytes of an IPv6 address as two numbers. An IPv4-mapped one becomes the IPv4 address
  /// it stands for, as from bytes.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    if high == 0, low >> 32 == 0xffff {
      self = .v4(UInt32(truncatingIfNeeded: low))
    } else {
      self = .v6(high: high, low: low)
    }
  }

  /// Four or sixteen bytes in network order.
  public var bytes: [UInt8] {
    switch self {
    case .v4(let word):
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
    case .v6(let high, let low):
      [high, low].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
      }
    }
  }

  public var isV4: Bool {
    if case .v4 = self { true } else { false }
  }

  /// What one subscriber of the internet has the use of, by one of its addresses: the address, or
  /// of IPv6 the /64 (RFC 6177).
  public var subscriber: Address {
    if case .v6(let high, _) = self, !isLoopback { .v6(high: high, low: 0) } else { self }
  }

  public var isLoopback: Bool { scope == .machine }

  /// A group of hosts (RFC 5771, RFC 4291).
  public var isMulticast: Bool {
    switch self {
    case .v4(let word): word >> 28 == 0xe
    case .v6(let high, _): high >> 56 == 0xff
    }
  }

  /// 0.0.0.0 or ::, which names no host.
  public var isUnspecified: Bool {
    switch self {
    case .v4(let word): word == 0
    case .v6(let high, let low): high == 0 && low == 0
    }
  }

  /// Meaningful on one link only.
  public var isLinkLocal: Bool { scope == .link }

  /// Multicast, broadcast, unspecified and the like: no peer lives there (RFC 6890).
  public var isNeverAPeer: Bool { scope == .nowhere }
}

/// Where a peer, tracker or node is reached: an address and a port.
public struct Endpoint: Hashable, Sendable {
  public var address: Address
  public var port: UInt16

  @inlinable
  public init(_ address: Address, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// 6 bytes (BEP 23) or 18 (BEP 7): address and port in network order.
  public init?(compact bytes: some Collection<UInt8>) {
    guard bytes.count == 6 || bytes.count == 18,
      let address = Address(bytes: bytes.dropLast(2))
    else { return nil }
    self.address = address
    self.port = bytes.suffix(2).reduce(0) { $0 << 8 | UInt16($1) }
  }

  public var compact: [UInt8] {
    address.bytes + [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
  }

  /// Whether a peer could be dialled there at all: a port, and an address of a host.
  public var isDialable: Bool { port != 0 && !address.isNeverAPeer }
}

extension Endpoint: Comparable {
  /// As the compact forms are ordered, byte by byte.
  public static func < (left: Endpoint, right: Endpoint) -> Bool {
    switch (left.address, right.address) {
    case (.v4(let one), .v4(let other)): (one, left.port) < (other, right.port)
    case (.v6(let oneHigh, let oneLow), .v6(let otherHigh, let otherLow)):
      (oneHigh, oneLow, left.port) < (otherHigh, otherLow, right.port)
    // Six bytes against the first six of eighteen; the shorter comes first where they are alike.
    case (.v4(let word), .v6(let high, _)):
      UInt64(word) << 16 | UInt64(left.port) <= high >> 16
    case (.v6(let high, _), .v4(let word)):
      high >> 16 < UInt64(word) << 16 | UInt64(right.port)
    }
  }
}
