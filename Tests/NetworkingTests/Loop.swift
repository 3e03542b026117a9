import CLinux
import DeterministicCore
import Foundation
import Glibc
import Testing
import TorrentModel

@testable import Networking

extension Reactor {
  /// Runs until `isDone`, which is looked at every millisecond, and records a failure when that has
  /// not come true in time.
  func run(
    atMost limit: TimeSpan = .seconds(20), until isDone: @escaping () -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let end = Reactor.clock + limit
    var isTimely = true
    func look() {
      if isDone() { return stop() }
      guard Reactor.clock < end else {
        isTimely = false
        return stop()
      }
      schedule(after: .milliseconds(1), look)
    }
    schedule(after: .zero, look)
    #expect(throws: Never.self) { try run() }
    #expect(isTimely, "what was waited for did not come", sourceLocation: sourceLocation)
  }

  /// Runs for a while, whatever happens in it.
  func run(for span: TimeSpan) {
    schedule(after: span) { self.stop() }
    #expect(throws: Never.self) { try run() }
  }
}

/// The two ends of a TCP connection over loopback, both non-blocking.
struct Connection: ~Copyable {
  let near: FileDescriptor
  let far: FileDescriptor

  init(receiveBuffer: Int32? = nil, sendBuffer: Int32? = nil) throws {
    let listening = FileDescriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    // Buffers are taken over from the listening socket and sized before the connection is made.
    if let receiveBuffer { _ = shoal_socket_set_receive_buffer(listening.number, receiveBuffer) }
    let local = SocketAddress(Endpoint(.v4(0x7f00_0001), port: 0))
    try #require(local.withPointer { bind(listening.number, $0, $1) } == 0)
    try #require(listen(listening.number, 1) == 0)
    let endpoint = try #require(StreamSocket.localEndpoint(of: listening.number))
    let connecting = FileDescriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    if let receiveBuffer { _ = shoal_socket_set_receive_buffer(connecting.number, receiveBuffer) }
    if let sendBuffer {
      var length = sendBuffer
      setsockopt(
        connecting.number, SOL_SOCKET, SO_SNDBUF, &length, socklen_t(MemoryLayout<Int32>.size))
    }
    let number = connecting.number
    try #require(SocketAddress(endpoint).withPointer { connect(number, $0, $1) } == 0)
    let accepted = FileDescriptor(owning: accept(listening.number, nil, nil))
    for number in [number, accepted.number] {
      try #require(fcntl(number, F_SETFL, O_NONBLOCK) == 0)
      try #require(shoal_socket_set_no_delay(number) == 0)
    }
    near = connecting
    far = accepted
  }
}

/// A loopback port on which nobody listens.
func deadEndpoint() throws -> Endpoint {
  let unused = FileDescriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
  let address = SocketAddress(Endpoint(.v4(0x7f00_0001), port: 0))
  try #require(address.withPointer { bind(unused.number, $0, $1) } == 0)
  return try #require(StreamSocket.localEndpoint(of: unused.number))
}

/// Runs `body` on a thread of its own and waits for it, so that what it does to its thread stays
/// there.
func onOwnThread(_ body: @escaping @Sendable () -> Void) {
  let finished = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    body()
    finished.signal()
  }
  finished.wait()
}

extension SeededGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    // By words: a byte at a time takes seconds for what the transports exchange here.
    let words = (0..<(count + 7) / 8).map { _ in next() }
    return words.withUnsafeBytes { Array($0.prefix(count)) }
  }
}
