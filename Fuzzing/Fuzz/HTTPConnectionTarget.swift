import DeterministicCore
import Glibc
import HTTPWire
import Networking
import TorrentModel

extension FuzzTarget {
  /// A client of the HTTP server: whatever it sends in whatever portions, the answers are as many
  /// as the requests and the connection is let go in the end.
  static var httpConnection: FuzzTarget {
    .stateful(
      "http-connection",
      seeds: [
        [40] + Array("GET /a HTTP/1.1\r\nHost: b\r\n\r\nGET /c HTTP/1.0\r\n\r\n".utf8)
      ]
    ) { input in
      guard let game = HTTPConnectionGame() else { fatalError("no sockets to be had") }
      while !input.isEmpty { game.step(&input) }
      game.finish()
    }
  }
}

private final class HTTPConnectionGame {
  private let reactor: Reactor
  private let server: HTTPServer
  private let far: Int32
  private var requests = 0
  private var received: [UInt8] = []

  init?() {
    guard let reactor = try? Reactor() else { return nil }
    self.reactor = reactor
    var pair: [Int32] = [0, 0]
    guard
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &pair)
        == 0
    else { return nil }
    far = pair[1]
    let counter = Counter()
    server = HTTPServer(on: reactor) { _, _ in
      counter.count += 1
      // One line, so that the next answer begins one.
      return HTTPResponse(.ok, contentType: "text/plain", body: [UInt8(ascii: "\n")])
    }
    self.counter = counter
    server.take(FileDescriptor(owning: pair[0]), from: Endpoint(.v4(0x7f00_0001), port: 1))
  }

  private final class Counter { var count = 0 }
  private let counter: Counter

  deinit { close(far) }

  func step(_ input: inout FuzzInput) {
    let bytes = input.bytes(atMost: 255)
    _ = bytes.withUnsafeBytes {
      Glibc.send(far, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    turn()
    take()
  }

  func finish() {
    shutdown(far, Int32(SHUT_WR))
    for _ in 0..<8 where server.connectionCount > 0 {
      turn()
      take()
    }
    require(server.connectionCount == 0, "a connection that is not let go")
    let answers = received.split(separator: UInt8(ascii: "\n")).count {
      $0.starts(with: "HTTP/1.1 ".utf8)
    }
    require(answers >= counter.count, "\(answers) answers to \(counter.count) requests")
    server.close()
  }

  /// One turn of the loop.
  private func turn() {
    reactor.schedule(after: .zero) { [reactor] in reactor.stop() }
    _ = try? reactor.run()
  }

  private func take() {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = recv(far, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      received += buffer.prefix(count)
    }
  }
}
