import CCurl
import TorrentModel

/// One fetch under way.
final class HTTPTransfer {
  /// Bytes of header lines, of all redirects and informational answers together. libcurl 7.88
  /// keeps every line it reads and bounds the length of each only.
  private static let longestHeaders = 256 << 10

  private let fetch: HTTPFetch
  private let handle: UnsafeMutableRawPointer
  private var body: [UInt8] = []
  private var headerBytes = 0
  /// Where the headers that came last are from: the hop that names the next one.
  private var answeredFrom: Endpoint?
  private var tooLong: String?
  private var refusal: String?
  let completion: (HTTPOutcome) -> Void

  init(
    _ fetch: HTTPFetch, _ handle: UnsafeMutableRawPointer,
    completion: @escaping (HTTPOutcome) -> Void
  ) {
    self.fetch = fetch
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
    let (origin, purpose) = nextHop
    guard origin.mayRequest(endpoint, for: purpose) else {
      refusal = origin.refusal(of: endpoint)
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
    guard body.count + bytes.count <= fetch.longestBody else {
      tooLong = "the answer is longer than \(fetch.longestBody) bytes"
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  /// Counts a header line in; anything but its length returned ends the fetch.
  func note(_ headerLength: Int) -> Int {
    if headerBytes == 0 || answeredAt != hop { noteAnswer() }
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
    answeredFrom = nil
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
    guard code == CURLE_OK else {
      if code == CURLE_COULDNT_CONNECT, let refusal { return .failed(refusal) }
      return .failed(String(cString: curl_easy_strerror(code)))
    }
    guard let answeredFrom else { return .failed("no answer") }
    var status = 0
    shoal_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return .response(status: status, body: body, from: answeredFrom)
  }
}
