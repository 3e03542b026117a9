import DeterministicCore
import Networking
import Testing
import TorrentModel

@Suite("The HTTP client")
struct HTTPClientTests {
  private let reactor: Reactor
  private let server: TinyServer

  init() throws {
    let reactor = try Reactor()
    self.reactor = reactor
    server = try TinyServer(on: reactor, answer: Self.answer)
  }

  private static func answer(_ path: String) -> TinyServer.Answer {
    let parts = path.split(separator: "/").map(String.init)
    switch parts.first {
    case "hello": return TinyServer.response("200 OK", Array("hello".utf8))
    case "empty": return TinyServer.response("200 OK")
    case "long": return TinyServer.response("200 OK", Array(repeating: 0x61, count: 5000))
    case "unannounced":
      return .bytes(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + Array(repeating: 0x61, count: 5000))
    case "endless": return .endless(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
    case "headers":
      return .endless(Array("HTTP/1.1 100 Continue\r\nX-Filler: \(parts)\r\n\r\n".utf8))
    case "silence": return .silence
    case "cut":
      return .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello".utf8))
    case "noise": return .bytes(Array("\u{13}BitTorrent protocol".utf8))
    case "echo": return TinyServer.response("200 OK", Array(path.utf8))
    case "hop":
      let rest = parts.dropFirst().first.flatMap { Int($0) } ?? 0
      return TinyServer.redirect(to: rest == 0 ? "/hello" : "/hop/\(rest - 1)")
    case "file": return TinyServer.redirect(to: "file:///etc/hostname")
    case "away": return TinyServer.redirect(to: "http://127.0.0.1:\(parts[1])/announce")
    case "ftp": return TinyServer.redirect(to: "ftp://127.0.0.1/")
    case "chunked":
      return .bytes(
        Array(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
            .utf8))
    default: return TinyServer.response("404 Not Found", Array("no such thing".utf8))
    }
  }

  /// The status and body of an answer, or why there is none.
  private func get(
    _ url: String, _ change: (inout HTTPFetch) -> Void = { _ in }
  ) -> (status: Int, body: String, failure: String?) {
    let client = HTTPClient(on: reactor)
    var fetch = HTTPFetch(url: url, namedBy: .user)
    change(&fetch)
    var outcomes: [HTTPOutcome] = []
    client.get(fetch) { outcomes.append($0) }
    #expect(outcomes.isEmpty, "completed from within get")
    reactor.run { !outcomes.isEmpty }
    reactor.run(for: .milliseconds(3))
    #expect(outcomes.count == 1)
    switch outcomes.first {
    case .response(let status, let body, _):
      return (status, String(decoding: body, as: UTF8.self), nil)
    case .failed(let reason): return (0, "", reason)
    case nil: return (0, "", "nothing came")
    }
  }

  @Test(
    "hands over the status and the body",
    arguments: [
      ("/hello", 200, "hello"), ("/empty", 200, ""), ("/chunked", 200, "hello"),
      ("/nowhere", 404, "no such thing"), ("/hop/3", 200, "hello"), ("/hop/4", 200, "hello"),
    ])
  func responses(path: String, status: Int, body: String) {
    let answer = get(server.url(path))
    #expect(answer.failure == nil)
    #expect(answer.status == status)
    #expect(answer.body == body)
  }

  @Test("says what it is, and asks for what it was told to")
  func request() {
    _ = get(server.url("/hello?info_hash=%00%ff&left=1"))
    let request = server.requests.first ?? ""
    #expect(request.hasPrefix("GET /hello?info_hash=%00%ff&left=1 HTTP/1.1\r\n"))
    #expect(request.contains("\r\nUser-Agent: \(HTTPClient.userAgent)\r\n"))
  }

  @Test(
    "fails at a body longer than it may be, announced or not", arguments: ["/long", "/unannounced"])
  func tooLong(path: String) {
    #expect(
      get(server.url(path)) { $0.longestBody = 4999 }.failure?.contains("longer than 4999") == true)
    #expect(get(server.url(path)) { $0.longestBody = 5000 }.body.count == 5000)
  }

  @Test("fails at a body or at headers without end, long before the deadline")
  func withoutEnd() {
    #expect(get(server.url("/endless")).failure?.contains("longer than 1048576") == true)
    #expect(get(server.url("/headers")).failure?.contains("bytes of headers") == true)
  }

  @Test("follows no more redirects than it may, and none when it may not")
  func redirects() {
    #expect(get(server.url("/hop/5")).failure != nil)
    #expect(server.requests.count == 6)
    #expect(get(server.url("/hop/0")) { $0.mostRedirects = 0 }.status == 302)
  }

  @Test("follows no redirect to a file or another protocol", arguments: ["/file", "/ftp"])
  func redirectElsewhere(path: String) {
    let answer = get(server.url(path))
    #expect(answer.failure != nil)
    #expect(answer.body.isEmpty)
  }

  @Test(
    "sends nothing where whoever named the URL may not lead",
    arguments: [
      (.user, .other, true), (.document, .usualAnnounce, true), (.document, .other, false),
      (.host(Endpoint(.v4(0x0102_0304), port: 80)), .usualAnnounce, false),
    ] as [(RequestOrigin, RequestOrigin.Purpose, Bool)])
  func namedByStrangers(
    origin: RequestOrigin, purpose: RequestOrigin.Purpose, isAsked: Bool
  ) {
    for url in [
      server.url("/hello"), server.url("/hello").replacing("127.0.0.1", with: "localhost"),
    ] {
      let asked = server.connections
      let answer = get(url) {
        $0.origin = origin
        $0.purpose = purpose
      }
      #expect((answer.failure == nil) == isAsked)
      #expect(isAsked || answer.failure?.contains("not asked") == true)
      #expect((server.connections > asked) == isAsked)
    }
  }

  @Test("follows a redirect on one server, and to no other that is near")
  func redirectsToNeighbours() throws {
    let other = try TinyServer(on: reactor) { _ in TinyServer.response("200 OK") }
    for origin in [RequestOrigin.user, .document] {
      #expect(get(server.url("/hop/1")) { $0.purpose = .usualAnnounce }.status == 200)
      let answer = get(server.url("/away/\(other.port)")) {
        $0.origin = origin
        $0.purpose = .usualAnnounce
      }
      #expect(answer.failure?.contains("not asked") == true)
    }
    // A connection that is still open must not carry what a new one would not.
    #expect(get(other.url("/")).status == 200)
    #expect(get(server.url("/away/\(other.port)")).failure != nil)
    #expect(other.connections == 1)
  }

  @Test(
    "fetches nothing but http and https",
    arguments: ["file:///etc/hostname", "gopher://127.0.0.1/", "", "http://"])
  func otherProtocols(url: String) {
    #expect(get(url).failure != nil)
  }

  @Test("fails at an answer that is cut short or is none", arguments: ["/cut", "/noise"])
  func broken(path: String) {
    #expect(get(server.url(path)).failure != nil)
  }

  @Test("gives up at its deadline")
  func deadline() {
    let start = Reactor.clock
    let answer = get(server.url("/silence")) { $0.deadline = .milliseconds(100) }
    #expect(answer.failure != nil)
    #expect(Reactor.clock - start >= .milliseconds(99))
    #expect(Reactor.clock - start < .seconds(10))
  }

  @Test("fails when nobody listens")
  func refused() throws {
    let port = try deadEndpoint().port
    #expect(get("http://127.0.0.1:\(port)/").failure != nil)
  }

  @Test("comes from the address it was told to")
  func sourceAddress() throws {
    var seen: [String] = []
    let listener = try Listener(on: ListenerTests.anyPort, reactor: reactor) { _, peer in
      seen.append("\(peer.address)")
    }
    _ = get("http://127.0.0.1:\(listener.endpoint.port)/") { $0.sourceAddress = "127.0.0.9" }
    #expect(seen == ["127.0.0.9"])
    listener.close()
  }

  @Test("keeps many fetches apart that run at once")
  func concurrently() {
    let client = HTTPClient(on: reactor)
    var answers: [Int: String] = [:]
    for number in 0..<30 {
      client.get(HTTPFetch(url: server.url("/echo/\(number)"), namedBy: .user)) { outcome in
        #expect(answers[number] == nil)
        if case .response(200, let body, _) = outcome {
          answers[number] = String(decoding: body, as: UTF8.self)
        }
      }
    }
    reactor.run { answers.count == 30 }
    #expect((0..<30).allSatisfy { answers[$0] == "/echo/\($0)" })
    #expect(server.mostOpenConnections > 1)
    reactor.run { server.openConnections == 0 }
  }

  @Test("takes the next fetch from within a completion")
  func chained() {
    let client = HTTPClient(on: reactor)
    var bodies: [String] = []
    func next(_ number: Int) {
      client.get(HTTPFetch(url: server.url("/echo/\(number)"), namedBy: .user)) { outcome in
        if case .response(_, let body, _) = outcome {
          bodies.append(String(decoding: body, as: UTF8.self))
        }
        if number < 4 { next(number + 1) }
      }
    }
    next(0)
    reactor.run { bodies.count == 5 }
    #expect(bodies == (0..<5).map { "/echo/\($0)" })
  }

  private func fetchInVain(by client: HTTPClient?) {
    client?.get(HTTPFetch(url: server.url("/silence"), namedBy: .user)) { _ in
      Issue.record("completed after all")
    }
  }

  @Test("that goes takes its fetches along, completes none, and leaves no connection behind")
  func going() throws {
    var client: HTTPClient? = HTTPClient(on: reactor)
    weak let gone = client
    for _ in 0..<3 { fetchInVain(by: client) }
    let server = server
    reactor.run { server.requests.count == 3 }
    // One that has not begun.
    fetchInVain(by: client)
    client = nil
    #expect(gone == nil)
    reactor.run { server.openConnections == 0 }
    reactor.run(for: .milliseconds(10))
  }

  @Test("goes when a completion drops it")
  func goingFromWithin() {
    var client: HTTPClient? = HTTPClient(on: reactor)
    var count = 0
    client?.get(HTTPFetch(url: server.url("/silence"), namedBy: .user)) { _ in
      Issue.record("completed after all")
    }
    client?.get(HTTPFetch(url: server.url("/hello"), namedBy: .user)) { _ in
      count += 1
      client = nil
    }
    reactor.run { count == 1 }
    #expect(client == nil)
    reactor.run { server.openConnections == 0 }
  }
}
