import DeterministicCore
import HTTPWire
import Testing

/// Everything the parser makes of `text`, given at once.
private func parse(_ text: String, body: Int = 0) throws -> [HTTPRequest] {
  var parser = HTTPRequestParser(limits: .init(body: body))
  parser.append(text.utf8)
  var requests: [HTTPRequest] = []
  while let request = try parser.next() { requests.append(request) }
  return requests
}

private func fault(_ text: String, body: Int = 0) -> HTTPError.Fault? {
  do {
    _ = try parse(text, body: body)
    return nil
  } catch {
    return (error as? HTTPError)?.fault
  }
}

private func text(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: Array(bytes), as: UTF8.self)
}

@Suite struct RequestReading {
  @Test func `a request of every part is read`() throws {
    let requests = try parse(
      "POST /files/a%20b?x=1&y HTTP/1.1\r\nHost: t.example:6969\r\nX-Name: \t one two \r\n"
        + "x-name: three\r\nContent-Length: 5\r\n\r\nhello", body: 16)
    let request = try #require(requests.first)
    #expect(requests.count == 1)
    #expect(request.method == "POST")
    #expect(text(request.path) == "/files/a b")
    #expect(request.isFor("/files/a b"))
    #expect(request.query.map { text($0.rawName) } == ["x", "y"])
    #expect(request.host == "t.example:6969")
    #expect(request.headers["X-NAME"] == "one two")
    #expect(request.headers.values(of: "x-name").map { text($0) } == ["one two", "three"])
    #expect(request.headers["absent"] == nil)
    #expect(text(request.body) == "hello")
    #expect(request.keepsAlive)
  }

  @Test func `the same requests come out however the bytes are cut`() throws {
    let stream = Array(
      ("GET /announce?info_hash=%00%ff HTTP/1.1\r\nHost: a\r\n\r\n"
        + "\r\nPOST /x HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc"
        + "GET /z HTTP/1.0\r\n\r\n").utf8)
    for seed in UInt64(0)..<64 {
      var generator = SeededGenerator(seed: seed)
      var parser = HTTPRequestParser(limits: .init(body: 3))
      var seen: [String] = []
      var position = 0
      while position < stream.count {
        let end = min(stream.count, position + 1 + generator.below(seed == 0 ? 1 : 24))
        parser.append(stream[position..<end])
        position = end
        while let request = try parser.next() {
          seen.append("\(request.method) \(text(request.path)) \(text(request.body))")
        }
      }
      #expect(seen == ["GET /announce ", "POST /x abc", "GET /z "], "seed \(seed)")
      #expect(!parser.isInsideRequest)
    }
  }

  @Test func `an unfinished request is no request and no error`() throws {
    let whole = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"
    for length in 1..<whole.utf8.count {
      var parser = HTTPRequestParser(limits: .init(body: 2))
      parser.append(whole.utf8.prefix(length))
      #expect(try parser.next() == nil, "after \(length) bytes")
      #expect(parser.isInsideRequest)
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, CLOSE\r\n\r\n", false),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo\r\nConnection: close\r\n\r\n", false),
    ("GET / HTTP/1.0\r\n\r\n", false),
    ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
    ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false),
  ]) func `whether the connection goes on follows version and header`(
    head: String, expected: Bool
  ) throws {
    #expect(try parse(head)[0].keepsAlive == expected)
  }

  @Test(
    arguments: [
      ("/", "/", "", nil), ("/a?b?c=d", "/a", "b?c=d", nil), ("/a?", "/a", "", nil),
      ("http://h:1/p?q", "/p", "q", "h:1"), ("HTTP://h?q", "/", "q", "h"),
      ("https://[::1]:8/p", "/p", "", "[::1]:8"), ("http://h", "/", "", "h"),
    ] as [(String, String, String, String?)])
  func `a target is read in origin and absolute form`(
    target: String, path: String, query: String, authority: String?
  ) throws {
    let request = try parse("GET \(target) HTTP/1.1\r\nHost: other\r\n\r\n")[0]
    #expect(text(request.path) == path)
    #expect(text(request.query.raw) == query)
    #expect(request.host == authority ?? "other")
  }

  @Test func `the asterisk is a target for OPTIONS alone`() throws {
    #expect(try text(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")[0].path) == "*")
    #expect(fault("GET * HTTP/1.1\r\nHost: a\r\n\r\n") == .malformedTarget)
  }
}

@Suite struct Queries {
  @Test func `every byte value survives escaping`() throws {
    let bytes = (0...255).map { UInt8($0) }
    let digits = Array("0123456789abcdef")
    let escaped = bytes.map { "%\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
    let request = try parse("GET /announce?info_hash=\(escaped)&b=c HTTP/1.1\r\nHost: a\r\n\r\n")[0]
    #expect(request.query["info_hash"]?.value == bytes)
    #expect(request.query["b"]?.value == Array("c".utf8))
    #expect(request.query["absent"] == nil)
  }

  @Test func `pairs keep their order, their repeats and their oddities`() {
    let pairs = HTTPQuery("a=1&&b&a=2=3&=x&c=+%2B&d=%g0&e=%4").map {
      (text($0.rawName), text($0.rawValue), $0.value.map { text($0) })
    }
    #expect(pairs.map(\.0) == ["a", "b", "a", "", "c", "d", "e"])
    #expect(pairs.map(\.1) == ["1", "", "2=3", "x", "+%2B", "%g0", "%4"])
    #expect(pairs.map(\.2) == ["1", "", "2=3", "x", " +", nil, nil])
    #expect(HTTPQuery("").isEmpty)
  }
}

@Suite struct HostileRequests {
  @Test(
    arguments: [
      ("GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
      ("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
      ("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", .bareCarriageReturn),
      ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", .controlCharacter),
      ("\u{16}\u{3}\u{1}", .controlCharacter),
      ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
      ("GET /\r\n\r\n", .malformedRequestLine),
      ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .malformedRequestLine),
      ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
      (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
      ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
      ("GET / http/1.1\r\nHost: a\r\n\r\n", .malformedRequestLine),
      ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
      ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .unsupportedVersion),
      ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("GET ftp://h/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("GET http://u@h/x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("CONNECT h:443 HTTP/1.1\r\nHost: a\r\n\r\n", .malformedTarget),
      ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", .malformedEscape),
      ("GET /% HTTP/1.1\r\nHost: a\r\n\r\n", .malformedEscape),
      ("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", .unsafePath),
      ("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", .unsafePath),
      ("GET /a/%2e%2E HTTP/1.1\r\nHost: a\r\n\r\n", .unsafePath),
      ("GET /./b HTTP/1.1\r\nHost: a\r\n\r\n", .unsafePath),
      ("GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", .unsafePath),
      ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", .foldedHeader),
      ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .malformedHeader),
      ("GET / HTTP/1.1\r\nHost a\r\n\r\n", .malformedHeader),
      ("GET / HTTP/1.1\r\n: a\r\n\r\n", .malformedHeader),
      ("GET / HTTP/1.1\r\n\r\n", .missingHost),
      ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .malformedHost),
      ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .malformedHost),
      ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .malformedHost),
      ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .malformedHost),
      ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", .malformedHost),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", .malformedContentLength),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", .malformedContentLength),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", .malformedContentLength),
      (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        .malformedContentLength
      ),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", .bodyTooLong),
      (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        .bodyTooLong
      ),
      (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        .ambiguousLength
      ),
      ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .ambiguousLength),
      ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", .lengthRequired),
      (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        .unsupportedTransferEncoding
      ),
    ] as [(String, HTTPError.Fault)])
  func `a request that readers could disagree about is refused`(
    request: String, expected: HTTPError.Fault
  ) {
    #expect(fault(request, body: 8) == expected)
  }

  @Test(
    arguments: [
      (HTTPError.Fault.bareLineFeed, 400), (.headTooLong, 431), (.tooManyHeaders, 431),
      (.targetTooLong, 414), (.unsupportedVersion, 505), (.lengthRequired, 411),
      (.unsupportedTransferEncoding, 501), (.bodyTooLong, 413), (.missingHost, 400),
    ] as [(HTTPError.Fault, UInt16)])
  func `an error tells the status to answer with`(fault: HTTPError.Fault, code: UInt16) {
    #expect(HTTPError(fault, at: 0).status.code == code)
  }

  @Test func `a head ends at its limits though its end never comes`() {
    let limit = HTTPRequestParser.Limits.standardHead
    #expect(fault("GET /" + String(repeating: "a", count: limit)) == .targetTooLong)
    #expect(
      fault("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: limit)) == .headTooLong)
    let header = "A: b\r\n"
    let most = HTTPRequestParser.Limits.standardHeaders
    let start = "GET / HTTP/1.1\r\nHost: a\r\n"
    #expect(fault(start + String(repeating: header, count: most - 1) + "\r\n") == nil)
    #expect(fault(start + String(repeating: header, count: most)) == .tooManyHeaders)
  }

  @Test func `after an error the connection yields nothing more`() {
    var parser = HTTPRequestParser()
    parser.append("bad\r\n\r\n".utf8)
    #expect(throws: HTTPError.self) { try parser.next() }
    parser.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    #expect(throws: HTTPError.self) { try parser.next() }
  }

  @Test func `random bytes and damaged requests never trap`() {
    let valid = Array(
      "POST /a%20b?x=%ff HTTP/1.1\r\nHost: a:1\r\nContent-Length: 2\r\n\r\nhi".utf8)
    for seed in UInt64(0)..<2000 {
      var generator = SeededGenerator(seed: seed)
      var bytes = valid
      for _ in 0...generator.below(4) {
        switch generator.below(3) {
        case 0: bytes[generator.below(bytes.count)] = UInt8(generator.below(256))
        case 1: bytes.insert(UInt8(generator.below(256)), at: generator.below(bytes.count + 1))
        default: bytes.remove(at: generator.below(bytes.count))
        }
      }
      var parser = HTTPRequestParser(limits: .init(body: 4))
      parser.append(bytes)
      var count = 0
      do {
        while try parser.next() != nil { count += 1 }
      } catch {
        #expect((400...505).contains(error.status.code), "seed \(seed)")
        #expect((0...bytes.count).contains(error.position), "seed \(seed)")
      }
      #expect(count <= 2, "seed \(seed)")
    }
  }
}

@Suite struct ResponseWriting {
  @Test func `a response carries its length and what becomes of the connection`() throws {
    var response = HTTPResponse(.ok, contentType: "text/plain", body: Array("body".utf8))
    response.addHeader("X-A", "b")
    let common = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: b\r\nContent-Length: 4\r\n"
    let get = try parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n")[0]
    #expect(text(response.encode(answering: get)) == common + "Connection: keep-alive\r\n\r\nbody")
    let old = try parse("GET / HTTP/1.0\r\n\r\n")[0]
    #expect(text(response.encode(answering: old)) == common + "Connection: close\r\n\r\nbody")
    let head = try parse("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")[0]
    #expect(text(response.encode(answering: head)) == common + "Connection: keep-alive\r\n\r\n")
  }

  @Test func `a status without a body sends none`() {
    var bytes: [UInt8] = []
    HTTPResponse(.noContent, body: [1]).encode(into: &bytes, keepsAlive: true)
    #expect(text(bytes) == "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n")
  }

  @Test func `an error becomes the last answer`() {
    var bytes: [UInt8] = []
    HTTPResponse(HTTPError(.headTooLong, at: 9)).encode(into: &bytes, keepsAlive: false)
    #expect(text(bytes).hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
    #expect(text(bytes).contains("\r\nConnection: close\r\n"))
  }

  @Test(arguments: [("plain", true), ("tab\t", true), ("a\r\nX: y", false), ("\0", false)])
  func `line breaks are told from header values`(text: String, isValue: Bool) {
    #expect(HTTPResponse.isHeaderValue(text) == isValue)
  }
}
