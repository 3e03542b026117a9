import Foundation
import Testing

/// A private tracker beside a test, administered by the verbs that a person uses.
struct PrivateTracker {
  let folder: URL
  let port: UInt16

  static let words = ["tracker", "--private", "--data", "state", "--json"] + TransferFixture.listen

  /// Runs one while `body` does, and ends it in good order.
  static func with(_ folder: URL, _ body: (PrivateTracker) throws -> Void) throws {
    try RunningShoal.with(words, in: folder) { running in
      try body(PrivateTracker(folder, running))
      running.signal(SIGTERM)
      let result = try running.end()
      #expect(result.exitCode == 0)
      #expect(result.errors.isEmpty, "\(result.errors)")
    }
  }

  init(_ folder: URL, _ running: RunningShoal) throws {
    self.folder = folder
    let listen = try #require(running.event("started")["listen"] as? [String])
    port = try PlainHTTP.port(in: listen[0])
  }

  /// Runs one of `shoal tracker`'s verbs, and gives the objects that it prints.
  @discardableResult
  static func run(
    _ words: String..., in folder: URL, exitCode: Int32 = 0
  ) throws -> [[String: Any]] {
    let result = try RunningShoal.run(
      ["tracker"] + words + ["--data", "state", "--json"], in: folder)
    #expect(result.exitCode == exitCode, "\(words): \(result.output)\(result.errors)")
    return try JSONLines.objects(result.output)
  }

  static func member(_ name: String, in folder: URL) throws -> [String: Any] {
    try #require(try run("user", "list", name, "--keys", in: folder).first)
  }

  /// The digits of a member's key.
  static func key(of member: [String: Any]) throws -> String {
    let url = try #require((member["announce"] as? [String])?.first)
    return try #require(url.split(separator: "/").dropLast().last.map(String.init))
  }

  /// Makes a torrent of a small file and has the tracker track it.
  ///
  /// - Returns: its info-hash, hexadecimal.
  static func addTorrent(
    _ name: String, _ words: [String] = [], in folder: URL
  ) throws -> String {
    try Data(name.utf8).write(to: folder.appendingPathComponent(name))
    let made = try RunningShoal.run(
      ["create", name, "-o", "\(name).torrent", "--private"], in: folder)
    #expect(made.exitCode == 0, "\(made.errors)")
    let result = try RunningShoal.run(
      ["tracker", "torrent", "add", "\(name).torrent", "--data", "state", "--json"] + words,
      in: folder)
    #expect(result.exitCode == 0, "\(result.errors)")
    return try #require(try result.json["infoHash"] as? String)
  }

  // MARK: Announces

  /// What a client says of itself.
  struct Announce {
    var infoHash: String
    var peer = 1
    var uploaded: UInt64 = 0
    var downloaded: UInt64 = 0
    var left: UInt64 = 1
    var event = ""

    var peerID: String {
      String(repeating: "0", count: 20 - "\(peer)".count) + "\(peer)"
    }

    var escapedInfoHash: String {
      stride(from: 0, to: 40, by: 2).map { "%" + infoHash.dropFirst($0).prefix(2) }.joined()
    }

    var query: String {
      "info_hash=\(escapedInfoHash)&peer_id=\(peerID)&port=\(1000 + peer)&uploaded=\(uploaded)"
        + "&downloaded=\(downloaded)&left=\(left)" + (event.isEmpty ? "" : "&event=\(event)")
    }
  }

  /// An announce with a key, by one of the two ways.
  typealias Ask = (Announce, String?) throws -> String?

  /// The answer by HTTP: the reason of a failure, or `nil` where the peer was served.
  func http(_ announce: Announce, key: String?) throws -> String? {
    let path = key.map { "/\($0)/announce" } ?? "/announce"
    let text = try PlainHTTP.send("\(path)?\(announce.query)", port: port).text
    guard let start = text.range(of: "14:failure reason") else {
      #expect(text.contains("8:interval"), "\(text)")
      return nil
    }
    return String(text[start.upperBound...].drop { $0 != ":" }.dropFirst())
  }

  /// The same by UDP, with the key in the URL data (BEP 41).
  func udp(_ announce: Announce, key: String?) throws -> String? {
    let socket = try UDPSocket(port: port)
    var connect = Data([0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0])
    connect.append(contentsOf: [1, 2, 3, 4])
    let connection = try socket.ask(connect)
    try #require(connection.count == 16)
    var request = Data(connection[8..<16])
    request.append(contentsOf: [0, 0, 0, 1, 1, 2, 3, 4])
    for place in stride(from: 0, to: 40, by: 2) {
      let digits = announce.infoHash.dropFirst(place).prefix(2)
      request.append(try #require(UInt8(digits, radix: 16)))
    }
    request.append(contentsOf: announce.peerID.utf8)
    for number in [announce.downloaded, announce.left, announce.uploaded] {
      withUnsafeBytes(of: number.bigEndian) { request.append(contentsOf: $0) }
    }
    let event = ["": 0, "completed": 1, "started": 2, "stopped": 3][announce.event] ?? 0
    request.append(contentsOf: [0, 0, 0, UInt8(event)] + [UInt8](repeating: 0, count: 8))
    request.append(contentsOf: [0xff, 0xff, 0xff, 0xff])
    request.append(contentsOf: [
      UInt8((1000 + announce.peer) >> 8), UInt8((1000 + announce.peer) & 255),
    ])
    if let key {
      let path = Array("/\(key)/announce".utf8)
      request.append(contentsOf: [2, UInt8(path.count)] + path + [0])
    }
    let answer = try socket.ask(request)
    if answer[3] == 1 { return nil }
    #expect(answer[3] == 3)
    return String(decoding: answer[8...], as: UTF8.self)
  }
}

/// A UDP socket to a port of this machine.
private final class UDPSocket {
  private let number: Int32

  init(port: UInt16) throws {
    number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    try #require(number >= 0)
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
  }

  deinit { close(number) }

  func ask(_ datagram: Data) throws -> Data {
    let sent = datagram.withUnsafeBytes { send(number, $0.baseAddress, $0.count, 0) }
    try #require(sent == datagram.count)
    var answer = [UInt8](repeating: 0, count: 2048)
    let count = recv(number, &answer, answer.count, 0)
    try #require(count >= 8, "no answer by UDP")
    return Data(answer.prefix(count))
  }
}
