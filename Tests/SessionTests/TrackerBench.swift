import DeterministicCore
import Glibc
import Networking
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@testable import Session

/// A tracker on loopback, and clients on the same loop.
final class TrackerBench {
  let reactor: Reactor
  let server: TrackerServer
  let client: TrackerClient
  var endpoint: Endpoint { server.listeningOn[0] }

  init(
    _ admission: Tracker.Admission = .everything, policy: AnnouncePolicy = AnnouncePolicy(),
    workers: Int = 1, on addresses: [String] = ["127.0.0.1:0"]
  ) throws {
    let reactor = try Reactor()
    self.reactor = reactor
    server = try TrackerServer(policy, admission: admission, workers: workers, on: reactor)
    for address in addresses {
      var endpoint = Endpoint(text: address)!
      if let first = server.listeningOn.first { endpoint.port = first.port }
      try server.listen(on: endpoint)
    }
    client = TrackerClient(
      on: reactor, http: HTTPClient(on: reactor), from: nil, generator: SeededGenerator(seed: 4)
    ) { host, port, completion in
      let address = Address(text: host)
      reactor.schedule(after: .zero) {
        completion(address.map { [Endpoint($0, port: port)] } ?? [])
      }
    }
  }

  /// Runs the loop until `isDone`, for ten seconds at most.
  func run(until isDone: @escaping () -> Bool) throws {
    let end = Reactor.clock + .seconds(10)
    var isTimely = true
    func look() {
      if isDone() { return reactor.stop() }
      guard Reactor.clock < end else {
        isTimely = false
        return reactor.stop()
      }
      reactor.schedule(after: .milliseconds(1), look)
    }
    reactor.schedule(after: .zero, look)
    try reactor.run()
    try #require(isTimely, "what was waited for did not come")
  }

  static func request(port: UInt16, torrent: UInt8 = 1, left: UInt64 = 1) -> AnnounceRequest {
    AnnounceRequest(
      infoHash: InfoHash(bytes: [UInt8](repeating: torrent, count: 20))!,
      peerID: PeerID(bytes: Array("-XX0001-".utf8) + (0..<12).map { _ in UInt8(port & 0xff) })!,
      port: port, left: left)
  }

  func announce(
    _ request: AnnounceRequest, by scheme: String, to endpoint: Endpoint? = nil
  ) throws -> AnnounceReply {
    let url = try #require(TrackerURL("\(scheme)://\(endpoint ?? self.endpoint)/announce"))
    var result: Result<TrackerClient.Answer, TrackerClient.AnnounceFault>?
    client.announce(request, to: url, namedBy: .document, patience: .seconds(8)) { result = $0 }
    try run { result != nil }
    let answer = try #require(result).get()
    #expect(answer.tracker == endpoint ?? self.endpoint)
    return answer.reply
  }

  /// Sends bytes over a connection of its own, and returns all that comes until its end.
  func speak(_ text: String) throws -> String {
    let socket = try StreamSocket.connect(to: endpoint, from: nil)
    let number = socket.number
    var answer: [UInt8] = []
    var sent = 0
    let bytes = Array(text.utf8)
    var isOver = false
    try run {
      if sent < bytes.count {
        let count = send(number, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
        if count > 0 { sent += count }
      }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(number, &buffer, buffer.count, 0)
      if count > 0 { answer += buffer.prefix(count) }
      isOver = count == 0
      return isOver
    }
    return String(decoding: answer, as: UTF8.self)
  }

  /// Sends datagrams from a socket of its own, and returns what came back in a while.
  func exchange(_ datagrams: [[UInt8]]) throws -> [[UInt8]] {
    var answers: [[UInt8]] = []
    let socket = try DatagramSocket(on: Endpoint(text: "127.0.0.1:0")!, reactor: reactor) {
      bytes, _ in answers.append(bytes)
    }
    defer { socket.close() }
    for datagram in datagrams { socket.send(datagram, to: endpoint) }
    // A last connect marks the end: answers keep the order of what was asked.
    socket.send(UDPTrackerRequest(transactionID: 0xfeed, body: .connect).bytes, to: endpoint)
    try run { answers.last.map { $0.count == 16 && $0[6] == 0xfe && $0[7] == 0xed } ?? false }
    return answers.dropLast()
  }
}
