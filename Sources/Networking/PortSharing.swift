import CLinux
import Glibc
import TorrentModel

/// How a socket shares its port with sockets of other threads, over which the kernel spreads clients
/// by their address (SO_REUSEPORT).
public enum PortSharing: Hashable, Sendable {
  /// Not at all.
  case none
  /// Takes the port alone, so that another process that has it is found out, and then lets others
  /// join.
  case first
  /// Joins a socket of this process.
  case joining

  func bind(_ number: Int32, to endpoint: Endpoint) -> Bool {
    if self == .joining { _ = shoal_socket_set_reuse_port(number) }
    guard SocketAddress(endpoint).withPointer({ Glibc.bind(number, $0, $1) }) == 0 else {
      return false
    }
    if self == .first { _ = shoal_socket_set_reuse_port(number) }
    return true
  }
}
