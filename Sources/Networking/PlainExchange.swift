public import HTTPWire
public import TorrentModel

/// Whoever answers the plain requests of an `HTTPServer` where they lie. Called on its loop's thread
/// only.
public protocol PlainResponder: AnyObject {
  /// Writes the body of an answer, of status 200 and type text/plain.
  ///
  /// - Parameters:
  ///   - bytes: what the request's ranges are of.
  ///   - body: empty, with room for `HTTPServer.longestPlainBody` bytes.
  /// - Returns: false to have the request read in full and handed to the server's handler; nothing
  ///   of the body is sent then.
  func answer(
    _ request: PlainRequest, in bytes: RawSpan, from client: Endpoint,
    into body: inout OutputRawSpan
  ) -> Bool
}

/// The memory that the connections of one server are read into, and in which plain requests are
/// answered: one for all of them, because one is served at a time. A thousand idle connections cost
/// no buffers, and a plain request no allocation.
final class PlainExchange {
  static let longestBody = 32 << 10
  private static let headRoom = 128
  private static let receiveRoom = 16 << 10

  let received = UnsafeMutableRawBufferPointer.allocate(
    byteCount: receiveRoom, alignment: 64)
  private let reply = UnsafeMutableRawBufferPointer.allocate(
    byteCount: headRoom + longestBody, alignment: 64)

  deinit {
    received.deallocate()
    reply.deallocate()
  }

  /// Answers the request that `bytes` begin with.
  ///
  /// - Returns: the answer as it goes over the wire, good until the next; `nil` where the request is
  ///   not plain, or is not answered so.
  func answer(
    _ bytes: UnsafeRawBufferPointer, from client: Endpoint, limits: HTTPRequestParser.Limits,
    by responder: any PlainResponder
  ) -> (request: PlainRequest, reply: UnsafeRawBufferPointer)? {
    guard let request = PlainRequest(bytes.bytes, limits: limits) else { return nil }
    let room = UnsafeMutableRawBufferPointer(rebasing: reply[Self.headRoom...])
    var body = OutputRawSpan(buffer: room, initializedCount: 0)
    let isAnswered = responder.answer(request, in: bytes.bytes, from: client, into: &body)
    let length = body.finalize(for: room)
    guard isAnswered else { return nil }
    // The head is written last, from its end to its beginning: it tells the length of the body.
    var start = Self.headRoom
    prepend(
      request.keepsAlive
        ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n", at: &start)
    var digits = length
    repeat {
      start -= 1
      reply[start] = UInt8(ascii: "0") + UInt8(digits % 10)
      digits /= 10
    } while digits > 0
    prepend("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ", at: &start)
    return (request, UnsafeRawBufferPointer(rebasing: reply[start..<Self.headRoom + length]))
  }

  private func prepend(_ text: StaticString, at start: inout Int) {
    let count = text.utf8CodeUnitCount
    start -= count
    UnsafeMutableRawBufferPointer(rebasing: reply[start..<start + count])
      .copyMemory(from: UnsafeRawBufferPointer(start: text.utf8Start, count: count))
  }
}

/// How far the plain requests at the beginning of what was read were served.
struct PlainProgress {
  /// Bytes of those that were.
  var served = 0
  /// What the kernel did not take of the last answer; nothing behind it is served.
  var unsent: [UInt8] = []
  /// The last one served asked for the connection to be closed.
  var isLast = false
  /// The connection is broken.
  var isBroken = false
}
