import DeterministicCore
import Glibc
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("Two transports")
struct PeerTransportPairTests {
  @Test("meet, shake hands, and deliver each other a torrent, both ways at once")
  func exchange() throws {
    let reactor = try Reactor()
    let scratch = ReceiveScratch()
    // Each has its own memory for the same bytes.
    let delegates = (0..<2).map { _ in RecordingDelegate(TestContent(pieces: 64)) }
    let blocks = delegates[0].content.blocks
    for delegate in delegates {
      delegate.answersRequests = true
      delegate.requested = blocks
    }

    var socket: (number: Int32, peer: Endpoint)?
    let listener = try Listener(on: ListenerTests.anyPort, reactor: reactor) { accepted, peer in
      socket = (accepted.release(), peer)
    }
    let outgoing = try PeerTransport(
      connectingTo: listener.endpoint, from: nil, handshake: Stage.handshake(named: 1),
      key: SlabID(slot: 1, generation: 1), reactor: reactor, scratch: scratch,
      delegate: delegates[0])
    reactor.run { socket != nil }
    listener.close()

    // Who asks for which torrent is read before there is a transport.
    let (number, peer) = try #require(socket)
    var handshake = [UInt8](repeating: 0, count: Handshake.length)
    reactor.run {
      recv(number, &handshake, Handshake.length, Int32(MSG_PEEK)) == Handshake.length
    }
    try #require(recv(number, &handshake, Handshake.length, 0) == Handshake.length)
    #expect(try Handshake(handshake) == Stage.handshake(named: 1))
    let incoming = try PeerTransport(
      accepted: FileDescriptor(owning: number), from: peer, handshake: Stage.handshake(named: 2),
      key: SlabID(slot: 2, generation: 1), reactor: reactor, scratch: scratch,
      delegate: delegates[1])
    for transport in [outgoing, incoming] {
      for block in blocks { transport.send(.request(block)) }
    }

    reactor.run { delegates.allSatisfy { $0.requested.isEmpty } }
    #expect(delegates[0].events.first == .handshake(Stage.handshake(named: 2)))
    for delegate in delegates {
      let landed = delegate.events.filter { if case .completed = $0 { true } else { false } }
      #expect(landed == blocks.map { .completed($0, .inPlace) })
      #expect(blocks.allSatisfy(delegate.content.isInPlace))
      #expect(delegate.messages == blocks.map { .request($0) })
    }
    incoming.close()
    reactor.run { delegates[0].end != nil }
    #expect(outgoing.isClosed)
  }
}
