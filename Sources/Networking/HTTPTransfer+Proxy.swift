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
    var host = [CChar](repeating: 0, count: longestHost + 1)
    var port: UInt32 = 0
    guard shoal_curl_read_server(url, &host, host.count, &port) == 0,
      let port = UInt16(exactly: port)
    else { return nil }
    let bytes = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return (String(decoding: bytes, as: UTF8.self).lowercased(), port)
  }

  /// Of a name in the DNS (RFC 1035, section 2.3.4), in bytes; a longer one is none.
  private static let longestHost = 255
}
