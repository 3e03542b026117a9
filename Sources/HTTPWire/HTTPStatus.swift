/// The status code of a response and the phrase that goes with it (RFC 9110, section 15).
public struct HTTPStatus: Hashable, Sendable, CustomStringConvertible {
  /// 100…599.
  public let code: UInt16
  public let reason: String

  public init(code: UInt16, reason: String) {
    precondition((100...599).contains(code), "a status code has three digits and a known class")
    self.code = code
    self.reason = reason
  }

  /// 1xx, 204 and 304 never carry a body (RFC 9112, section 6.3).
  var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }

  public var description: String { "\(code) \(reason)" }
}

extension HTTPStatus {
  public static let ok = HTTPStatus(code: 200, reason: "OK")
  public static let noContent = HTTPStatus(code: 204, reason: "No Content")
  public static let partialContent = HTTPStatus(code: 206, reason: "Partial Content")
  public static let rangeNotSatisfiable = HTTPStatus(code: 416, reason: "Range Not Satisfiable")
  public static let misdirected = HTTPStatus(code: 421, reason: "Misdirected Request")
  public static let badRequest = HTTPStatus(code: 400, reason: "Bad Request")
  public static let created = HTTPStatus(code: 201, reason: "Created")
  public static let unauthorized = HTTPStatus(code: 401, reason: "Unauthorized")
  public static let forbidden = HTTPStatus(code: 403, reason: "Forbidden")
  public static let conflict = HTTPStatus(code: 409, reason: "Conflict")
  public static let serviceUnavailable = HTTPStatus(code: 503, reason: "Service Unavailable")
  public static let notFound = HTTPStatus(code: 404, reason: "Not Found")
  public static let methodNotAllowed = HTTPStatus(code: 405, reason: "Method Not Allowed")
  public static let requestTimeout = HTTPStatus(code: 408, reason: "Request Timeout")
  public static let lengthRequired = HTTPStatus(code: 411, reason: "Length Required")
  public static let contentTooLarge = HTTPStatus(code: 413, reason: "Content Too Large")
  public static let uriTooLong = HTTPStatus(code: 414, reason: "URI Too Long")
  public static let requestHeaderFieldsTooLarge = HTTPStatus(
    code: 431, reason: "Request Header Fields Too Large")
  public static let notImplemented = HTTPStatus(code: 501, reason: "Not Implemented")
  public static let versionNotSupported = HTTPStatus(
    code: 505, reason: "HTTP Version Not Supported")
}
