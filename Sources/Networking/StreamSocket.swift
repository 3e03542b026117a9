import CLinux
import Glibc
public import TorrentModel

/// TCP sockets, each a non-blocking descriptor with one owner.
public enum StreamSocket {
  /// Bytes that may wait unsent in the kernel: enough to keep a fast link busy between two turns of
  /// the loop, little enough that a cancelled request is not already past recall.
  static let unsentMark: Int32 = 512 << 10

  /// A socket whose connection to `endpoint` is under way; writable once it stands or has failed.
  ///
  /// - Parameter source: the local address to come from, if one was chosen.
  public static func connect(
    to endpoint: Endpoint, from source: Address?
  ) throws(NetworkError) -> FileDescriptor {
    let number = shoal_socket_stream(endpoint.family)
    guard number >= 0 else { throw NetworkError("socket") }
    let socket = FileDescriptor(owning: number)
    tune(number)
    if let source, source.isV4 == endpoint.address.isV4, !source.isUnspecified {
      let local = Endpoint(source, port: 0)
      guard SocketAddress(local).withPointer({ bind(number, $0, $1) }) == 0 else {
        throw NetworkError("bind", on: "\(source)")
      }
    }
    let result = SocketAddress(endpoint).withPointer { Glibc.connect(number, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else {
      throw NetworkError("connect", on: "\(endpoint)")
    }
    return socket
  }

  /// Replies are batched by the loop already, so the kernel need not wait for more.
  static func tune(_ number: Int32) {
    _ = shoal_socket_set_no_delay(number)
    _ = shoal_socket_set_unsent_mark(number, unsentMark)
  }

  /// The endpoint at this end of a connected or bound socket.
  public static func localEndpoint(of number: Int32) -> Endpoint? {
    var address = SocketAddress()
    let result = address.withMutablePointer { storage, length in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, length) }
    }
    return result == 0 ? address.endpoint : nil
  }
}
