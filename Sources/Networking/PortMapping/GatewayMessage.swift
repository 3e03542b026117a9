public import TorrentModel

/// What is asked of a gateway that maps ports, and its answers: PCP (RFC 6887), and NAT-PMP (RFC 6886),
/// which came before it on the same port. IPv4 only: IPv6 has no addresses to map.
public enum GatewayMessage {
  public enum Transport: UInt8, CaseIterable, Hashable, Sendable {
    case tcp = 6
    case udp = 17
  }

  /// A mapping that is wanted, as it is or with a lifetime of 0 to be rid of it.
  public struct Wish: Hashable, Sendable {
    public var transport: Transport
    public var port: UInt16
    /// The port outside that would be best.
    public var outside: UInt16
    /// Seconds.
    public var lifetime: UInt32

    public init(_ transport: Transport, port: UInt16, outside: UInt16, lifetime: UInt32) {
      self.transport = transport
      self.port = port
      self.outside = outside
      self.lifetime = lifetime
    }
  }

  public enum Answer: Hashable, Sendable {
    /// Of a port of ours: the port outside, and for how many seconds.
    case mapped(Transport, port: UInt16, outside: UInt16, lifetime: UInt32)
    /// It knows NAT-PMP only.
    case wantsOlderVersion
    case refused(String)
  }

  /// Where gateways listen.
  public static let port: UInt16 = 5351
  /// Bytes of a nonce, by which a gateway knows that it is we who change a mapping.
  public static let nonceLength = 12

  // MARK: PCP

  /// - Parameter client: our address on the way to the gateway.
  public static func pcp(_ wish: Wish, from client: Address, nonce: [UInt8]) -> [UInt8] {
    precondition(nonce.count == nonceLength, "a nonce of another length")
    var bytes: [UInt8] = [2, 1, 0, 0]
    bytes += word(wish.lifetime)
    bytes += mapped(client)
    bytes += nonce
    bytes += [wish.transport.rawValue, 0, 0, 0]
    bytes += half(wish.port) + half(wish.outside) + mapped(.v4(0))
    return bytes
  }

  /// - Returns: nil for what is no answer to that nonce.
  static func readPCP(_ bytes: [UInt8], nonce: [UInt8]) -> Answer? {
    guard bytes.count >= 24, bytes[1] == 0x81 else { return nil }
    guard bytes[3] == 0 else {
      return bytes[3] == 1 ? .wantsOlderVersion : .refused(pcpProblem(bytes[3]))
    }
    guard bytes.count >= 60, bytes[24..<36].elementsEqual(nonce),
      let transport = Transport(rawValue: bytes[36])
    else { return nil }
    return .mapped(
      transport, port: half(bytes, 40), outside: half(bytes, 42), lifetime: word(bytes, 4))
  }

  private static func pcpProblem(_ code: UInt8) -> String {
    switch code {
    case 2: "it is not allowed"
    case 7, 8: "it has no room left"
    default: "it answered \(code)"
    }
  }

  /// An IPv4 address as PCP has it, within IPv6.
  private static func mapped(_ address: Address) -> [UInt8] {
    let bytes = address.bytes
    guard bytes.count == 4 else { return bytes }
    return Array(repeating: 0, count: 10) + [0xff, 0xff] + bytes
  }

  // MARK: NAT-PMP

  public static func natPMP(_ wish: Wish) -> [UInt8] {
    [0, wish.transport == .udp ? 1 : 2, 0, 0] + half(wish.port) + half(wish.outside)
      + word(wish.lifetime)
  }

  static func readNATPMP(_ bytes: [UInt8]) -> Answer? {
    guard bytes.count >= 4, bytes[1] & 0x80 != 0 else { return nil }
    let result = half(bytes, 2)
    // What a gateway that has not heard of PCP says to it.
    guard result != 1 else { return .wantsOlderVersion }
    guard result == 0 else {
      return .refused(
        result == 2
          ? "it is not allowed" : result == 4 ? "it has no room left" : "it answered \(result)")
    }
    guard bytes.count >= 16, bytes[1] == 129 || bytes[1] == 130 else { return nil }
    return .mapped(
      bytes[1] == 129 ? .udp : .tcp, port: half(bytes, 8), outside: half(bytes, 10),
      lifetime: word(bytes, 12))
  }

  /// Reads a datagram of a gateway's, of whichever version.
  public static func read(_ bytes: [UInt8], nonce: [UInt8]) -> Answer? {
    switch bytes.first {
    case 0: readNATPMP(bytes)
    case 2: readPCP(bytes, nonce: nonce)
    default: nil
    }
  }

  // MARK: Numbers in network order

  private static func half(_ value: UInt16) -> [UInt8] {
    [UInt8(value >> 8), UInt8(value & 0xff)]
  }

  private static func word(_ value: UInt32) -> [UInt8] {
    half(UInt16(value >> 16)) + half(UInt16(truncatingIfNeeded: value))
  }

  private static func half(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
    UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }

  private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    UInt32(half(bytes, offset)) << 16 | UInt32(half(bytes, offset + 2))
  }
}
