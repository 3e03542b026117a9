import HTTPWire
import TorrentModel

/// Who may use a tracker's admin listener: whoever has the token, from no page but its own.
///
/// The Host header is held to the names that the listener is known by, since a page anywhere can have
/// its own name resolve to this address; an Origin has to be the listener itself.
struct AdminGate: Sendable {
  private let hosts: [String]
  private let token: [UInt8]

  /// - Parameters:
  ///   - hosts: names and addresses, each with its port, as browsers write them.
  ///   - token: what requests have to show as a bearer token (RFC 6750).
  init(hosts: [String], token: String) {
    self.hosts = hosts.map { $0.lowercased() }
    self.token = Array(token.utf8)
  }

  /// Why a request is not even looked at; `nil` where it is.
  func strangeness(of request: HTTPRequest) -> HTTPResponse? {
    guard let host = request.host?.lowercased(), hosts.contains(host) else {
      return .error(.forbidden, "this listener is not known by that name; see --admin-host")
    }
    if let origin = request.headers["origin"]?.lowercased() {
      guard origin == "http://\(host)" || origin == "https://\(host)" else {
        return .error(.forbidden, "requests of other pages are refused")
      }
    }
    return nil
  }

  /// Takes as long for any wrong token of one length.
  func hasToken(_ request: HTTPRequest) -> Bool {
    guard let header = request.headers["authorization"] else { return false }
    let shown = Array(header.utf8)
    let right = Array("Bearer ".utf8) + token
    guard shown.count == right.count else { return false }
    return zip(shown, right).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
  }
}

extension HTTPResponse {
  static func json(_ value: JSONValue, _ status: HTTPStatus = .ok) -> HTTPResponse {
    var response = HTTPResponse(
      status, contentType: "application/json", body: Array((value.text + "\n").utf8))
    response.addHeader("Cache-Control", "no-store")
    response.addHeader("X-Content-Type-Options", "nosniff")
    return response
  }

  static func error(_ status: HTTPStatus, _ message: String) -> HTTPResponse {
    json(.object([("error", .string(message))]), status)
  }

  /// A page of ours, which may load nothing but its own style and script.
  static func page(_ contentType: String, _ body: String) -> HTTPResponse {
    var response = HTTPResponse(.ok, contentType: contentType, body: Array(body.utf8))
    response.addHeader("Cache-Control", "no-cache")
    response.addHeader(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
    response.addHeader("X-Content-Type-Options", "nosniff")
    response.addHeader("Referrer-Policy", "no-referrer")
    return response
  }

  /// A `.torrent` file to save.
  static func torrent(_ document: [UInt8], named name: String) -> HTTPResponse {
    var response = HTTPResponse(.ok, contentType: "application/x-bittorrent", body: document)
    // RFC 6266: the name as it is, percent-encoded.
    response.addHeader(
      "Content-Disposition",
      "attachment; filename*=UTF-8''\(PercentEncoding.encode(name.utf8)).torrent")
    response.addHeader("Cache-Control", "no-store")
    response.addHeader("X-Content-Type-Options", "nosniff")
    return response
  }
}
