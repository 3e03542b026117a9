public import HTTPWire
import TorrentModel

/// The announce as the query of a GET request (BEP 3).
extension AnnounceRequest {
  /// Reads a query. Unknown parameters are passed over; a known one may stand once only, or
  /// tracker and proxy could each believe another.
  public init(query: HTTPQuery) throws(TrackerWireError) {
    try self.init(query: query.raw.span.bytes)
  }

  /// The same of the bytes behind the question mark, where they lie. Allocates nothing for the
  /// parameters that clients repeat with every announce.
  public init(query: RawSpan) throws(TrackerWireError) {
    let parameters = try AnnounceParameters(query)
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
