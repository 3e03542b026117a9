import DeterministicCore
import Glibc
import HTTPWire
import TorrentModel

/// One client's connection to an `HTTPServer`.
///
/// The invariant: requests are answered in order, and none is read while `output` holds more than
/// the limit, so a client that asks and never listens costs one buffer.
final class HTTPServerConnection: ReadinessHandler {
  let client: Endpoint
  private unowned let server: HTTPServer
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var interest = Readiness.readable
  private var timer: SlabID?
  private var deadline = Moment.distantFuture

  private var parser: HTTPRequestParser
  private var output: [UInt8] = []
  private var sent = 0
  /// The last answer is in `output`: nothing more is read, and its last byte ends the connection.
  private var isEnding = false
  /// Answers without an end are sent here; nothing more is read.
  private var isStreamingEvents = false
  /// An answer is to come; nothing more is read until it is there.
  private var isAwaiting = false

  /// The body that is being sent, behind what is in `output`.
  private var stream: (any HTTPBodySource)?
  private static let streamChunk = 256 << 10

  init(
    _ socket: consuming FileDescriptor, from client: Endpoint, server: HTTPServer
  ) throws(NetworkError) {
    self.client = client
    self.server = server
    parser = HTTPRequestParser(limits: server.limits.request)
    let number = socket.number
    self.socket = consume socket
    registration = try server.reactor.register(number, for: interest, handler: self)
  }

  /// - Parameters:
  ///   - progress: what was served before there was a connection to keep.
  ///   - prefix: what was read and not served.
  func begin(after progress: PlainProgress, with prefix: [UInt8]) {
    setDeadline(server.limits.requestDeadline)
    go(on: progress, with: prefix)
  }

  func close() {
    guard socket != nil else { return }
    if let registration { server.reactor.deregister(registration) }
    if let timer { server.reactor.cancelTimer(timer) }
    registration = nil
    timer = nil
    socket = nil
    endStream()
    server.forget(self)
  }

  // MARK: Events

  func becameReady(_ readiness: Readiness) {
    if readiness.contains(.writable) { flush() }
    if socket != nil, readiness.contains(.readable) || readiness.contains(.hangup) { read() }
  }

  private func read() {
    guard let number = socket?.number else { return }
    guard let bytes = server.receive(from: number) else { return close() }
    guard !bytes.isEmpty, !isEnding, !isStreamingEvents else { return }
    // Between requests, and with no answer waiting: the next may be one that is served at once.
    guard output.isEmpty, stream == nil, !isAwaiting, !parser.isInsideRequest else {
      return take(Array(bytes))
    }
    let progress = server.servePlain(bytes, from: client, on: number)
    if server.hasEnded(progress, bytes) { return close() }
    go(on: progress, with: Array(bytes[progress.served...]))
  }

  /// Goes on where plain requests were served up to a point.
  private func go(on progress: PlainProgress, with rest: [UInt8]) {
    output = progress.unsent
    isEnding = progress.isLast
    if progress.served > 0 { setDeadline(server.limits.idleDeadline) }
    if !rest.isEmpty, !isEnding { return take(rest) }
    if isEnding || !output.isEmpty { flush() }
  }

  private func take(_ bytes: [UInt8]) {
    // The deadline of a request runs from its first byte: further bytes do not extend it.
    let wasInsideRequest = parser.isInsideRequest
    parser.append(bytes)
    let hasAnswered = answer()
    if isStreamingEvents {
      setDeadline(server.limits.streamDeadline)
    } else if !parser.isInsideRequest {
      setDeadline(server.limits.idleDeadline)
    } else if !wasInsideRequest || hasAnswered {
      setDeadline(server.limits.requestDeadline)
    }
    flush()
  }

  /// Answers every request that is whole; false when none was.
  @discardableResult
  private func answer() -> Bool {
    var hasAnswered = false
    do {
      while !isEnding, !isStreamingEvents, !isAwaiting, stream == nil,
        output.count - sent <= server.limits.mostPendingBytes, let request = try parser.next()
      {
        hasAnswered = true
        if let deferrer = server.deferrer {
          let promise = HTTPPromise(request, on: self)
          if deferrer(request, client, promise) {
            isEnding = !request.keepsAlive
            if let response = promise.beginWaiting() {
              response.encode(
                into: &output, keepsAlive: request.keepsAlive, omitsBody: request.method == "HEAD")
            } else {
              isAwaiting = true
            }
            continue
          }
        }
        if let events = server.eventHandler?(request, client) {
          begin(events)
          continue
        }
        if let streamed = server.streamer?(request, client) {
          begin(streamed, answering: request)
          continue
        }
        let response = server.handler(request, client)
        response.encode(
          into: &output, keepsAlive: request.keepsAlive, omitsBody: request.method == "HEAD")
        isEnding = !request.keepsAlive
      }
    } catch {
      HTTPResponse(error).encode(into: &output, keepsAlive: false)
      isEnding = true
    }
    return hasAnswered
  }

  // MARK: Streams

  private func begin(_ streamed: HTTPStreamedResponse, answering request: HTTPRequest) {
    let omitsBody = request.method == "HEAD"
    streamed.head.encode(
      into: &output, keepsAlive: request.keepsAlive, omitsBody: true, length: streamed.length)
    isEnding = !request.keepsAlive
    guard !omitsBody else { return streamed.source.ended() }
    stream = streamed.source
    stream?.hasMore = { [weak self] in
      guard let self, self.sent == self.output.count else { return }
      self.flush()
    }
  }

  /// Takes the next part of the body. Returns whether there is something to send.
  private func takeFromStream() -> Bool {
    guard let source = stream else { return false }
    do {
      guard !source.isAtEnd else {
        endStream()
        return false
      }
      guard let bytes = try source.take(atMost: Self.streamChunk) else { return false }
      output = bytes
      sent = 0
      return true
    } catch {
      close()
      return false
    }
  }

  private func endStream() {
    stream?.hasMore = nil
    stream?.ended()
    stream = nil
  }

  // MARK: Events without an end

  private func begin(_ events: HTTPEventStream) {
    isStreamingEvents = true
    events.connection = self
    var response = HTTPResponse(.ok, contentType: events.contentType)
    for header in events.headers { response.addHeader(header.name, header.value) }
    response.encodeUnending(into: &output)
  }

  func sendEvents(_ bytes: [UInt8]) -> Bool {
    guard socket != nil, output.count - sent + bytes.count <= server.limits.mostPendingBytes else {
      return false
    }
    let isIdle = output.isEmpty
    output += bytes
    setDeadline(server.limits.streamDeadline)
    if isIdle { flush() }
    return socket != nil
  }

  private func flush() {
    repeat {
      guard send() else { return }
    } while takeFromStream()
    guard socket != nil else { return }
    guard stream == nil else {
      // There is no more of it yet, and a client may wait as long as it likes.
      setDeadline(.minutes(60))
      return setInterest(.readable)
    }
    afterSending()
  }

  /// Sends what is in `output`; false when that has to wait, or the connection is over.
  private func send() -> Bool {
    while let number = socket?.number, sent < output.count {
      let count = output.withUnsafeBytes {
        Glibc.send(number, $0.baseAddress! + sent, output.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
        continue
      }
      guard errno == EAGAIN || errno == EINTR else {
        close()
        return false
      }
      setDeadline(stream == nil ? server.limits.writeDeadline : .minutes(60))
      setInterest(.writable)
      return false
    }
    output.removeAll(keepingCapacity: output.capacity <= 64 << 10)
    sent = 0
    return socket != nil
  }

  /// The answer that was to come is there.
  func take(_ response: HTTPResponse, keepsAlive: Bool, omitsBody: Bool) {
    guard socket != nil, isAwaiting else { return }
    isAwaiting = false
    response.encode(into: &output, keepsAlive: keepsAlive, omitsBody: omitsBody)
    setDeadline(server.limits.idleDeadline)
    flush()
  }

  private func afterSending() {
    if isAwaiting { return setInterest([]) }
    if isEnding { return finish() }
    setInterest(.readable)
    // Requests that had to wait for the answers before them.
    if parser.isInsideRequest, !isStreamingEvents {
      answer()
      if !output.isEmpty { flush() }
    }
  }

  /// Ends the connection so that the client gets the answer even if it was still sending: a reset
  /// would throw away what it has not read (RFC 9112, section 9.6).
  private func finish() {
    guard let number = socket?.number else { return }
    shutdown(number, Int32(SHUT_WR))
    setInterest(.readable)
    setDeadline(.seconds(2))
  }

  private func setInterest(_ wanted: Readiness) {
    guard let registration, wanted != interest else { return }
    interest = wanted
    server.reactor.change(registration, to: wanted)
  }

  // MARK: Deadlines

  private func setDeadline(_ span: TimeSpan) {
    let isSooner = server.reactor.now + span < deadline
    deadline = server.reactor.now + span
    if isSooner || timer == nil { setTimer() }
  }

  /// A deadline put off costs nothing: when the timer fires too early, it is set anew.
  private func setTimer() {
    if let timer { server.reactor.cancelTimer(timer) }
    timer = server.reactor.schedule(at: deadline) { [weak self] in
      guard let self else { return }
      self.timer = nil
      if self.server.reactor.now >= self.deadline { self.expire() } else { self.setTimer() }
    }
  }

  private func expire() {
    guard parser.isInsideRequest, !isEnding, !isStreamingEvents, !isAwaiting, output.isEmpty else {
      return close()
    }
    let response = HTTPResponse(
      .requestTimeout, contentType: "text/plain; charset=utf-8",
      body: Array("the request did not arrive in time\n".utf8))
    response.encode(into: &output, keepsAlive: false)
    isEnding = true
    flush()
    if socket != nil { setDeadline(.seconds(2)) }
  }
}
