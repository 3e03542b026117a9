import CCurl
import DeterministicCore
import HTTPWire
import TorrentModel

/// One fetch under way.
final class HTTPTransfer {
  /// Bytes of header lines, of all redirects and informational answers together. libcurl 7.88
  /// keeps every line it reads and bounds the length of each only.
  private static let longestHeaders = 256 << 10

  let id: HTTPFetchID
  /// What it goes through, if anything; see HTTPTransfer+Proxy.swift.
  let proxy: Proxy?
  let fetch: HTTPFetch
  private let receiver: (any HTTPBodyReceiver)?
  /// Nothing of it is wanted any more; it goes as soon as libcurl lets it.
  var isCancelled = false
  var isPaused = false
  private var hasBegun = false
  /// The receiver has had enough.
  private var isEnded = false
  private var contentRange: ContentRange?
  private var retryAfter: TimeSpan?
  private let handle: UnsafeMutableRawPointer
  private var body: [UInt8] = []
  private var headerBytes = 0
  /// Where the headers that came last are from: the hop that names the next one.
  private var answeredFrom: Endpoint?
  private var tooLong: String?
  private var refusal: String?
  let completion: (HTTPOutcome) -> Void

  init(
    _ fetch: HTTPFetch, _ handle: UnsafeMutableRawPointer, id: HTTPFetchID,
    proxy: Proxy?, receiver: (any HTTPBodyReceiver)?, completion: @escaping (HTTPOutcome) -> Void
  ) {
    self.id = id
    self.proxy = proxy
    self.fetch = fetch
    self.receiver = receiver
    self.handle = handle
    self.completion = completion
  }

  /// Makes the socket for one address that the host's name stands for, unless nothing may be sent
  /// there. Called for every hop and every address tried.
  func openSocket(to address: UnsafeMutableRawPointer) -> curl_socket_t {
    var length: UInt32 = 0
    guard let bytes = shoal_curl_address_name(address, &length) else { return CURL_SOCKET_BAD }
    let name = SocketAddress(copying: bytes, length: length)
    guard let endpoint = name.endpoint else { return CURL_SOCKET_BAD }
    if let proxy {
      // Nothing goes past the proxy, whatever libcurl makes of its options.
      return endpoint == proxy.endpoint ? shoal_curl_address_socket(address) : CURL_SOCKET_BAD
    }
    let (origin, purpose) = nextHop
    guard origin.mayRequest(endpoint, for: purpose) else {
      refusal = origin.refusal(of: endpoint, for: purpose)
      return CURL_SOCKET_BAD
    }
    return shoal_curl_address_socket(address)
  }

  /// Who names the hop that begins, and for what. A redirect is the word of whoever sent it,
  /// whoever named the first URL.
  private var nextHop: (RequestOrigin, RequestOrigin.Purpose) {
    guard hop > 0 else { return (fetch.origin, fetch.purpose) }
    return (.host(answeredFrom ?? Endpoint(.v4(0), port: 0)), .other)
  }

  private var hop: Int {
    var count = 0
    shoal_curl_get_long(handle, CURLINFO_REDIRECT_COUNT, &count)
    return count
  }

  /// Returns how many bytes were taken; fewer than offered ends the fetch.
  func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard !isCancelled else { return 0 }
    if let receiver { return hand(bytes, to: receiver) }
    guard body.count + bytes.count <= fetch.longestBody else {
      tooLong = "the answer is longer than \(fetch.longestBody) bytes"
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  private func hand(
    _ bytes: UnsafeRawBufferPointer, to receiver: any HTTPBodyReceiver
  ) -> Int {
    if !hasBegun {
      hasBegun = true
      receiver.received(
        HTTPHead(status: status, contentRange: contentRange, retryAfter: retryAfter))
    }
    switch receiver.received(bytes) {
    case .goOn: return bytes.count
    case .pause:
      isPaused = true
      return Int(CURL_WRITEFUNC_PAUSE)
    case .end:
      isEnded = true
      return 0
    }
  }

  private var status: Int {
    var status = 0
    shoal_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return status
  }

  /// What is wanted of the headers. A line that begins an answer forgets those of the one before.
  private func read(_ line: UnsafeRawBufferPointer) {
    if line.starts(with: Array("HTTP/".utf8)) {
      contentRange = nil
      retryAfter = nil
    }
    guard line.count < 256, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
      .prefix { $0 >= UInt8(ascii: " ") }
    switch name {
    case "content-range": contentRange = ContentRange(Array(value))
    case "retry-after":
      retryAfter = Int(String(decoding: value, as: UTF8.self)).map {
        .seconds(min(max(0, $0), 86_400))
      }
    default: break
    }
  }

  /// Counts a header line in; anything but its length returned ends the fetch.
  func note(_ line: UnsafeRawBufferPointer) -> Int {
    if headerBytes == 0 || answeredAt != hop { noteAnswer() }
    read(line)
    let headerLength = line.count
    headerBytes += headerLength
    guard headerBytes <= Self.longestHeaders else {
      tooLong = "the answer has more than \(Self.longestHeaders) bytes of headers"
      return 0
    }
    return headerLength
  }

  private var answeredAt = 0

  private func noteAnswer() {
    answeredAt = hop
    answeredFrom = proxy == nil ? nil : Self.beyondProxy
    guard proxy == nil else { return }
    var text: UnsafePointer<CChar>?
    var port = 0
    shoal_curl_get_text(handle, CURLINFO_PRIMARY_IP, &text)
    shoal_curl_get_long(handle, CURLINFO_PRIMARY_PORT, &port)
    guard let text, let address = Address(text: String(cString: text)),
      let port = UInt16(exactly: port)
    else { return }
    answeredFrom = Endpoint(address, port: port)
  }

  func outcome(_ code: CURLcode) -> HTTPOutcome {
    if let tooLong { return .failed(tooLong) }
    guard code == CURLE_OK || isEnded else {
      if code == CURLE_COULDNT_CONNECT, let refusal { return .failed(refusal) }
      return .failed(String(cString: curl_easy_strerror(code)))
    }
    guard let answeredFrom else { return .failed("no answer") }
    return .response(status: status, body: body, from: answeredFrom)
  }
}
