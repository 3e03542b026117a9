/// Turns the bytes of one connection into requests, however they are cut up on the way.
///
/// Bytes go in with `append`, requests come out of `next` one after another (pipelining). Every
/// byte of a head is looked at once, so a client that sends them singly costs no more than one that
/// sends them together. Strict where RFC 9112 leaves a choice: a bare line feed, a folded header or
/// a second Content-Length is an error, because readers that repair such requests differently are
/// how requests are smuggled.
public struct HTTPRequestParser: Sendable {
  public struct Limits: Sendable {
    /// Bytes of request line and headers together.
    public var head: Int
    public var headers: Int
    /// Bytes of body.
    public var body: Int

    public init(
      head: Int = Limits.standardHead, headers: Int = Limits.standardHeaders, body: Int = 0
    ) {
      self.head = head
      self.headers = headers
      self.body = body
    }

    /// 8 KiB: what servers commonly take; an announce with every parameter needs a twentieth.
    public static let standardHead = 8 << 10
    public static let standardHeaders = 100
  }

  private enum Stage {
    case head
    case body(HTTPRequest, length: Int)
    case failed(HTTPError)
  }

  public let limits: Limits
  private var stage = Stage.head
  private var buffer: [UInt8] = []
  /// Where the request being read begins in the buffer.
  private var start = 0
  /// Where the scan for the end of the head goes on; everything before it is well formed.
  private var scan = 0
  /// Where the line under the scan begins.
  private var lineStart = 0
  private var lines = 0
  private var hasSkippedLine = false

  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Takes what a read brought. The owner asks `next` for everything that is whole before it reads
  /// again, so no more waits here than one request and one read.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    if start > 0 {
      buffer.removeSubrange(..<start)
      scan -= start
      lineStart -= start
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Whether a request has begun and is not whole: whether a deadline for it should run.
  public var isInsideRequest: Bool {
    if case .body = stage { return true }
    return start < buffer.count
  }

  /// Whether a connection that begins so is meant for HTTP: a word in capitals, and a target. Nil while
  /// that is open. For whoever takes other things on the same port, too.
  public static func isMeant(by prefix: [UInt8]) -> Bool? {
    let method = prefix.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    guard method.count <= longestMethod else { return false }
    let rest = prefix.dropFirst(method.count)
    guard let space = rest.first else { return nil }
    guard !method.isEmpty, space == UInt8(ascii: " ") else { return false }
    return rest.dropFirst().first.map { "/*hH".utf8.contains($0) }
  }

  /// `PROPPATCH` and the like.
  private static let longestMethod = 16

  /// The next whole request, or `nil` until more bytes come.
  ///
  /// - Throws: once and from then on; the connection cannot be read any further.
  public mutating func next() throws(HTTPError) -> HTTPRequest? {
    do {
      return try read()
    } catch {
      stage = .failed(error)
      throw error
    }
  }

  private mutating func read() throws(HTTPError) -> HTTPRequest? {
    switch stage {
    case .failed(let error):
      throw error
    case .head:
      guard let head = try readHead() else { return nil }
      let request = try HTTPRequest(head: head)
      stage = .body(request, length: try request.bodyLength(limit: limits.body))
      return try read()
    case .body(var request, let length):
      guard buffer.count - start >= length else { return nil }
      request.body = Array(buffer[start..<start + length])
      start += length
      scan = start
      lineStart = start
      stage = .head
      return request
    }
  }

  /// Scans on for the empty line that ends the head, refusing what no line may hold on the way.
  private mutating func readHead() throws(HTTPError) -> [UInt8]? {
    while scan < buffer.count {
      guard scan - start < limits.head else {
        throw HTTPError(lines == 0 ? .targetTooLong : .headTooLong, at: limits.head)
      }
      let byte = buffer[scan]
      if byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") {
        scan += 1
        continue
      }
      switch byte {
      case UInt8(ascii: "\r"):
        guard scan + 1 < buffer.count else { return nil }
        guard buffer[scan + 1] == UInt8(ascii: "\n") else {
          throw HTTPError(.bareCarriageReturn, at: scan - start)
        }
        let isEmpty = scan == lineStart
        scan += 2
        lineStart = scan
        if isEmpty, lines == 0 {
          try skipEmptyLine()
        } else if isEmpty {
          return takeHead()
        } else {
          lines += 1
          guard lines <= limits.headers + 1 else {
            throw HTTPError(.tooManyHeaders, at: scan - start)
          }
        }
      case UInt8(ascii: "\n"):
        throw HTTPError(.bareLineFeed, at: scan - start)
      default:
        throw HTTPError(.controlCharacter, at: scan - start)
      }
    }
    return nil
  }

  /// One empty line before a request is an old client's habit (RFC 9112, section 2.2).
  private mutating func skipEmptyLine() throws(HTTPError) {
    guard !hasSkippedLine else { throw HTTPError(.malformedRequestLine, at: 0) }
    hasSkippedLine = true
    start = scan
  }

  private mutating func takeHead() -> [UInt8] {
    let head = Array(buffer[start..<scan])
    start = scan
    lines = 0
    hasSkippedLine = false
    return head
  }
}
