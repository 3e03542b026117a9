import DeterministicCore
import Testing
import TorrentModel
import TrackerWire

@testable import SwarmLogic

@Suite struct UDPAnnounceExchangeTests {
  static let request = AnnounceRequest(
    infoHash: SwarmScript.infoHash, peerID: SwarmScript.peerID(1), port: 6881, left: 9)

  static func exchange(
    _ connection: UDPAnnounceExchange.Connection? = nil, mostAttempts: Int = 4
  ) -> UDPAnnounceExchange {
    UDPAnnounceExchange(
      request, urlData: Array("/announce".utf8), family: .v4, connection: connection,
      mostAttempts: mostAttempts, generator: SeededGenerator(seed: 1), at: .zero)
  }

  static func at(_ seconds: Int) -> Moment { .zero + .seconds(seconds) }

  static func sent(_ step: UDPAnnounceExchange.Step?) throws -> UDPTrackerRequest {
    guard case .send(let bytes)? = step else {
      Issue.record("nothing was sent: \(String(describing: step))")
      return UDPTrackerRequest(transactionID: 0, body: .connect)
    }
    return try UDPTrackerRequest(bytes.span.bytes)
  }

  static func bytes(_ transactionID: UInt32, _ body: UDPTrackerResponse.Body) -> [UInt8] {
    UDPTrackerResponse(transactionID: transactionID, body: body).bytes(.v4)
  }

  static func isConnect(_ request: UDPTrackerRequest) -> Bool {
    if case .connect = request.body { true } else { false }
  }

  static func connectionID(_ request: UDPTrackerRequest) -> UInt64? {
    if case .announce(_, let id, _) = request.body { id } else { nil }
  }

  @Test func connectsThenAnnounces() throws {
    var exchange = Self.exchange()
    let connect = try Self.sent(exchange.step(at: .zero))
    #expect(Self.isConnect(connect))
    #expect(exchange.step(at: Self.at(14)) == nil)
    let reply = Self.bytes(connect.transactionID, .connect(connectionID: 42))
    let announce = try Self.sent(exchange.receive(reply.span.bytes, at: Self.at(1)))
    #expect(announce.transactionID != connect.transactionID)
    guard case .announce(let request, 42, let urlData) = announce.body else {
      Issue.record("no announce: \(announce)")
      return
    }
    #expect(request.infoHash == Self.request.infoHash && request.left == 9)
    #expect(urlData == Array("/announce".utf8))
    #expect(exchange.connection?.goodUntil == Self.at(61))
    let answer = Self.bytes(announce.transactionID, .announce(AnnounceResponse(interval: 1800)))
    guard
      case .finished(.success(let response))? = exchange.receive(answer.span.bytes, at: Self.at(2))
    else {
      Issue.record("no answer")
      return
    }
    #expect(response.interval == 1800)
  }

  @Test func whatGoesUnansweredIsSentAgainEverMorePatiently() throws {
    var exchange = Self.exchange()
    var sent: [Int] = []
    var isOver = false
    for second in 0...1000 where !isOver {
      switch exchange.step(at: Self.at(second)) {
      case .send?: sent.append(second)
      case .timedOut?:
        #expect(second == 225)
        isOver = true
      case .finished?, nil: break
      }
    }
    #expect(sent == [0, 15, 45, 105])
    #expect(isOver)
  }

  @Test func datagramsThatAreNotItsOwnChangeNothing() throws {
    var exchange = Self.exchange()
    let connect = try Self.sent(exchange.step(at: .zero))
    let id = connect.transactionID
    let good = Self.bytes(id, .connect(connectionID: 42))
    var foreign: [[UInt8]] = [
      [], Self.bytes(id &+ 1, .connect(connectionID: 9)), [UInt8](repeating: 0xff, count: 2000),
      Self.bytes(id, .announce(AnnounceResponse(interval: 60))),
      Self.bytes(id &+ 1, .error(TrackerFailure("no"))), Self.bytes(id, .scrape([])),
    ]
    for length in 0..<good.count { foreign.append(Array(good.prefix(length))) }
    for datagram in foreign {
      #expect(exchange.receive(datagram.span.bytes, at: Self.at(1)) == nil, "\(datagram)")
    }
    #expect(exchange.connection == nil)
    let announce = try Self.sent(exchange.receive(good.span.bytes, at: Self.at(1)))
    #expect(Self.connectionID(announce) == 42)
    #expect(exchange.receive(good.span.bytes, at: Self.at(1)) == nil, "a duplicate")
  }

  @Test func aGoodConnectionIDIsUsedAgainAndAnExpiredOneIsNot() throws {
    var fresh = Self.exchange(.init(id: 5, goodUntil: Self.at(1)))
    #expect(Self.connectionID(try Self.sent(fresh.step(at: .zero))) == 5)
    // It expires before the announce is sent again.
    let again = try Self.sent(fresh.step(at: Self.at(15)))
    #expect(Self.isConnect(again))
    var old = Self.exchange(.init(id: 5, goodUntil: .zero))
    #expect(Self.isConnect(try Self.sent(old.step(at: .zero))))
  }

  @Test func anErrorEndsTheExchangeUnlessAReusedConnectionIDMayBeToBlame() throws {
    var exchange = Self.exchange()
    let connect = try Self.sent(exchange.step(at: .zero))
    let error = Self.bytes(connect.transactionID, .error(TrackerFailure("closed")))
    #expect(
      exchange.receive(error.span.bytes, at: .zero)
        == .finished(.failure(TrackerFailure("closed"))))

    var reusing = Self.exchange(.init(id: 5, goodUntil: Self.at(60)))
    let announce = try Self.sent(reusing.step(at: .zero))
    let mismatch = Self.bytes(announce.transactionID, .error(TrackerFailure("mismatch")))
    let anew = try Self.sent(reusing.receive(mismatch.span.bytes, at: .zero))
    #expect(Self.isConnect(anew) && anew.transactionID != announce.transactionID)
    let reply = Self.bytes(anew.transactionID, .connect(connectionID: 6))
    let second = try Self.sent(reusing.receive(reply.span.bytes, at: .zero))
    #expect(Self.connectionID(second) == 6)
    let refusal = Self.bytes(second.transactionID, .error(TrackerFailure("no")))
    #expect(
      reusing.receive(refusal.span.bytes, at: .zero) == .finished(.failure(TrackerFailure("no"))))
  }

  @Test func aTrackerThatOnlyAnswersConnectsIsGivenUp() throws {
    var exchange = Self.exchange()
    var sent = 0
    var isOver = false
    for second in 0..<5000 where !isOver {
      var step = exchange.step(at: Self.at(second))
      while case .send(let bytes)? = step {
        sent += 1
        let request = try UDPTrackerRequest(bytes.span.bytes)
        guard Self.isConnect(request) else { break }
        let reply = Self.bytes(request.transactionID, .connect(connectionID: UInt64(second)))
        step = exchange.receive(reply.span.bytes, at: Self.at(second))
      }
      isOver = step == .timedOut
    }
    #expect(isOver && sent <= 6, "\(sent) datagrams")
  }
}
