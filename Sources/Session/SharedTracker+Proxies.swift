import HTTPWire
import TorrentModel
import TrackerWire

extension SharedTracker {
  /// Where an announce over HTTP comes from: the address of its connection or, where that is a
  /// trusted proxy's, the address that the proxy tells.
  ///
  /// - Throws: where a trusted proxy tells nothing: its own address would stand for all its clients.
  func source(
    of request: HTTPRequest, from client: Address
  ) throws(TrackerFailure) -> Address {
    guard trustedProxies.contains(client) else { return client }
    guard let address = request.forwardedFor else { throw .silentProxy }
    return address
  }
}

extension TrackerFailure {
  fileprivate static let silentProxy = TrackerFailure(
    "the tracker's proxy does not say where this comes from; it has to set X-Forwarded-For")
}
