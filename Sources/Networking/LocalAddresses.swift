import CLinux
import Glibc
public import TorrentModel

/// The machine's own addresses.
public enum LocalAddresses {
  /// The addresses at which others may reach a socket bound to `address`: itself, or, when it is
  /// unspecified, those of all interfaces that are up, IPv4 first. Loopback only where there is
  /// nothing else; link-local ones never, as they mean nothing without the link.
  public static func reachable(from address: Address) -> [Address] {
    guard address.isUnspecified else { return [address] }
    let all = ofInterfaces().filter { !$0.isLinkLocal && !$0.isUnspecified }
    let others = all.filter { !$0.isLoopback }
    let chosen = others.isEmpty ? all : others
    return chosen.filter(\.isV4) + chosen.filter { !$0.isV4 }
  }

  /// The address that this machine has on the way to another.
  public static func source(towards endpoint: Endpoint) -> Address? {
    let number = shoal_socket_datagram(endpoint.family)
    guard number >= 0 else { return nil }
    let socket = FileDescriptor(owning: number)
    // Nothing is sent: the kernel only looks for the way.
    guard SocketAddress(endpoint).withPointer({ connect(number, $0, $1) }) == 0 else { return nil }
    return StreamSocket.localEndpoint(of: socket.number)?.address
  }

  /// Interfaces that are up and carry multicast, each once for a family that it has an address of.
  ///
  /// - Parameter address: only the interface that has it, unless it is unspecified.
  public static func multicastInterfaces(
    with address: Address
  ) -> [(index: UInt32, isV4: Bool)] {
    var found: [(index: UInt32, isV4: Bool)] = []
    forEachInterface { entry, own in
      guard entry.ifa_flags & UInt32(IFF_MULTICAST) != 0,
        address.isUnspecified || own == address, let name = entry.ifa_name
      else { return }
      let index = if_nametoindex(name)
      guard index > 0, !found.contains(where: { $0 == (index, own.isV4) }) else { return }
      found.append((index, own.isV4))
    }
    return found
  }

  private static func ofInterfaces() -> [Address] {
    var addresses: [Address] = []
    forEachInterface { _, address in if !addresses.contains(address) { addresses.append(address) } }
    return addresses
  }

  private static func forEachInterface(_ body: (ifaddrs, Address) -> Void) {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      guard entry.pointee.ifa_flags & UInt32(IFF_UP) != 0,
        let pointer = entry.pointee.ifa_addr, let address = address(pointer)
      else { continue }
      body(entry.pointee, address)
    }
  }

  private static func address(_ pointer: UnsafeMutablePointer<sockaddr>) -> Address? {
    let bytes = UnsafeRawPointer(pointer)
    // The family comes first in every address. Read as a number, since libcurl's headers name the type
    // `sockaddr`, too, and the importer may take it for theirs.
    switch Int32(bytes.load(as: sa_family_t.self)) {
    case AF_INET:
      return .v4(UInt32(bigEndian: bytes.load(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6:
      let plain = bytes.load(as: sockaddr_in6.self).sin6_addr
      return withUnsafeBytes(of: plain) { Address(bytes: $0) }
    default:
      return nil
    }
  }
}
