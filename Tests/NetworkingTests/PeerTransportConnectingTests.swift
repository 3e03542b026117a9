import DeterministicCore
import Glibc
import Networking
import PeerWire
import Testing
import TorrentModel

@Suite("A transport that connects")
struct PeerTransportConnectingTests {
  private let reactor: Reactor
  private let scratch = ReceiveScratch()
  private let delegate = RecordingDelegate(TestContent(pieces: 1))

  init() throws { reactor = try Reactor() }

  private func connect(to endpoint: Endpoint, from source: Address? = nil) throws -> PeerTransport {
    try PeerTransport(
      connectingTo: endpoint, from: source, handshake: Stage.handshake, key: Stage.key,
      reactor: reactor, scratch: scratch, delegate: delegate)
  }

  /// A transport and, once it is accepted, the peer it reaches.
  private func meet(
    chunk: @escaping () -> Int = { 1000 }, source: Address? = nil
  ) throws -> (PeerTransport, RawPeer) {
    var peer: RawPeer?
    let listener = try Listener(on: ListenerTests.anyPort, reactor: reactor) { socket, endpoint in
      if let source { #expect(endpoint.address == source) }
      peer = try? RawPeer(socket, on: reactor, chunk: chunk)
    }
    let transport = try connect(to: listener.endpoint, from: source)
    reactor.run { peer != nil }
    listener.close()
    return (transport, try #require(peer))
  }

  @Test("sends its handshake first, even before what was sent while it connected")
  func handshakeFirst() throws {
    var peer: RawPeer?
    let listener = try Listener(on: ListenerTests.anyPort, reactor: reactor) { socket, _ in
      peer = try? RawPeer(socket, on: reactor)
    }
    let transport = try connect(to: listener.endpoint)
    transport.send(.haveNone)
    let expected = Stage.handshake.bytes + PeerMessage.haveNone.bytes
    reactor.run { peer?.inbox.count == expected.count }
    #expect(peer?.inbox == expected)
    #expect(delegate.events.isEmpty)
    transport.close()
    listener.close()
  }

  @Test(
    "reads the peer's handshake and what follows it, however cut", arguments: [1, 7, 67, 68, 500])
  func handshakeInParts(chunk: Int) throws {
    let (transport, peer) = try meet(chunk: { chunk }, source: .v4(0x7f00_0003))
    let theirs = Stage.handshake(named: 0x22)
    peer.send(theirs.bytes + PeerMessage.haveAll.bytes + PeerMessage.unchoke.bytes)
    reactor.run { delegate.events.count == 3 }
    #expect(delegate.events == [.handshake(theirs), .message(.haveAll), .message(.unchoke)])
    transport.close()
  }

  @Test("ends at the first byte that is no handshake's")
  func notBitTorrent() throws {
    let (transport, peer) = try meet()
    peer.send(Array("\u{13}BitTorrent protocoX".utf8))
    reactor.run { delegate.end != nil }
    #expect(delegate.events == [.ended(.protocolFault(.notBitTorrent))])
    #expect(transport.isClosed)
    reactor.run { peer.hasEnded }
  }

  @Test("tells that the peer closed instead of answering")
  func closedBeforeHandshake() throws {
    let (_, peer) = try meet()
    peer.send(Array(Stage.handshake.bytes.prefix(40)))
    reactor.run { peer.hasSentAll }
    peer.close()
    reactor.run { delegate.end != nil }
    #expect(delegate.events.count == 1)
  }

  @Test("tells that nobody listens, or that it cannot come from an address it has not")
  func refused() throws {
    let transport = try connect(to: try deadEndpoint())
    reactor.run { delegate.end != nil }
    guard case .network(let error) = delegate.end else {
      Issue.record("ended with \(String(describing: delegate.end))")
      return
    }
    #expect(error.operation == "connect" && error.code == ECONNREFUSED)
    #expect(transport.isClosed)
    #expect(throws: NetworkError.self) {
      _ = try connect(to: try deadEndpoint(), from: .v4(0xc000_0201))
    }
  }

  @Test("closed while it connects never calls back")
  func closedWhileConnecting() throws {
    let listener = try Listener(on: ListenerTests.anyPort, reactor: reactor) { _, _ in }
    let transport = try connect(to: listener.endpoint)
    transport.send(.choke)
    transport.close()
    transport.close()
    transport.send(.unchoke)
    transport.pauseReading(true)
    reactor.run(for: .milliseconds(20))
    #expect(delegate.calls.isEmpty)
    listener.close()
  }
}
