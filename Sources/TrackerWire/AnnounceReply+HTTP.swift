import Bencoding
import TorrentModel

/// Responses as bencoded bodies (BEP 3, 7, 21, 23, 24, 31).
public enum HTTPTrackerCodec {
  public static func encode(_ reply: AnnounceReply) -> [UInt8] {
    switch reply {
    case .success(let response): response.body
    case .failure(let failure): BencodeEncoder.encode(.dictionary(failure.entries))
    }
  }

  /// Reads what a tracker answered to an announce. Counts and intervals are clamped and peers that
  /// cannot be dialled dropped, because trackers do send such; what has the wrong shape is refused.
  public static func decodeAnnounceReply(
    _ body: [UInt8]
  ) throws(TrackerWireError) -> AnnounceReply {
    let value = try decode(body)
    if let failure = try TrackerFailure(value) { return .failure(failure) }
    return .success(try AnnounceResponse(value))
  }

  static func decode(_ body: [UInt8]) throws(TrackerWireError) -> BencodeValue {
    guard body.count <= TrackerLimits.longestResponse else { throw .tooLong }
    // A described peer is a dictionary, which counts as three, and three values.
    let limits = BencodeDecoder.Limits(
      depth: 8, values: TrackerLimits.mostPeers * 6 + 100, length: TrackerLimits.longestResponse)
    do {
      let value = try BencodeDecoder(limits: limits).decode(body)
      guard value.entries != nil else { throw TrackerWireError.wrongType("the response") }
      return value
    } catch let error as BencodeError {
      throw .notBencoded(error)
    } catch let error as TrackerWireError {
      throw error
    } catch {
      preconditionFailure("decoding throws its own errors only")
    }
  }
}

extension TrackerFailure {
  var entries: [(String, BencodeValue)] {
    var entries: [(String, BencodeValue)] = [("failure reason", .string(reason))]
    switch retry {
    case .after(let minutes): entries.append(("retry in", .integer(Int64(minutes))))
    case .never: entries.append(("retry in", .string("never")))
    case nil: break
    }
    return entries
  }

  /// `nil` when the response is no failure.
  init?(_ value: BencodeValue) throws(TrackerWireError) {
    guard let reason = value["failure reason"] else { return nil }
    guard let bytes = reason.string else { throw .wrongType("failure reason") }
    self.init(String(decoding: bytes.prefix(TrackerLimits.longestText), as: UTF8.self))
    let advice = value["retry in"]
    if advice?.text == "never" {
      retry = .never
    } else if let minutes = advice?.integer ?? advice?.text.flatMap({ Int64($0) }) {
      retry = .after(minutes: Int(min(max(minutes, 1), Int64(TrackerLimits.longestInterval / 60))))
    }
  }
}

extension AnnounceResponse {
  init(_ value: BencodeValue) throws(TrackerWireError) {
    let named = ["interval", "peers", "peers6"].contains { value[$0] != nil }
    guard named else { throw .wrongType("interval") }
    let interval = try Self.integer(value, "interval") ?? Int64(TrackerLimits.standardInterval)
    self.init(interval: TrackerLimits.interval(interval))
    minInterval = try Self.integer(value, "min interval").map(TrackerLimits.interval)
    complete = try Self.count(value, "complete")
    incomplete = try Self.count(value, "incomplete")
    downloaders = try Self.count(value, "downloaders")
    peers = try Self.peers(value)
    externalAddress = value["external ip"]?.string.flatMap { Address(bytes: $0) }
    if let id = value["tracker id"]?.string, id.count <= TrackerLimits.longestText {
      trackerID = Array(id)
    }
    warning = value["warning message"]?.string.map {
      String(decoding: $0.prefix(TrackerLimits.longestText), as: UTF8.self)
    }
  }

  private static func integer(
    _ value: BencodeValue, _ key: String
  ) throws(TrackerWireError) -> Int64? {
    guard let entry = value[key] else { return nil }
    guard let number = entry.integer else { throw .wrongType(key) }
    return number
  }

  /// Counts below zero are seen in the wild.
  private static func count(
    _ value: BencodeValue, _ key: String
  ) throws(TrackerWireError) -> Int? {
    try integer(value, key).map { Int(min(max($0, 0), Int64(UInt32.max))) }
  }

  private static func peers(_ value: BencodeValue) throws(TrackerWireError) -> PeerList {
    var room = TrackerLimits.mostPeers
    if let list = value["peers"]?.list {
      var described: [DescribedPeer] = []
      for entry in list.prefix(room) {
        if let peer = try DescribedPeer(entry) { described.append(peer) }
      }
      room -= described.count
      let v6 = try compact(value, "peers6", .v6, room: room)
      return .described(described + v6.endpoints.map { DescribedPeer($0, id: nil) })
    }
    let v4 = try compact(value, "peers", .v4, room: room)
    let v6 = try compact(value, "peers6", .v6, room: room - v4.count)
    return .compact(v4: v4, v6: v6)
  }

  private static func compact(
    _ value: BencodeValue, _ key: String, _ family: AddressFamily, room: Int
  ) throws(TrackerWireError) -> CompactPeers {
    guard let entry = value[key] else { return CompactPeers(family) }
    guard let bytes = entry.string,
      let peers = CompactPeers(family, bytes: bytes.prefix(room * family.compactLength)),
      bytes.count.isMultiple(of: family.compactLength)
    else { throw .wrongType(key) }
    return peers.believable
  }
}

extension CompactPeers {
  /// Without endpoints nobody can be reached at. An IPv4-mapped address among IPv6 ones names a
  /// peer of the other family and is left out with them.
  var believable: CompactPeers {
    var kept = CompactPeers(family)
    for endpoint in endpoints where endpoint.isBelievable && endpoint.address.family == family {
      kept.append(endpoint)
    }
    return kept
  }
}

extension DescribedPeer {
  /// `nil` for a peer that cannot be dialled, host names among them: resolving names that a tracker
  /// chose would let it aim our look-ups.
  init?(_ value: BencodeValue) throws(TrackerWireError) {
    guard value.entries != nil, let host = value["ip"]?.string, let port = value["port"]?.integer
    else { throw .wrongType("peers") }
    guard let address = Address(text: String(decoding: host, as: UTF8.self)),
      let port = UInt16(exactly: port), Endpoint(address, port: port).isBelievable
    else { return nil }
    self.init(Endpoint(address, port: port), id: value["peer id"]?.string.flatMap(PeerID.init))
  }
}
