public import HTTPWire

/// An answer that may come later. Its connection reads nothing further meanwhile, and may be gone
/// when the answer is there.
public final class HTTPPromise {
  private weak var connection: HTTPServerConnection?
  private let request: (keepsAlive: Bool, isHead: Bool)
  private var response: HTTPResponse?
  private var isAwaited = false

  init(_ request: HTTPRequest, on connection: HTTPServerConnection) {
    self.connection = connection
    self.request = (request.keepsAlive, request.method == "HEAD")
  }

  /// Gives the answer. To be called once, on the server's loop.
  public func fulfil(_ response: HTTPResponse) {
    guard isAwaited else {
      self.response = response
      return
    }
    connection?.take(response, keepsAlive: request.keepsAlive, omitsBody: request.isHead)
    connection = nil
  }

  /// The answer, where it was given at once; from here on the connection waits for it.
  func beginWaiting() -> HTTPResponse? {
    isAwaited = true
    return response
  }
}
