import DeterministicCore
import Glibc
import Networking
import TorrentModel

/// An HTTP server that answers each request with bytes that the test wrote, and closes.
final class TinyServer {
  /// What to do about a request of a path.
  enum Answer {
    /// These bytes, then the end.
    case bytes([UInt8])
    /// These bytes over and over.
    case endless([UInt8])
    /// Nothing, ever.
    case silence
  }

  private let reactor: Reactor
  private let answer: (String) -> Answer
  private var listener: Listener?
  private var clients: [ObjectIdentifier: Client] = [:]
  private(set) var requests: [String] = []
  /// All that were ever made.
  private(set) var connections = 0
  private(set) var openConnections = 0
  private(set) var mostOpenConnections = 0

  init(on reactor: Reactor, answer: @escaping (String) -> Answer) throws {
    self.reactor = reactor
    self.answer = answer
    listener = try Listener(on: ListenerTests.anyPort, reactor: reactor) {
      [unowned self] socket, _ in
      if let client = try? Client(socket, on: reactor, server: self) {
        clients[ObjectIdentifier(client)] = client
        connections += 1
        openConnections += 1
        mostOpenConnections = max(mostOpenConnections, openConnections)
      }
    }
  }

  deinit {
    listener?.close()
    for client in clients.values { client.close() }
  }

  var port: UInt16 { listener?.endpoint.port ?? 0 }

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  static func response(
    _ status: String, _ body: [UInt8] = [], _ headers: [String] = []
  ) -> Answer {
    let head =
      ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + headers + ["Connection: close"]
    return .bytes(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
  }

  static func redirect(to place: String) -> Answer {
    response("302 Found", [], ["Location: \(place)"])
  }

  fileprivate func respond(to request: String) -> Answer {
    requests.append(request)
    let path = request.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    return answer(path)
  }

  fileprivate func forget(_ client: Client) {
    clients[ObjectIdentifier(client)] = nil
    openConnections -= 1
  }

  fileprivate final class Client: ReadinessHandler {
    private let reactor: Reactor
    private unowned let server: TinyServer
    private let socket: FileDescriptor
    private var registration: SlabID?
    private var request: [UInt8] = []
    private var outbox: ArraySlice<UInt8> = []
    private var repeated: [UInt8]?

    init(
      _ socket: consuming FileDescriptor, on reactor: Reactor, server: TinyServer
    ) throws(NetworkError) {
      self.reactor = reactor
      self.server = server
      let number = socket.number
      self.socket = consume socket
      registration = try reactor.register(number, for: .readable, handler: self)
    }

    func close() {
      if let registration { reactor.deregister(registration) }
      registration = nil
    }

    func becameReady(_ readiness: Readiness) {
      if readiness.contains(.hangup) { return finish() }
      if readiness.contains(.readable) { read() }
      if readiness.contains(.writable) { write() }
    }

    private func finish() {
      close()
      server.forget(self)
    }

    private func read() {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(socket.number, &buffer, buffer.count, 0)
      guard count > 0 else { return finish() }
      request += buffer.prefix(count)
      guard request.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
      let text = String(decoding: request, as: UTF8.self)
      request = []
      switch server.respond(to: text) {
      case .bytes(let bytes): outbox = bytes[...]
      case .endless(let bytes): repeated = bytes
      case .silence: return
      }
      if let registration { reactor.change(registration, to: .writable) }
    }

    private func write() {
      if outbox.isEmpty, let repeated { outbox = repeated[...] }
      let count = outbox.withUnsafeBytes {
        Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 { outbox = outbox.dropFirst(count) }
      if outbox.isEmpty, repeated == nil { finish() }
    }
  }
}
