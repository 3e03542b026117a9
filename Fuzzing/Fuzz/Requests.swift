import HTTPWire

extension FuzzTarget {
  /// HTTP as servers read it.
  static var requests: [FuzzTarget] {
    [
      FuzzTarget(
        name: "http-request", kind: .decoder,
        seeds: [
          "\u{9}GET /announce?info_hash=%00a+b HTTP/1.1\r\nHost: a:1\r\nConnection: close\r\n\r\n",
          "\u{9}POST http://a/%41?x HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
          "\u{9}OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: a, keep-alive\r\n\r\n",
        ].map { Array($0.utf8) }, run: request),
      .text("http-query", seeds: ["a=1&b=%20+&c&&=x"], query),
    ]
  }

  /// However the bytes are cut, the same requests come out, and the same fault.
  private static func request(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let stream = Array(input.dropFirst())
    let whole = read(stream, step: stream.count)
    let cut = read(stream, step: 1 + Int(first))
    require(whole.requests == cut.requests, "\(cut.requests), not \(whole.requests)")
    require(whole.fault == cut.fault, "\(String(describing: cut.fault)) when cut by \(first)")
    plain(stream)
  }

  /// What is read in place as a plain request, the parser reads alike.
  private static func plain(_ stream: [UInt8]) {
    guard let plain = PlainRequest(stream.span.bytes, limits: .init()) else { return }
    var parser = HTTPRequestParser()
    parser.append(stream)
    guard let request = try? parser.next() else {
      return require(false, "a plain request that the parser refuses")
    }
    require(
      request.method == "GET" && request.path == Array(stream[plain.path])
        && request.query.raw.elementsEqual(stream[plain.query])
        && request.keepsAlive == plain.keepsAlive && request.body.isEmpty
        && parser.isInsideRequest == (plain.length < stream.count),
      "a plain request that the parser reads otherwise")
  }

  private static func read(
    _ stream: [UInt8], step: Int
  ) -> (requests: [String], fault: HTTPError.Fault?) {
    var parser = HTTPRequestParser(limits: .init(body: 64))
    var requests: [String] = []
    for start in Swift.stride(from: 0, to: stream.count, by: max(1, step)) {
      parser.append(stream[start..<min(stream.count, start + step)])
      do {
        while let request = try parser.next() {
          require(
            request.path.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "a path with control characters")
          requests.append(
            "\(request.method) \(request.path) \(request.host ?? "-") \(request.body) "
              + "\(request.keepsAlive) \(request.headers.fields.count)")
        }
      } catch {
        return (requests, error.fault)
      }
    }
    return (requests, nil)
  }

  private static func query(_ text: String) {
    let query = HTTPQuery(text)
    var count = 0
    for pair in query {
      count += 1
      require(
        pair.value.map { $0.count <= pair.rawValue.count } ?? true, "a value longer than spelt")
    }
    require(count <= text.utf8.count, "more pairs than characters")
  }
}
