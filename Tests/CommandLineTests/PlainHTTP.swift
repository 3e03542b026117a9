import Foundation
import Testing

/// One HTTP request over a socket, so that nothing between test and server mends either.
enum PlainHTTP {
  struct Reply {
    let status: Int
    let head: String
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  static func send(
    _ target: String, method: String = "GET", host: String = "127.0.0.1",
    headers: [String] = [], body: Data = Data(), port: UInt16
  ) throws -> Reply {
    var bytes = Data()
    try exchange(target, method, port, host, headers, body) { chunk in
      bytes.append(chunk)
      return true
    }
    let end = try #require(bytes.range(of: Data("\r\n\r\n".utf8)))
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    let status = try #require(head.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    return Reply(status: status, head: head, body: Data(bytes[end.upperBound...]))
  }

  /// Reads an answer that has no end until there is enough of it.
  static func begin(
    _ target: String, host: String, headers: [String], port: UInt16,
    until isEnough: (String) -> Bool
  ) throws -> String {
    var bytes = Data()
    try exchange(target, "GET", port, host, headers, Data()) { chunk in
      bytes.append(chunk)
      return !isEnough(String(decoding: bytes, as: UTF8.self))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// - Parameter take: what came; false when it is enough.
  private static func exchange(
    _ target: String, _ method: String, _ port: UInt16, _ host: String, _ headers: [String],
    _ body: Data, take: (Data) -> Bool
  ) throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(socket >= 0)
    defer { close(socket) }
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(
      socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    let lines =
      ["\(method) \(target) HTTP/1.1", "Host: \(host)", "Connection: close"] + headers + ["", ""]
    let request = Array(lines.joined(separator: "\r\n").utf8) + Array(body)
    try #require(write(socket, request, request.count) == request.count)
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(socket, &chunk, chunk.count)
      try #require(count >= 0, "no whole answer to \(target)")
      if count == 0 || !take(Data(chunk.prefix(count))) { return }
    }
  }

  /// The port in a text such as `http://127.0.0.1:6881/`.
  static func port(in url: String) throws -> UInt16 {
    let digits = url.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
    return try #require(UInt16(digits), "\(url)")
  }
}
