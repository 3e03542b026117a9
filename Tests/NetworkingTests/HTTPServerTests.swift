import DeterministicCore
import HTTPWire
import Networking
import Testing
import TorrentModel

@Suite("An HTTP server")
struct HTTPServerTests {
  /// A server that answers with the path it was asked for, and clients written by hand.
  private final class Stage {
    let reactor: Reactor
    let server: HTTPServer
    private(set) var requests: [String] = []

    init(
      _ limits: HTTPServerLimits = HTTPServerLimits(),
      answer: @escaping (String) -> [UInt8] = { Array($0.utf8) }
    ) throws {
      reactor = try Reactor()
      let log = Log()
      server = HTTPServer(on: reactor, limits: limits) { request, _ in
        let path = String(decoding: request.path, as: UTF8.self)
        log.stage?.requests.append(path)
        return HTTPResponse(.ok, body: answer(path))
      }
      try server.listen(on: ListenerTests.anyPort)
      log.stage = self
    }

    private final class Log {
      weak var stage: Stage?
    }

    func client(chunk: @escaping () -> Int = { 1 << 20 }) throws -> RawPeer {
      let socket = try StreamSocket.connect(to: server.listeningOn[0], from: nil)
      return try RawPeer(socket, on: reactor, chunk: chunk)
    }

    deinit { server.close() }
  }

  private func get(_ path: String, _ headers: String = "") -> [UInt8] {
    Array("GET \(path) HTTP/1.1\r\nHost: h\r\n\(headers)\r\n".utf8)
  }

  private func text(_ peer: RawPeer) -> String { String(decoding: peer.inbox, as: UTF8.self) }

  private func answer(_ body: String, _ connection: String = "keep-alive") -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: \(connection)\r\n\r\n"
      + body
  }

  @Test("answers requests in their order, however they are cut, and keeps the connection")
  func pipelining() throws {
    for length in [1, 7, 1 << 20] {
      let stage = try Stage()
      let client = try stage.client { length }
      client.send(get("/one") + get("/two") + get("/three"))
      let expected = ["/one", "/two", "/three"].map { answer($0) }.joined()
      stage.reactor.run { client.inbox.count >= expected.utf8.count }
      #expect(text(client) == expected)
      #expect(!client.hasEnded && stage.server.connectionCount == 1)
      client.send(get("/four", "Connection: close\r\n"))
      stage.reactor.run { client.hasEnded }
      #expect(text(client) == expected + answer("/four", "close"))
      client.close()
      stage.reactor.run { stage.server.connectionCount == 0 }
    }
  }

  @Test("takes over a connection of which somebody has read the beginning")
  func prefix() throws {
    let stage = try Stage()
    var handedOver = 0
    let listener = try Listener(on: ListenerTests.anyPort, reactor: stage.reactor) {
      socket, peer in
      handedOver += 1
      stage.server.take(socket, from: peer, prefix: Array(get("/begun").prefix(9)))
    }
    let socket = try StreamSocket.connect(to: listener.endpoint, from: nil)
    let client = try RawPeer(socket, on: stage.reactor)
    client.send(Array(get("/begun").dropFirst(9)))
    stage.reactor.run { text(client) == answer("/begun") }
    #expect(handedOver == 1)
    listener.close()
    client.close()
  }

  @Test("closes on a client that sends its request too slowly, and says so")
  func slowRequest() throws {
    var limits = HTTPServerLimits()
    limits.requestDeadline = .milliseconds(100)
    let stage = try Stage(limits)
    let client = try stage.client()
    let start = Reactor.clock
    // A byte every few milliseconds: further bytes must not put the deadline off.
    var rest = get("/slow")[...]
    func trickle() {
      if let byte = rest.popFirst(), !client.hasEnded { client.send([byte]) }
      stage.reactor.schedule(after: .milliseconds(15), trickle)
    }
    trickle()
    stage.reactor.run { client.hasEnded }
    #expect(text(client).hasPrefix("HTTP/1.1 408 "))
    #expect(Reactor.clock - start < .seconds(5))
    #expect(stage.requests.isEmpty)
    client.close()
    stage.reactor.run { stage.server.connectionCount == 0 }
  }

  @Test("closes on a client that says nothing, before and between requests")
  func silence() throws {
    var limits = HTTPServerLimits()
    limits.requestDeadline = .milliseconds(60)
    limits.idleDeadline = .milliseconds(60)
    let stage = try Stage(limits)
    let mute = try stage.client()
    let idle = try stage.client()
    idle.send(get("/once"))
    stage.reactor.run { mute.hasEnded && idle.hasEnded }
    #expect(mute.inbox.isEmpty)
    #expect(text(idle) == answer("/once"))
    #expect(stage.server.connectionCount == 0)
    mute.close()
    idle.close()
  }

  @Test("gives each request of a connection its own time")
  func deadlineEach() throws {
    var limits = HTTPServerLimits()
    limits.requestDeadline = .milliseconds(1500)
    let stage = try Stage(limits)
    let client = try stage.client()
    // Each part ends one request and begins the next, so the connection is never between two.
    let request = get("/part")
    let parts = 5
    client.send(Array(request.prefix(10)))
    var sent = 0
    func next() {
      guard sent < parts else { return }
      sent += 1
      client.send(Array(request.dropFirst(10)) + request.prefix(10))
      stage.reactor.schedule(after: .milliseconds(450), next)
    }
    stage.reactor.schedule(after: .milliseconds(450), next)
    stage.reactor.run { stage.requests.count == parts || client.hasEnded }
    #expect(stage.requests.count == parts)
    client.close()
  }

  @Test("reads no further from a client that asks and never listens")
  func deafClient() throws {
    var limits = HTTPServerLimits()
    limits.mostPendingBytes = 64 << 10
    limits.writeDeadline = .milliseconds(300)
    let body = [UInt8](repeating: 65, count: 32 << 10)
    let stage = try Stage(limits) { _ in body }
    let client = try stage.client()
    client.isReading = false
    let most = 4000
    client.send((0..<most).flatMap { _ in get("/again") })
    stage.reactor.run { stage.server.connectionCount == 0 && !stage.requests.isEmpty }
    // What the kernel's buffers take, and little more: not the 125 MiB that were asked for.
    #expect(stage.requests.count < most / 2, "\(stage.requests.count) requests were answered")
    client.close()
  }

  @Test("answers what is malformed once, and lets the rest of it go by")
  func malformed() throws {
    let stage = try Stage()
    let client = try stage.client()
    client.send(get("/good") + Array("BAD\r\n\r\n".utf8) + get("/never"))
    client.send([UInt8](repeating: 66, count: 200_000))
    stage.reactor.run { client.hasEnded }
    #expect(text(client).hasPrefix(answer("/good") + "HTTP/1.1 400 "))
    #expect(stage.requests == ["/good"])
    client.close()
    stage.reactor.run { stage.server.connectionCount == 0 }
  }

  @Test("holds no more connections than allowed, in all and from one address")
  func caps() throws {
    var limits = HTTPServerLimits()
    limits.mostConnectionsPerAddress = 3
    let stage = try Stage(limits)
    let clients = try (0..<5).map { _ in try stage.client() }
    stage.reactor.run { clients.count(where: \.hasEnded) == 2 }
    #expect(stage.server.connectionCount == 3)
    for client in clients { client.close() }
    stage.reactor.run { stage.server.connectionCount == 0 }
    let late = try stage.client()
    late.send(get("/late"))
    stage.reactor.run { text(late) == answer("/late") }
    late.close()
  }

  @Test("survives clients that reset in the middle of anything")
  func resets() throws {
    for seed in UInt64(0)..<40 {
      var generator = SeededGenerator(seed: seed)
      let stage = try Stage { _ in [UInt8](repeating: 1, count: 100_000) }
      let client = try stage.client()
      let bytes = get("/a") + get("/b")
      client.send(Array(bytes.prefix(1 + generator.below(bytes.count))))
      stage.reactor.run(for: .milliseconds(generator.below(4)))
      client.close(reset: true)
      stage.reactor.run { stage.server.connectionCount == 0 }
    }
  }

  /// Answers plain requests of one path in place.
  private final class Echo: PlainResponder {
    var count = 0

    func answer(
      _ request: PlainRequest, in bytes: RawSpan, from client: Endpoint,
      into body: inout OutputRawSpan
    ) -> Bool {
      let query = bytes.extracting(request.query)
      for offset in 0..<query.byteCount {
        body.append(query.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      }
      // What was written for a request that is then passed on must not be seen.
      guard request.path.count == "/plain".utf8.count else { return false }
      count += 1
      return true
    }
  }

  private func plainAnswer(_ body: String, _ connection: String = "keep-alive") -> String {
    answer(body, connection).replacing(
      "200 OK\r\n", with: "200 OK\r\nContent-Type: text/plain\r\n")
  }

  @Test("answers plain requests where they lie, among others and however they are cut")
  func plain() throws {
    for length in [1, 9, 50, 1 << 20] {
      let stage = try Stage()
      let echo = Echo()
      stage.server.plainResponder = echo
      let client = try stage.client { length }
      let first = plainAnswer("a") + plainAnswer("b") + answer("/another")
      client.send(get("/plain?a") + get("/plain?b") + get("/another"))
      stage.reactor.run { text(client).hasSuffix("/another") }
      client.send(get("/plain?c") + get("/plain?last", "Connection: close\r\n"))
      stage.reactor.run { client.hasEnded }
      // What comes in parts is read by the parser, whose handler answers with the path.
      if length > 1000 {
        #expect(text(client) == first + plainAnswer("c") + plainAnswer("last", "close"))
        #expect(echo.count == 4 && stage.requests == ["/another"])
      } else {
        #expect(text(client).components(of: "HTTP/1.1 200 OK").count == 6)
        #expect(echo.count + stage.requests.count == 5)
      }
      client.close()
      stage.reactor.run { stage.server.connectionCount == 0 }
      stage.server.plainResponder = nil
    }
  }

  @Test("serves one request of a connection that the kernel holds back until it speaks")
  func oneShot() throws {
    let stage = try Stage()
    let echo = Echo()
    stage.server.plainResponder = echo
    try stage.server.listen(on: ListenerTests.anyPort, waitsForData: true)
    for number in 0..<20 {
      let socket = try StreamSocket.connect(to: stage.server.listeningOn[1], from: nil)
      let client = try RawPeer(socket, on: stage.reactor)
      stage.reactor.run(for: .milliseconds(number % 3))
      #expect(stage.server.connectionCount == 0)
      client.send(get("/plain?\(number)", "Connection: close\r\n"))
      stage.reactor.run { client.hasEnded }
      #expect(text(client) == plainAnswer("\(number)", "close"))
      client.close()
    }
    #expect(echo.count == 20)
    stage.server.plainResponder = nil
  }
}

extension String {
  fileprivate func components(of separator: String) -> [Substring] {
    split(separator: separator, omittingEmptySubsequences: false)
  }
}
