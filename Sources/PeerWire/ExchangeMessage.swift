import Bencoding
public import TorrentModel

/// A `ut_pex` message (BEP 11): peers that the sender has met since the last one, and those that it
/// has lost.
public struct ExchangeMessage: Hashable, Sendable {
  /// What is told of a peer beside its address.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let prefersEncryption = Flags(rawValue: 0x01)
    /// It only uploads (BEP 21).
    public static let isSeed = Flags(rawValue: 0x02)
    public static let supportsUTP = Flags(rawValue: 0x04)
    public static let supportsHolepunch = Flags(rawValue: 0x08)
    /// The sender connected to it, so that others can, too.
    public static let isReachable = Flags(rawValue: 0x10)
  }

  public struct Peer: Hashable, Sendable {
    public var endpoint: Endpoint
    public var flags: Flags

    public init(_ endpoint: Endpoint, _ flags: Flags = []) {
      self.endpoint = endpoint
      self.flags = flags
    }
  }

  /// IPv4 before IPv6, as on the wire.
  public var added: [Peer]
  public var dropped: [Endpoint]

  /// Peers read of one list; BEP 11 has fifty sent, and a first message may have more.
  public static let mostRead = 200

  public init(added: [Peer], dropped: [Endpoint]) {
    self.added = added.filter(\.endpoint.address.isV4) + added.filter { !$0.endpoint.address.isV4 }
    self.dropped = dropped.filter(\.address.isV4) + dropped.filter { !$0.address.isV4 }
  }

  public var payload: [UInt8] {
    var pairs: [(String, BencodeValue)] = []
    for (isV4, suffix) in [(true, ""), (false, "6")] {
      let peers = added.filter { $0.endpoint.address.isV4 == isV4 }
      let gone = dropped.filter { $0.address.isV4 == isV4 }
      pairs.append(("added" + suffix, .string(peers.flatMap(\.endpoint.compact))))
      pairs.append(("added\(suffix).f", .string(peers.map(\.flags.rawValue))))
      pairs.append(("dropped" + suffix, .string(gone.flatMap(\.compact))))
    }
    return BencodeEncoder.encode(.dictionary(pairs))
  }

  /// - Throws: on bytes that are no dictionary, and on lists that hold no whole number of addresses.
  ///   Flags that are missing are none set.
  public init(payload: [UInt8]) throws(PeerWireError) {
    let value = try ExtensionPayload(payload).value
    guard value.entries != nil else {
      throw .badExtensionMessage("a peer exchange that is no dictionary")
    }
    var added: [Peer] = []
    var dropped: [Endpoint] = []
    for (suffix, length) in [("", 6), ("6", 18)] {
      let flags = Array(value["added\(suffix).f"]?.string ?? [])
      let endpoints = try Self.endpoints("added" + suffix, of: value, length: length)
      for (index, endpoint) in endpoints.enumerated() {
        added.append(Peer(endpoint, Flags(rawValue: index < flags.count ? flags[index] : 0)))
      }
      dropped += try Self.endpoints("dropped" + suffix, of: value, length: length)
    }
    self.init(added: added, dropped: dropped)
  }

  private static func endpoints(
    _ key: String, of value: BencodeValue, length: Int
  ) throws(PeerWireError) -> [Endpoint] {
    guard let bytes = value[key]?.string else { return [] }
    guard bytes.count.isMultiple(of: length) else {
      throw .badExtensionMessage("'\(key)' of \(bytes.count) bytes in a peer exchange")
    }
    var endpoints: [Endpoint] = []
    var start = bytes.startIndex
    while start < bytes.endIndex, endpoints.count < mostRead {
      if let endpoint = Endpoint(compact: bytes[start..<start + length]) {
        endpoints.append(endpoint)
      }
      start += length
    }
    return endpoints
  }
}
