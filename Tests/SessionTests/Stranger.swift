import Glibc
import TorrentModel

/// A socket on this machine that says whatever a test wants, in whatever parts.
final class Stranger {
  private let socket: Int32
  private(set) var received: [UInt8] = []
  /// The other end is gone.
  private(set) var hasEnded = false

  /// - Parameter from: where it comes from; any port of 127.0.0.1 where there is none.
  init(to endpoint: Endpoint, from source: Endpoint? = nil) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard socket >= 0 else { throw Failure(code: errno) }
    if let source {
      var yes: Int32 = 1
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
      guard Self.call(bind, socket, source) == 0 else { throw Failure(code: errno) }
    }
    guard Self.call(connect, socket, endpoint) == 0 || errno == EINPROGRESS else {
      throw Failure(code: errno)
    }
    // A reset leaves the port free for the next that comes from it.
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
  }

  deinit { close(socket) }

  struct Failure: Error { let code: Int32 }

  private static func call(
    _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ socket: Int32,
    _ endpoint: Endpoint
  ) -> Int32 {
    guard case .v4(let word) = endpoint.address else { preconditionFailure("IPv4 only") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = endpoint.port.bigEndian
    address.sin_addr.s_addr = word.bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        function(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  func say(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  /// Takes in what has come; whether the connection still stands.
  @discardableResult
  func listen() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !hasEnded {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count > 0 {
        received += buffer.prefix(count)
      } else if count == 0 || (errno != EAGAIN && errno != ENOTCONN) {
        hasEnded = true
      } else {
        break
      }
    }
    return !hasEnded
  }
}
