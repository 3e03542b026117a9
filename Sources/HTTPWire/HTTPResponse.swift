/// One response, written whole: its length is always known (RFC 9112).
public struct HTTPResponse: Sendable {
  public var status: HTTPStatus
  /// Without Content-Length and Connection, which the encoder writes.
  public private(set) var headers: [(name: String, value: String)] = []
  public var body: [UInt8]

  public init(_ status: HTTPStatus, contentType: String? = nil, body: [UInt8] = []) {
    self.status = status
    self.body = body
    if let contentType { addHeader("Content-Type", contentType) }
  }

  /// - Precondition: the value holds no line break or other control character; text from the
  ///   network is checked with `isHeaderValue` first.
  public mutating func addHeader(_ name: String, _ value: String) {
    precondition(
      !name.isEmpty && name.utf8.allSatisfy(\.isTokenCharacter), "a header name is a token")
    precondition(Self.isHeaderValue(value), "a header value holds no control character")
    headers.append((name, value))
  }

  public static func isHeaderValue(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }
  }

  /// Appends the response as it goes over the wire.
  ///
  /// - Parameters:
  ///   - keepsAlive: whether the connection stays open after it.
  ///   - omitsBody: for HEAD, which is answered with the length of a body that does not follow.
  ///   - length: bytes of a body that somebody else sends behind this.
  public func encode(
    into bytes: inout [UInt8], keepsAlive: Bool, omitsBody: Bool = false, length: UInt64? = nil
  ) {
    bytes.append(contentsOf: "HTTP/1.1 ".utf8)
    bytes.append(contentsOf: String(status.code).utf8)
    bytes.append(UInt8(ascii: " "))
    bytes.append(contentsOf: status.reason.utf8)
    for header in headers { Self.append(header.name, header.value, to: &bytes) }
    if !status.forbidsBody {
      Self.append("Content-Length", String(length ?? UInt64(body.count)), to: &bytes)
    }
    Self.append("Connection", keepsAlive ? "keep-alive" : "close", to: &bytes)
    bytes.append(contentsOf: "\r\n\r\n".utf8)
    if !omitsBody, !status.forbidsBody { bytes.append(contentsOf: body) }
  }

  /// Appends the head of an answer whose length is not known: the connection ends with it.
  public func encodeUnending(into bytes: inout [UInt8]) {
    bytes.append(contentsOf: "HTTP/1.1 \(status.code) \(status.reason)".utf8)
    for header in headers { Self.append(header.name, header.value, to: &bytes) }
    Self.append("Connection", "close", to: &bytes)
    bytes.append(contentsOf: "\r\n\r\n".utf8)
  }

  /// The answer to a request, with the body and the connection as the request wants them.
  public func encode(answering request: HTTPRequest) -> [UInt8] {
    var bytes: [UInt8] = []
    encode(
      into: &bytes, keepsAlive: request.keepsAlive, omitsBody: request.method == "HEAD")
    return bytes
  }

  private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "\r\n".utf8)
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: ": ".utf8)
    bytes.append(contentsOf: value.utf8)
  }
}

extension HTTPResponse {
  /// The last answer on a connection whose bytes could not be read.
  public init(_ error: HTTPError) {
    self.init(
      error.status, contentType: "text/plain; charset=utf-8",
      body: Array("\(error.fault.rawValue)\n".utf8))
  }
}
