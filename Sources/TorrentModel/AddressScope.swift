/// How far from this machine an address is, nearest first, by the registries of RFC 6890.
public enum AddressScope: Int, Comparable, Sendable, CustomStringConvertible {
  /// Loopback.
  case machine
  /// Link-local, which means something on one link only; clouds keep their credentials there.
  case link
  /// Private networks, shared ones of carriers (RFC 6598) and those of benchmarks (RFC 2544).
  case site
  /// The internet.
  case world
  /// No host: unspecified, multicast, broadcast, reserved, and forms of translation that stand for
  /// an IPv4 address which nobody may translate.
  case nowhere

  public static func < (left: AddressScope, right: AddressScope) -> Bool {
    left.rawValue < right.rawValue
  }

  public var description: String {
    switch self {
    case .machine: "an address of this machine"
    case .link: "a link-local address"
    case .site: "an address of a private network"
    case .world: "a public address"
    case .nowhere: "the address of no host"
    }
  }
}

extension Address {
  public var scope: AddressScope {
    switch self {
    case .v4(let word): Self.scope(v4: word)
    case .v6(let high, let low): Self.scope(high, low)
    }
  }

  private static func scope(v4 word: UInt32) -> AddressScope {
    switch word {
    case word where word >> 24 == 127: .machine
    case word where word >> 16 == 0xa9fe: .link  // 169.254/16, RFC 3927
    case word where word >> 24 == 0 || word >> 28 >= 0xe: .nowhere  // 0/8, 224/4, 240/4
    case word where word >> 24 == 10 || word >> 20 == 0xac1 || word >> 16 == 0xc0a8:
      .site  // 10/8, 172.16/12, 192.168/16: RFC 1918
    case word where word >> 22 == 0x6440 >> 6: .site  // 100.64/10
    case word where word >> 8 == 0xc0_0000 || word >> 17 == 0xc612 >> 1:
      .site  // 192.0.0/24, 198.18/15
    default: .world
    }
  }

  private static func scope(_ high: UInt64, _ low: UInt64) -> AddressScope {
    switch high {
    case 0 where low == 1: .machine
    case 0 where low >> 32 == 0xffff: scope(v4: UInt32(truncatingIfNeeded: low))  // IPv4-mapped
    case 0: .nowhere  // unspecified, IPv4-compatible: RFC 4291, 2.5.5.1
    case high where high >> 56 == 0xff: .nowhere  // multicast
    case high where high >> 54 == 0xfe80 >> 6: .link  // fe80::/10
    case high where high >> 54 == 0xfec0 >> 6 || high >> 57 == 0xfc >> 1:
      .site  // fec0::/10 of old, fc00::/7: RFC 4193
    case 0x0100_0000_0000_0000: .nowhere  // 100::/64 discards: RFC 6666
    case high where high >> 16 == 0x0064_ff9b_0001: .nowhere  // 64:ff9b:1::/48: RFC 8215
    case 0x0064_ff9b_0000_0000 where low >> 32 == 0:
      translated(UInt32(truncatingIfNeeded: low))  // 64:ff9b::/96: RFC 6052
    case high where high >> 48 == 0x2002:
      translated(UInt32(truncatingIfNeeded: high >> 16))  // 2002::/16: RFC 3056
    case high where high >> 32 == 0x2001_0000:
      translated(~UInt32(truncatingIfNeeded: low))  // 2001::/32: RFC 4380
    default: .world
    }
  }

  /// Translation is for public addresses only (RFC 6052, section 3.1): another in there is a way
  /// around a filter.
  private static func translated(_ word: UInt32) -> AddressScope {
    scope(v4: word) == .world ? .world : .nowhere
  }
}
