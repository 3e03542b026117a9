import CCurl
import TorrentModel

// What is different behind a proxy: names are looked up there, so that no address is known that
// could be judged.
extension HTTPTransfer {
  /// Where an answer is from that came through a proxy: as far away as can be, so that it may name
  /// nothing that is near.
  static let beyondProxy = Endpoint(.v4(0x0101_0101), port: 0)

  /// Why nothing is asked for behind a proxy: an address stands in the URL, or a name of whatever
  /// machine reads it, that whoever named the URL may not have asked. Read as libcurl reads it, which
  /// takes `127.1` and `0x7f000001` for addresses, too.
  var refusalByName: String? {
    guard proxy != nil, fetch.origin != .user else { return nil }
    guard let (host, port) = Self.server(of: fetch.url) else { return "not a URL" }
    let name = host.last == "." ? host.dropLast() : host[...]
    let address =
      name == "localhost" || name.hasSuffix(".localhost")
      ? Address.v4(0x7f00_0001) : Address(text: name.drop { $0 == "[" }.prefix { $0 != "]" })
    guard let address else { return nil }
    let target = Endpoint(address, port: port)
    return fetch.origin.mayRequest(target, for: fetch.purpose)
      ? nil : fetch.origin.refusal(of: target, for: fetch.purpose)
  }

  /// Host, in lower case, and port of a URL.
  private static func server(of url: String) -> (host: String, port: UInt16)? {
    guard let parsed = curl_url() else { return nil }
    defer { curl_url_cleanup(parsed) }
    guard curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK,
      let host = text(CURLUPART_HOST, of: parsed),
      let port = text(CURLUPART_PORT, of: parsed).flatMap({ UInt16($0) })
    else { return nil }
    return (host.lowercased(), port)
  }

  private static func text(_ part: CURLUPart, of url: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_get(url, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else {
      return nil
    }
    defer { curl_free(text) }
    return String(cString: text)
  }
}
