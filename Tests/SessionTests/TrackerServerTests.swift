import DeterministicCore
import Foundation
import Glibc
import HTTPWire
import Networking
import Testing
import TorrentModel
import TrackerLogic
import TrackerWire

@testable import Session

private let announceQuery =
  "info_hash=%01%01%01%01%01%01%01%01%01%01%01%01%01%01%01%01%01%01%01%01"
  + "&peer_id=-XX0001-aaaaaaaaaaaa&uploaded=0&downloaded=0&left=9&compact=1"

@Suite struct TrackerServing {
  @Test(arguments: [("http", "http"), ("udp", "udp"), ("http", "udp"), ("udp", "http")])
  func `two clients find each other, whichever way each asks`(
    first: String, second: String
  ) throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let alone = try bench.announce(TrackerBench.request(port: 7001), by: first).get()
    #expect(alone.peers.count == 0)
    let response = try bench.announce(TrackerBench.request(port: 7002, left: 0), by: second).get()
    #expect(response.peers.endpoints.map(\.description) == ["127.0.0.1:7001"])
    #expect(response.complete == 1 && response.incomplete == 1)
    let both = try bench.announce(TrackerBench.request(port: 7001), by: first).get()
    #expect(both.peers.endpoints.map(\.description) == ["127.0.0.1:7002"])
  }

  @Test func `both families are served at one port, and named by family`() throws {
    let bench = try TrackerBench(on: ["127.0.0.1:0", "[::1]:0"])
    defer { bench.server.close() }
    try #require(bench.server.listeningOn.count == 2, "this machine has no IPv6")
    #expect(bench.server.listeningOn[1].port == bench.endpoint.port)
    let six = bench.server.listeningOn[1]
    for (scheme, torrent, others) in [("http", UInt8(1), ["127.0.0.1:7001"]), ("udp", 2, [])] {
      let requests = (7001...7003).map { TrackerBench.request(port: $0, torrent: torrent) }
      _ = try bench.announce(requests[0], by: scheme)
      let response = try bench.announce(requests[1], by: scheme, to: six).get()
      #expect(response.peers.endpoints.map(\.description) == others)
      let twin = try bench.announce(requests[2], by: scheme, to: six).get()
      #expect(twin.peers.endpoints.map(\.description) == others + ["[::1]:7002"])
    }
  }

  @Test(arguments: ["http", "udp"])
  func `a torrent that is not registered is refused with a reason`(scheme: String) throws {
    let bench = try TrackerBench(.registered)
    defer { bench.server.close() }
    let request = TrackerBench.request(port: 7001)
    #expect(throws: TrackerFailure.self) { try bench.announce(request, by: scheme).get() }
    bench.server.register(request.infoHash)
    #expect(throws: Never.self) { try bench.announce(request, by: scheme).get() }
  }
}

@Suite struct TrackerRestarts {
  @Test func `the peers of one run are known in the next`() throws {
    let first = try TrackerBench()
    _ = try first.announce(TrackerBench.request(port: 7001), by: "udp")
    let snapshot = first.server.snapshot()
    first.server.close()
    let second = try TrackerBench()
    defer { second.server.close() }
    #expect(try second.server.restoration(snapshot) == 1)
    let response = try second.announce(TrackerBench.request(port: 7002), by: "http").get()
    #expect(response.peers.endpoints.map(\.description) == ["127.0.0.1:7001"])
  }
}

@Suite struct SwarmKeeping {
  private let folder = NSTemporaryDirectory() + "swarm-keeping-\(UUID())"

  /// What the keeper told, as text.
  private final class Told {
    var reports: [String] = []
    func callAsFunction(_ report: SwarmKeeper.Report) { reports.append("\(report)") }
  }

  private func keep(
    _ bench: TrackerBench, every interval: TimeSpan = .minutes(60), patience: TimeSpan,
    _ told: Told
  ) throws -> SwarmKeeper {
    try SwarmKeeper(
      bench.server, in: SwarmsFile(in: folder), every: interval, patience: patience,
      on: bench.reactor
    ) { told($0) }
  }

  /// Leaves one peer behind for the next run.
  private func leavePeer() throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let told = Told()
    let keeper = try keep(bench, patience: .seconds(10), told)
    _ = try bench.announce(TrackerBench.request(port: 7001), by: "udp")
    try keeper.finish()
  }

  /// At once where it is waited for, and on the loop where it is not.
  @Test(arguments: [TimeSpan.seconds(10), .zero])
  func `the swarms of the last run come back`(patience: TimeSpan) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try leavePeer()
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let told = Told()
    let keeper = try keep(bench, every: .milliseconds(20), patience: patience, told)
    try bench.run { told.reports.count > 1 }
    #expect(told.reports.prefix(2) == ["restored(1)", "saved"])
    #expect(bench.server.peerCount == 1)
    try keeper.finish()
  }

  /// However soon the end comes, nothing is written before all is back.
  @Test func `a tracker that ends while it begins loses nothing`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try leavePeer()
    for _ in 1...20 {
      let bench = try TrackerBench()
      defer { bench.server.close() }
      try keep(bench, patience: .zero, Told()).finish()
      #expect(bench.server.peerCount == 1)
    }
  }

  @Test func `a damaged file is told of, set aside and replaced by the one before`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try leavePeer()
    try leavePeer()
    let file = SwarmsFile(in: folder)
    try Data("torn".utf8).write(to: URL(fileURLWithPath: file.path))
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let told = Told()
    let keeper = try keep(bench, patience: .seconds(10), told)
    #expect(told.reports.count == 2 && told.reports.last == "restored(1)")
    #expect(told.reports.first?.hasPrefix("unusable") == true)
    #expect(try file.read() == nil)
    try keeper.finish()
  }
}

@Suite struct TrackerHTTP {
  @Test func `requests on one connection are answered in order`() throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let announce = "GET /announce?\(announceQuery)&port="
    let answer = try bench.speak(
      "\(announce)7001 HTTP/1.1\r\nHost: t\r\n\r\n\(announce)7002 HTTP/1.1\r\nHost: t\r\n\r\n"
        + "GET /scrape?\(announceQuery.prefix(70)) HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    )
    let responses = answer.components(separatedBy: "HTTP/1.1 ")
    #expect(responses.count == 4)
    #expect(responses[1].hasPrefix("200 OK\r\n") && responses[1].contains("5:peers0:"))
    #expect(responses[2].contains("10:incompletei2e"))
    #expect(responses[3].contains("5:filesd20:") && responses[3].contains("10:incompletei2e"))
    #expect(responses[3].contains("Connection: close"))
  }

  @Test(arguments: [
    ("GET /announce?info_hash=short HTTP/1.0\r\n\r\n", "200", "14:failure reason"),
    ("GET /announce HTTP/1.0\r\n\r\n", "200", "'info_hash' is missing"),
    ("GET /scrape HTTP/1.0\r\n\r\n", "200", "14:failure reason"),
    ("GET /elsewhere HTTP/1.0\r\n\r\n", "404", ""),
    ("POST /announce HTTP/1.0\r\n\r\n", "405", "Allow: GET, HEAD"),
    ("GET /announce HTTP/1.1\n\n", "400", ""),
    ("GET /announce HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n", "411", ""),
    ("GET /" + String(repeating: "a", count: 9000), "414", ""),
  ]) func `what is no announce gets its answer and the connection ends`(
    request: String, status: String, contained: String
  ) throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let answer = try bench.speak(request)
    #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
    #expect(contained.isEmpty || answer.contains(contained))
    #expect(bench.server.peerCount == 0)
  }

  @Test func `peers are described to whoever asks for that`() throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    _ = try bench.announce(TrackerBench.request(port: 7001), by: "udp")
    let query = announceQuery.replacingCompact(by: "0")
    let full = try bench.speak("GET /announce?\(query)&port=7002 HTTP/1.0\r\n\r\n")
    #expect(full.contains("5:peersld2:ip9:127.0.0.17:peer id20:-XX0001-"))
    #expect(full.contains("4:porti7001eee"))
    let bare = try bench.speak(
      "GET /announce?\(query)&no_peer_id=1&port=7002 HTTP/1.0\r\n\r\n")
    #expect(bare.contains("5:peersld2:ip9:127.0.0.14:porti7001eee"))
    #expect(bare.contains("11:external ip4:"))
  }

  @Test func `an address in the query is nobody's`() throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    _ = try bench.speak(
      "GET /announce?\(announceQuery)&port=80&ip=198.51.100.7&ipv6=2001:db8::1 HTTP/1.0\r\n\r\n")
    let response = try bench.announce(TrackerBench.request(port: 7001), by: "udp").get()
    #expect(response.peers.endpoints.map(\.description) == ["127.0.0.1:80"])
  }
}

@Suite struct TrackerDatagrams {
  private func response(_ datagram: [UInt8]) throws -> UDPTrackerResponse {
    try UDPTrackerResponse(datagram.span.bytes, family: .v4)
  }

  private func announce(_ connectionID: UInt64) -> [UInt8] {
    UDPTrackerRequest(
      transactionID: 7,
      body: .announce(TrackerBench.request(port: 7001), connectionID: connectionID, urlData: [])
    ).bytes
  }

  @Test func `nothing is answered without a connection ID of ours, and nothing kept`() throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let scrape = UDPTrackerRequest(
      transactionID: 8,
      body: .scrape(
        ScrapeRequest([TrackerBench.request(port: 1).infoHash]), connectionID: 0x4141_4141_4141_4141
      ))
    let forged = [
      announce(0x4141_4141_4141_4141), announce(0), scrape.bytes, [], [1, 2, 3],
      [UInt8](repeating: 0xff, count: 2000), Array(announce(5).prefix(97)),
    ]
    #expect(try bench.exchange(forged).isEmpty)
    #expect(bench.server.peerCount == 0)
  }

  @Test func `an answer to a connect is no longer than the question, and good for an announce`()
    throws
  {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    let id = try connect(bench)
    let announced = try bench.exchange([announce(id), announce(id ^ 1)])
    #expect(announced.count == 1 && announced[0].count == 20)
    #expect(bench.server.peerCount == 1)
  }

  @Test func `a scrape answers for each torrent in its place`() throws {
    let bench = try TrackerBench()
    defer { bench.server.close() }
    _ = try bench.announce(TrackerBench.request(port: 7001, torrent: 2), by: "udp")
    let hashes = [1, 2].map { InfoHash(bytes: [UInt8](repeating: $0, count: 20))! }
    let request = UDPTrackerRequest(
      transactionID: 3, body: .scrape(ScrapeRequest(hashes), connectionID: try connect(bench)))
    let answers = try bench.exchange([request.bytes])
    guard case .scrape(let counts) = try response(try #require(answers.first)).body else {
      Issue.record("a scrape was answered by something else")
      return
    }
    #expect(counts.map(\.incomplete) == [0, 1])
  }

  private func connect(_ bench: TrackerBench) throws -> UInt64 {
    let connect = UDPTrackerRequest(transactionID: 9, body: .connect).bytes
    let answers = try bench.exchange([connect])
    try #require(answers.count == 1 && answers[0].count == connect.count)
    guard case .connect(let id) = try response(answers[0]).body else {
      Issue.record("a connect was answered by something else")
      return 0
    }
    return id
  }
}

extension String {
  fileprivate func replacingCompact(by value: String) -> String {
    String(dropLast("compact=1".count)) + "compact=" + value
  }

  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
