import Glibc
import TorrentModel

/// Host names to addresses by the system's resolver. Waits for the network: never on a loop.
enum NameLookup {
  static func endpoints(of host: String, port: UInt16) -> [Endpoint] {
    if let address = Address(text: host) { return [Endpoint(address, port: port)] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var endpoints: [Endpoint] = []
    var next = list
    while let entry = next {
      if let address = Self.address(entry.pointee) {
        let endpoint = Endpoint(address, port: port)
        if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
      }
      next = entry.pointee.ai_next
    }
    return endpoints
  }

  private static func address(_ entry: addrinfo) -> Address? {
    guard let pointer = entry.ai_addr else { return nil }
    let bytes = UnsafeRawPointer(pointer)
    switch entry.ai_family {
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
