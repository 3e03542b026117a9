import CLinux
import Glibc
import TorrentModel

/// The kernel's form of an endpoint. IPv6 flow labels and scopes are not kept.
struct SocketAddress {
  private(set) var storage = sockaddr_storage()
  private(set) var length: socklen_t = 0

  init() { length = socklen_t(MemoryLayout<sockaddr_storage>.size) }

  init(_ endpoint: Endpoint) {
    switch endpoint.address {
    case .v4(let word):
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = endpoint.port.bigEndian
      address.sin_addr.s_addr = word.bigEndian
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
    case .v6:
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = endpoint.port.bigEndian
      withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: endpoint.address.bytes) }
      length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in6.self) }
    }
  }

  /// A name of the kernel's form that somebody else holds.
  init(copying address: UnsafeRawPointer, length: socklen_t) {
    let count = min(Int(length), MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
    }
    self.length = socklen_t(count)
  }

  /// The endpoint named, when the family is one of the internet's.
  var endpoint: Endpoint? { withUnsafeBytes(of: storage) { Self.endpoint(in: $0) } }

  /// - Precondition: the bytes are a `sockaddr_storage`.
  static func endpoint(in bytes: UnsafeRawBufferPointer) -> Endpoint? {
    switch Int32(bytes.load(as: sa_family_t.self)) {
    case AF_INET:
      let address = bytes.load(as: sockaddr_in.self)
      return Endpoint(
        .v4(UInt32(bigEndian: address.sin_addr.s_addr)), port: UInt16(bigEndian: address.sin_port))
    case AF_INET6:
      let address = bytes.load(as: sockaddr_in6.self)
      return withUnsafeBytes(of: address.sin6_addr) { plain in
        let high = UInt64(bigEndian: plain.load(as: UInt64.self))
        let low = UInt64(bigEndian: plain.load(fromByteOffset: 8, as: UInt64.self))
        return Endpoint(Address(high: high, low: low), port: UInt16(bigEndian: address.sin6_port))
      }
    default:
      return nil
    }
  }

  func withPointer<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// Lets a system call fill the address in.
  mutating func withMutablePointer<Result>(
    _ body: (UnsafeMutablePointer<sockaddr_storage>, UnsafeMutablePointer<socklen_t>) -> Result
  ) -> Result {
    length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { body($0, &length) }
  }
}

extension Endpoint {
  var family: Int32 { address.isV4 ? AF_INET : AF_INET6 }
}
