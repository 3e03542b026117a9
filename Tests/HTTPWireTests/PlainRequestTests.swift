import DeterministicCore
import HTTPWire
import Testing

private func plain(_ text: String) -> PlainRequest? {
  PlainRequest(Array(text.utf8).span.bytes, limits: .init())
}

private func strict(_ bytes: [UInt8]) -> (request: HTTPRequest, left: Bool)? {
  var parser = HTTPRequestParser(limits: .init())
  parser.append(bytes)
  guard let request = try? parser.next() else { return nil }
  return (request, parser.isInsideRequest)
}

private let announce =
  "GET /0011/announce?info_hash=%01%ff&port=6881 HTTP/1.1\r\nHost: t.example:6969\r\n"
  + "User-Agent: a client/1.0 (x)\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"

@Suite struct PlainRequests {
  @Test func `an announce is read where it lies`() throws {
    let bytes = Array((announce + "GET /next").utf8)
    let found = PlainRequest(bytes.span.bytes, limits: .init())
    let request = try #require(found)
    #expect(String(decoding: bytes[request.path], as: UTF8.self) == "/0011/announce")
    #expect(String(decoding: bytes[request.query], as: UTF8.self) == "info_hash=%01%ff&port=6881")
    #expect(!request.keepsAlive)
    #expect(request.length == announce.utf8.count)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a? HTTP/1.0\r\n\r\n",
    "GET /announce?x HTTP/1.0\r\nCONNECTION: Keep-Alive\r\n\r\n",
    "GET /a.b//c?/../ HTTP/1.1\r\nhost:10.0.0.1:80 \t\r\nX: \r\n\r\n",
  ]) func `what is plain is read as the parser reads it`(text: String) throws {
    let bytes = Array(text.utf8)
    let request = try #require(plain(text))
    let read = try #require(strict(bytes)).request
    #expect(Array(bytes[request.path]) == read.path)
    #expect(Array(bytes[request.query]) == Array(read.query.raw))
    #expect(request.keepsAlive == read.keepsAlive)
  }

  @Test(arguments: [
    "", "GET /a HTTP/1.1\r\nHost: a\r\n", "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET /%61 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /../a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "GET /a HTTP/1.1\nHost: a\n\n",
    "GET /a HTTP/1.1\r\nHost : a\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a:123456\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n",
    "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 100))\r\n",
  ]) func `what is not plain is left to the parser`(text: String) {
    #expect(plain(text) == nil)
  }

  @Test func `whatever is read after damage, the parser reads alike`() throws {
    var plainOnes = 0
    for seed in UInt64(0)..<20_000 {
      var generator = SeededGenerator(seed: seed)
      var bytes = Array(announce.utf8)
      for _ in 0..<generator.below(4) {
        let place = generator.below(bytes.count)
        switch generator.below(4) {
        case 0: bytes[place] = UInt8(generator.below(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array(" \r\n:?%./=&#\t\0".utf8)[generator.below(13)], at: place)
        default: bytes.insert(contentsOf: bytes[generator.below(place + 1)..<place], at: place)
        }
      }
      guard let request = PlainRequest(bytes.span.bytes, limits: .init()) else { continue }
      plainOnes += 1
      let (read, isLeft) = try #require(strict(bytes), "seed \(seed)")
      #expect(read.method == "GET" && read.body.isEmpty, "seed \(seed)")
      #expect(Array(bytes[request.path]) == read.path, "seed \(seed)")
      #expect(Array(bytes[request.query]) == Array(read.query.raw), "seed \(seed)")
      #expect(request.keepsAlive == read.keepsAlive, "seed \(seed)")
      #expect(read.headers["x-forwarded-for"] == nil, "seed \(seed)")
      #expect((request.length < bytes.count) == isLeft, "seed \(seed)")
    }
    #expect(plainOnes > 5000)
  }
}
