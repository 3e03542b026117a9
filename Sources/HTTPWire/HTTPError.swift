/// Why bytes are no request we serve, with the offset of the byte at fault and the status that
/// tells the client so. The connection ends with that answer: what follows cannot be framed.
public struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: String, Hashable, Sendable {
    case bareCarriageReturn = "a carriage return without its line feed"
    case bareLineFeed = "a line feed without its carriage return"
    case controlCharacter = "a control character in the head"
    case headTooLong = "the head is longer than allowed"
    case targetTooLong = "the request line is longer than allowed"
    case tooManyHeaders = "more headers than allowed"
    case malformedRequestLine = "a malformed request line"
    case unsupportedVersion = "neither HTTP/1.0 nor HTTP/1.1"
    case malformedTarget = "a malformed request target"
    case malformedEscape = "a broken percent escape"
    case unsafePath = "a path with dot segments, escaped slashes or control characters"
    case malformedHeader = "a malformed header"
    case foldedHeader = "a header folded over lines"
    case missingHost = "no Host header"
    case malformedHost = "a repeated or malformed Host header"
    case malformedContentLength = "a repeated or malformed Content-Length"
    case ambiguousLength = "both Content-Length and Transfer-Encoding"
    case lengthRequired = "a chunked body, where a Content-Length is required"
    case unsupportedTransferEncoding = "a transfer coding that is not supported"
    case bodyTooLong = "a body longer than allowed"
  }

  public let fault: Fault
  /// Offset from the first byte of the request, in bytes.
  public let position: Int

  public init(_ fault: Fault, at position: Int) {
    self.fault = fault
    self.position = position
  }

  /// The status to answer with before closing (RFC 9110, section 15).
  public var status: HTTPStatus {
    switch fault {
    case .headTooLong, .tooManyHeaders: .requestHeaderFieldsTooLarge
    case .targetTooLong: .uriTooLong
    case .unsupportedVersion: .versionNotSupported
    case .lengthRequired: .lengthRequired
    case .unsupportedTransferEncoding: .notImplemented
    case .bodyTooLong: .contentTooLarge
    default: .badRequest
    }
  }

  public var description: String { "\(fault.rawValue) at byte \(position)" }
}
