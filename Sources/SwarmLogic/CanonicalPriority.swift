import Hashing
public import TorrentModel

/// How much two peers should care for a connection between them (BEP 40): a number that both ends
/// compute alike and nobody can choose, so that a swarm whose members keep their best connections is
/// a well-mixed graph, whoever came first and however many addresses somebody has.
public enum CanonicalPriority {
  /// Greater is better. Addresses of different families have no order of their own: they are compared
  /// as IPv6 would write them.
  public static func of(_ one: Endpoint, _ other: Endpoint) -> UInt32 {
    guard one.address != other.address else {
      let ports = [one.port, other.port].sorted()
      return CRC32C.checksum(ports.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] })
    }
    let isV4 = one.address.isV4 && other.address.isV4
    let first = isV4 ? one.address.bytes : one.address.mapped
    let second = isV4 ? other.address.bytes : other.address.mapped
    // Of neighbours more of the address counts: one byte behind what they have in common. The rest
    // counts by every other bit.
    let shared = zip(first, second).prefix { $0 == $1 }.count
    let whole = max(isV4 ? 2 : 6, shared + 1)
    let masked = [first, second].map { bytes in
      bytes.enumerated().map { $0.offset < whole ? $0.element : $0.element & 0x55 }
    }
    let isInOrder = masked[0].lexicographicallyPrecedes(masked[1])
    return CRC32C.checksum(isInOrder ? masked[0] + masked[1] : masked[1] + masked[0])
  }
}

extension Address {
  /// Sixteen bytes, an IPv4 address mapped (RFC 4291, section 2.5.5.2).
  fileprivate var mapped: [UInt8] {
    isV4 ? Array(repeating: 0, count: 10) + [0xff, 0xff] + bytes : bytes
  }
}
