import DeterministicCore
import Glibc
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("Closing a transport")
struct PeerTransportClosingTests {
  /// How the peer's blocks come, which decides where in the transport a question is asked.
  enum Arrival: CaseIterable {
    case whole
    case inParts
    case asWrongGuesses
    case aside
  }

  @Test(
    "from within any call is safe, and the last word",
    arguments: RecordingDelegate.Call.allCases, Arrival.allCases)
  func fromWithinACall(call: RecordingDelegate.Call, arrival: Arrival) throws {
    // The first, second, … such call: the earlier ones take other paths than the later.
    for occurrence in 1...6 {
      let stage = try Stage(
        pieces: 4, sendBuffer: 8192, chunk: { arrival == .inParts ? 7000 : 1 << 20 })
      var seen = 0
      stage.delegate.onCall = { called, transport in
        guard called == call else { return }
        seen += 1
        guard seen == occurrence else { return }
        transport.close()
        // What a delegate that has not noticed may still do.
        transport.send(.keepAlive)
        transport.send(stage.content.blocks[0])
        transport.pauseReading(true)
        transport.pauseReading(false)
      }
      play(arrival, on: stage)
      if call == .ended { stage.peer.finishSending() }
      stage.reactor.run {
        stage.transport.isClosed || (stage.peer.hasSentAll && stage.delegate.requested.isEmpty)
      }
      stage.reactor.run(for: .milliseconds(2))
      if stage.transport.isClosed, call != .ended {
        let calls = stage.delegate.calls
        #expect(calls[call] == occurrence)
        #expect(calls[.ended] == nil)
        stage.reactor.run { stage.peer.hasEnded }
        #expect(stage.delegate.calls == calls, "called back after the end")
      }
      stage.delegate.onCall = { _, _ in }
    }
  }

  private func play(_ arrival: Arrival, on stage: Stage) {
    let blocks = stage.content.blocks
    stage.delegate.requested = Array(blocks.prefix(12))
    stage.delegate.mostPayload = 5000
    for block in blocks.prefix(4) { stage.transport.send(block) }
    var bytes: [UInt8] = []
    for block in blocks.prefix(12) {
      if arrival == .asWrongGuesses { bytes += PeerMessage.have(1).bytes }
      bytes += stage.content.message(block)
    }
    if arrival == .aside { stage.delegate.shared = Set(blocks.prefix(12)) }
    stage.peer.send(PeerMessage.unchoke.bytes + bytes + PeerMessage.choke.bytes)
  }

  @Test("closes the descriptor and lets go of the delegate and of itself")
  func lettingGo() throws {
    let reactor = try Reactor()
    weak var weakTransport: PeerTransport?
    weak var weakDelegate: RecordingDelegate?
    let peer: RawPeer
    do {
      let connection = try Connection()
      let delegate = RecordingDelegate(TestContent(pieces: 1))
      weakDelegate = delegate
      let transport = try PeerTransport(
        accepted: connection.near, from: Endpoint(.v4(1), port: 1), handshake: Stage.handshake,
        key: Stage.key, reactor: reactor, scratch: ReceiveScratch(), delegate: delegate)
      weakTransport = transport
      peer = try RawPeer(connection.far, on: reactor)
    }
    reactor.run { peer.inbox == Stage.handshake.bytes }
    #expect(weakTransport != nil && weakDelegate != nil)
    weakTransport?.close()
    reactor.run { peer.hasEnded }
    #expect(weakTransport == nil && weakDelegate == nil)
  }

  @Test("leaves the other connections of the loop alone, one being read from included")
  func closingAnother() throws {
    let reactor = try Reactor()
    let scratch = ReceiveScratch()
    let content = TestContent(pieces: 8)
    let delegates = [RecordingDelegate(content), RecordingDelegate(TestContent(pieces: 8))]
    var transports: [PeerTransport] = []
    var peers: [RawPeer] = []
    for delegate in delegates {
      let connection = try Connection()
      transports.append(
        try PeerTransport(
          accepted: connection.near, from: Endpoint(.v4(1), port: 1), handshake: Stage.handshake,
          key: Stage.key, reactor: reactor, scratch: scratch, delegate: delegate))
      peers.append(try RawPeer(connection.far, on: reactor))
    }
    delegates[0].requested = content.blocks
    delegates[1].requested = content.blocks
    delegates[0].onCall = { [transports] call, _ in
      if call == .completed { transports[1].close() }
    }
    for peer in peers { peer.send(content.blocks.flatMap { content.message($0) }) }
    reactor.run { delegates[0].requested.isEmpty && peers[1].hasEnded }
    #expect(delegates[0].events == content.blocks.map { .completed($0, .inPlace) })
    #expect(delegates[1].count(.ended) == 0)
    for transport in transports { transport.close() }
  }
}
