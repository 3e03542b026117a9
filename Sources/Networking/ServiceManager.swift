import CLinux
import Glibc

/// Tells systemd how a service stands (sd_notify(3)). Without systemd it tells nobody.
public enum ServiceManager {
  public enum State: String, Sendable {
    case ready = "READY=1"
    case reloading = "RELOADING=1"
    case stopping = "STOPPING=1"
  }

  public static func tell(_ state: State) {
    guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else { return }
    var text = state.rawValue
    if state == .reloading {
      text += "\nMONOTONIC_USEC=\(shoal_monotonic_nanoseconds() / 1000)"
    }
    send(Array(text.utf8), to: Array(path.utf8))
  }

  private static func send(_ message: [UInt8], to path: [UInt8]) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.count > 1, path.count < room.count else { return false }
      room.copyBytes(from: path)
      // An at sign stands for the zero byte of a name that is in no folder.
      if path[0] == UInt8(ascii: "@") { room[0] = 0 }
      return true
    }
    guard fits else { return }
    let number = shoal_socket_datagram(AF_UNIX)
    guard number >= 0 else { return }
    defer { close(number) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(number, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}
