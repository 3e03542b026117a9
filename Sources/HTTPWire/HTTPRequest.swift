/// One request, read whole (RFC 9112).
public struct HTTPRequest: Sendable {
  public let method: String
  public let target: HTTPTarget
  /// 0 or 1: the minor version of HTTP/1.
  public let minorVersion: Int
  public let headers: HTTPHeaders
  public internal(set) var body: [UInt8] = []

  /// The decoded path: the bytes behind the host, escapes resolved.
  public var path: [UInt8] { target.path }
  public var query: HTTPQuery { target.query }

  public func isFor(_ path: String) -> Bool { target.path.elementsEqual(path.utf8) }

  /// Whom the request was sent to: the target's authority where it has one, else the Host header
  /// (RFC 9112, section 3.2.2).
  public var host: String? { target.authority ?? headers["host"] }

  /// Whether the client expects further answers on this connection (RFC 9112, section 9.3).
  public var keepsAlive: Bool {
    if headers.list("connection", contains: "close") { return false }
    return minorVersion >= 1 || headers.list("connection", contains: "keep-alive")
  }
}

extension HTTPRequest {
  /// Reads a head of whole lines, the empty one at its end included.
  ///
  /// - Parameter head: its lines end in CRLF, hold no other control character than tab, and none
  ///   but the last is empty: the parser has seen to that.
  init(head: [UInt8]) throws(HTTPError) {
    var lines = HeadLines(head: head)
    let requestLine = lines.next()
    let parts = requestLine.split(
      separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(\.isTokenCharacter) else {
      throw HTTPError(.malformedRequestLine, at: 0)
    }
    method = String(decoding: parts[0], as: UTF8.self)
    minorVersion = try Self.minorVersion(parts[2])
    target = try HTTPTarget(parts[1], method: method, at: parts[1].startIndex)
    var headers = HTTPHeaders()
    while true {
      let line = lines.next()
      if line.isEmpty { break }
      try Self.read(line, into: &headers)
    }
    self.headers = headers
    try checkHost()
  }

  private static func minorVersion(_ version: ArraySlice<UInt8>) throws(HTTPError) -> Int {
    if version.elementsEqual("HTTP/1.1".utf8) { return 1 }
    if version.elementsEqual("HTTP/1.0".utf8) { return 0 }
    guard version.starts(with: "HTTP/".utf8), version.count == 8,
      version[version.startIndex + 5].isDigit, version[version.startIndex + 7].isDigit
    else { throw HTTPError(.malformedRequestLine, at: version.startIndex) }
    throw HTTPError(.unsupportedVersion, at: version.startIndex)
  }

  private static func read(
    _ line: ArraySlice<UInt8>, into headers: inout HTTPHeaders
  ) throws(HTTPError) {
    // A line that begins with white space would continue the one before (RFC 9112, section 5.2).
    guard let first = line.first, first != UInt8(ascii: " "), first != UInt8(ascii: "\t") else {
      throw HTTPError(.foldedHeader, at: line.startIndex)
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
      throw HTTPError(.malformedHeader, at: line.startIndex)
    }
    // White space before the colon has smuggled requests past proxies (RFC 9112, section 5.1).
    let name = line[..<colon]
    if let stranger = name.firstIndex(where: { !$0.isTokenCharacter }) {
      throw HTTPError(.malformedHeader, at: stranger)
    }
    headers.append(name: name, value: line[(colon + 1)...].trimmingWhitespace())
  }

  private func checkHost() throws(HTTPError) {
    let hosts = headers.values(of: "host")
    if hosts.isEmpty, minorVersion >= 1 { throw HTTPError(.missingHost, at: 0) }
    guard hosts.count <= 1, hosts.allSatisfy(HTTPTarget.isAuthority) else {
      throw HTTPError(.malformedHost, at: hosts.last?.startIndex ?? 0)
    }
  }

  /// The length of the body that follows, in bytes (RFC 9112, section 6.3).
  func bodyLength(limit: Int) throws(HTTPError) -> Int {
    let codings = headers.values(of: "transfer-encoding")
    let lengths = headers.values(of: "content-length")
    if let coding = codings.first {
      // Two ways to frame one message let two readers see two messages.
      guard lengths.isEmpty, minorVersion >= 1 else {
        throw HTTPError(.ambiguousLength, at: coding.startIndex)
      }
      let isChunked = codings.count == 1 && coding.equalsIgnoringCase("chunked")
      throw HTTPError(
        isChunked ? .lengthRequired : .unsupportedTransferEncoding, at: coding.startIndex)
    }
    guard let text = lengths.first else { return 0 }
    guard lengths.count == 1, !text.isEmpty, text.allSatisfy(\.isDigit) else {
      throw HTTPError(.malformedContentLength, at: text.startIndex)
    }
    var length = 0
    for digit in text {
      length = length * 10 + Int(digit - UInt8(ascii: "0"))
      guard length <= limit else { throw HTTPError(.bodyTooLong, at: text.startIndex) }
    }
    return length
  }
}

/// The lines of a head one by one, each without its CRLF.
private struct HeadLines {
  let head: [UInt8]
  var position = 0

  init(head: [UInt8]) { self.head = head }

  mutating func next() -> ArraySlice<UInt8> {
    let end = head[position...].firstIndex(of: UInt8(ascii: "\r")) ?? head.endIndex
    defer { position = min(end + 2, head.endIndex) }
    return head[position..<end]
  }
}
