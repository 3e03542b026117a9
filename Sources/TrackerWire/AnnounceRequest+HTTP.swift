public import HTTPWire
import TorrentModel

/// The announce as the query of a GET request (BEP 3).
extension AnnounceRequest {
  /// Reads a query. Unknown parameters are passed over; a known one may stand once only, or
  /// tracker and proxy could each believe another.
  public init(query: HTTPQuery) throws(TrackerWireError) {
    var parameters = Parameters()
    for pair in query { try parameters.take(pair) }
    guard let infoHash = parameters.infoHash else { throw .missing("info_hash") }
    guard let peerID = parameters.peerID else { throw .missing("peer_id") }
    guard let port = parameters.port else { throw .missing("port") }
    // Clients have long left the totals out; without `left` a peer counts as one that wants.
    self.init(
      infoHash: infoHash, peerID: peerID, port: port, left: parameters.left ?? Self.unknownLeft)
    uploaded = parameters.uploaded ?? 0
    downloaded = parameters.downloaded ?? 0
    event = parameters.event
    numWant = parameters.numWant.flatMap { $0 < 0 ? nil : $0 }
    key = parameters.key
    claimedAddress = parameters.address
    trackerID = parameters.trackerID
    wantsCompact = parameters.compact ?? false
    omitsPeerIDs = parameters.noPeerID ?? false
  }

  /// The parameters as they stand behind the question mark of an announce URL.
  public var query: String {
    var text = "info_hash=" + PercentEncoding.encode(infoHash.bytes)
    text += "&peer_id=" + PercentEncoding.encode(peerID.bytes)
    text += "&port=\(port)&uploaded=\(uploaded)&downloaded=\(downloaded)"
    // A size nobody knows yet must not look like a seed's; clients agree on some small number.
    text += "&left=\(left == Self.unknownLeft ? Self.leftBeforeMetadata : left)"
    if let event { text += "&event=\(event.name)" }
    if let numWant { text += "&numwant=\(numWant)" }
    if let key { text += "&key=" + Self.hexadecimal(key) }
    if let claimedAddress { text += "&ip=" + PercentEncoding.encode("\(claimedAddress)".utf8) }
    if let trackerID { text += "&trackerid=" + PercentEncoding.encode(trackerID) }
    text += "&compact=\(wantsCompact ? 1 : 0)"
    if omitsPeerIDs { text += "&no_peer_id=1" }
    return text
  }

  /// One block: what `left` says over HTTP before the metadata is there.
  static let leftBeforeMetadata: UInt64 = 16 << 10

  private static func hexadecimal(_ key: UInt32) -> String {
    let digits = String(key, radix: 16, uppercase: true)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// The parameters seen so far.
private struct Parameters {
  var infoHash: InfoHash?
  var peerID: PeerID?
  var port: UInt16?
  var uploaded: UInt64?
  var downloaded: UInt64?
  var left: UInt64?
  var event: AnnounceEvent?
  var numWant: Int?
  var key: UInt32?
  var address: Address?
  var trackerID: [UInt8]?
  var compact: Bool?
  var noPeerID: Bool?
  private var seen: Set<String> = []

  mutating func take(_ pair: HTTPQuery.Pair) throws(TrackerWireError) {
    let name = String(decoding: pair.rawName, as: UTF8.self)
    switch name {
    case "info_hash": infoHash = InfoHash(bytes: try bytes(of: pair, name))
    case "peer_id": peerID = PeerID(bytes: try bytes(of: pair, name))
    case "port": port = UInt16(exactly: try number(pair, name))
    case "uploaded": uploaded = try number(pair, name)
    case "downloaded": downloaded = try number(pair, name)
    case "left": left = try left(pair, name)
    case "event": event = try event(pair, name)
    case "numwant": numWant = try signed(pair, name)
    case "key": key = Self.key(try bytes(of: pair, name))
    case "ip": address = Address(text: String(decoding: try bytes(of: pair, name), as: UTF8.self))
    case "trackerid": trackerID = try text(pair, name)
    case "compact": compact = try flag(pair, name)
    case "no_peer_id": noPeerID = try flag(pair, name)
    default: return
    }
    if name == "info_hash" && infoHash == nil || name == "peer_id" && peerID == nil
      || name == "port" && port == nil
    {
      throw .malformed(name)
    }
  }

  private mutating func bytes(
    of pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> [UInt8] {
    guard seen.insert(name).inserted else { throw .repeated(name) }
    guard let bytes = pair.value else { throw .malformed(name) }
    return bytes
  }

  private mutating func number(
    _ pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> UInt64 {
    guard let number = Self.number(try bytes(of: pair, name)) else { throw .malformed(name) }
    return number
  }

  private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
    guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return UInt64(String(decoding: Array(digits), as: UTF8.self))
  }

  /// Some clients say -1 while they do not know, which over UDP is the same number.
  private mutating func left(
    _ pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> UInt64 {
    let bytes = try bytes(of: pair, name)
    if bytes.elementsEqual("-1".utf8) { return AnnounceRequest.unknownLeft }
    guard let number = Self.number(bytes) else { throw .malformed(name) }
    return number
  }

  /// A sign and digits; more than fits is as much as fits.
  private mutating func signed(
    _ pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> Int {
    let bytes = try bytes(of: pair, name)
    let digits = bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
    guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else {
      throw .malformed(name)
    }
    if digits.count < bytes.count { return -1 }
    return Int(clamping: Self.number(digits) ?? .max)
  }

  private mutating func event(
    _ pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> AnnounceEvent? {
    let bytes = try bytes(of: pair, name)
    // BEP 3 names `empty` for "no event", and some send the parameter without a value.
    if bytes.isEmpty || bytes.elementsEqual("empty".utf8) { return nil }
    guard let event = AnnounceEvent(name: bytes) else { throw .malformed(name) }
    return event
  }

  private mutating func flag(
    _ pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> Bool {
    let bytes = try bytes(of: pair, name)
    return !bytes.isEmpty && !bytes.elementsEqual("0".utf8)
  }

  private mutating func text(
    _ pair: HTTPQuery.Pair, _ name: String
  ) throws(TrackerWireError) -> [UInt8] {
    let bytes = try bytes(of: pair, name)
    guard bytes.count <= TrackerLimits.longestText else { throw .malformed(name) }
    return bytes
  }

  /// Clients write the key as up to eight hexadecimal digits; of any other text a hash is taken
  /// (FNV-1a), because only sameness counts.
  private static func key(_ bytes: [UInt8]) -> UInt32? {
    if bytes.isEmpty { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    if bytes.count <= 8, bytes.first != UInt8(ascii: "+"), bytes.first != UInt8(ascii: "-"),
      let key = UInt32(text, radix: 16)
    {
      return key
    }
    return bytes.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
