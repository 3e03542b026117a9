public import ChordWire
import Hashing
public import TorrentModel

/// Where the nodes of an open ring stand: bound to their address, so that nobody chooses the key he
/// would like to own.
///
/// The first 21 bits follow from the address and one of eight numbers, by the rule of BEP 42; the
/// rest from address, port and number, so that nodes behind one address do not all stand together.
/// The numbers above 0 are scattered once more: BEP 42's checksum is linear, so two hosts that stand
/// close by one number would do so by each, and eight nodes of a host would even out no more than one.
/// Addresses of one's own machine or network prove nothing and follow the second rule alone.
extension Identifier {
  /// Virtual nodes of one endpoint at most.
  public static let mostNodesPerEndpoint = 8

  /// - Precondition: `number` is in 0..<8.
  public static func ofNode(at endpoint: Endpoint, number: Int) -> Identifier {
    precondition((0..<mostNodesPerEndpoint).contains(number), "one of eight nodes of an endpoint")
    var bytes = SHA1.hash(endpoint.compact + [UInt8(number)]).bytes
    if !endpoint.address.isLocal {
      bytes[19] = bytes[19] & ~7 | UInt8(number)
      let checksum = addressPrefix(endpoint.address, number: UInt8(number))
      let prefix = number == 0 ? checksum : scattered(checksum)
      bytes[0] = UInt8(truncatingIfNeeded: prefix >> 24)
      bytes[1] = UInt8(truncatingIfNeeded: prefix >> 16)
      bytes[2] = UInt8(truncatingIfNeeded: prefix >> 8) & 0xf8 | bytes[2] & 7
    }
    return Identifier(SHA1Bytes: bytes)
  }

  /// Whether a node at this endpoint may stand here.
  public func isOfNode(at endpoint: Endpoint) -> Bool {
    (0..<Self.mostNodesPerEndpoint).contains { Self.ofNode(at: endpoint, number: $0) == self }
  }

  private init(SHA1Bytes bytes: [UInt8]) {
    guard let identifier = Identifier(bytes: bytes) else {
      preconditionFailure("a digest has twenty bytes")
    }
    self = identifier
  }

  /// One to one, and not linear: the finalizer of MurmurHash3.
  private static func scattered(_ word: UInt32) -> UInt32 {
    var word = (word ^ word >> 16) &* 0x85eb_ca6b
    word = (word ^ word >> 13) &* 0xc2b2_ae35
    return word ^ word >> 16
  }

  /// crc32c of the address, masked so that neighbours share few of the prefixes (BEP 42).
  static func addressPrefix(_ address: Address, number: UInt8) -> UInt32 {
    let mask: [UInt8] =
      address.isV4
      ? [0x03, 0x0f, 0x3f, 0xff] : [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff]
    var masked = zip(address.bytes, mask).map { $0 & $1 }
    masked[0] |= number << 5
    return CRC32C.checksum(masked)
  }
}

extension Address {
  /// Loopback, link-local and private networks (RFC 1918, RFC 4193), exempt from BEP 42.
  fileprivate var isLocal: Bool {
    if isLoopback || isLinkLocal { return true }
    switch self {
    case .v4(let word):
      return word >> 24 == 10 || word >> 20 == 0xac1 || word >> 16 == 0xc0a8
    case .v6(let high, _): return high >> 57 == 0xfc >> 1
    }
  }
}
