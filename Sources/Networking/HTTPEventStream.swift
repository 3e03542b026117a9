/// An answer without an end: server-sent events, or whatever else comes piece by piece. Owned by
/// whoever sends; the connection ends with it, or when the client goes.
///
/// The invariant: a client that does not listen costs no more than the server's `mostPendingBytes`;
/// what would not fit is dropped as a whole.
public final class HTTPEventStream {
  let contentType: String
  let headers: [(name: String, value: String)]
  weak var connection: HTTPServerConnection?

  /// - Parameter headers: besides Content-Type, with values that hold no control characters.
  public init(contentType: String, headers: [(name: String, value: String)] = []) {
    self.contentType = contentType
    self.headers = headers
  }

  public var isOpen: Bool { connection != nil }

  /// - Returns: whether the client will get it.
  @discardableResult
  public func send(_ text: String) -> Bool { connection?.sendEvents(Array(text.utf8)) ?? false }

  public func close() { connection?.close() }
}
