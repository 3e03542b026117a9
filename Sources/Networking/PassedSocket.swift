import CLinux

/// A socket that a service manager has opened for this process, bound and, of TCP, listening
/// (sd_listen_fds(3)).
public enum PassedSocket: ~Copyable {
  case stream(FileDescriptor)
  case datagram(FileDescriptor)

  /// Hands each socket over. To be called once, before the process opens any descriptor of its own.
  ///
  /// - Throws: for what is neither TCP nor UDP.
  public static func takeAll(_ take: (consuming PassedSocket) -> Void) throws(NetworkError) {
    let count = shoal_take_passed_sockets()
    guard count >= 0 else { throw NetworkError("take over the sockets of the service manager") }
    for number in 3..<3 + count {
      let socket = FileDescriptor(owning: number)
      switch shoal_socket_is_stream(number) {
      case 1: take(.stream(socket))
      case 0: take(.datagram(socket))
      default: throw NetworkError("take over the sockets of the service manager")
      }
    }
  }
}
