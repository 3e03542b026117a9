import DeterministicCore
import Glibc
import PeerWire
import Testing
import TorrentModel

@testable import Networking

@Suite("Two transports")
struct PeerTransportPairTests {
  enum Manner: CaseIterable {
    case inTheOpen
    /// The handshake is encrypted and nothing else.
    case plaintext
    case rc4

    var methods: EncryptionMethods { self == .rc4 ? .rc4 : .plaintext }
  }

  @Test(
    "meet, shake hands, and deliver each other a torrent, both ways at once",
    arguments: Manner.allCases)
  func exchange(manner: Manner) throws {
    var generator = SeededGenerator(seed: 3)
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
    let greeting = Stage.handshake(named: 1)
    let encryption = EncryptionInitiator(
      to: greeting.infoHash, offering: [.plaintext, .rc4], saying: greeting.bytes,
      EncryptionChance(using: &generator))
    let outgoing = try PeerTransport(
      connectingTo: listener.endpoint, from: nil,
      encryption: manner == .inTheOpen ? nil : encryption, handshake: greeting,
      key: SlabID(slot: 1, generation: 1), reactor: reactor, scratch: scratch,
      delegate: delegates[0])
    reactor.run { socket != nil }
    listener.close()

    // Who asks for which torrent is read before there is a transport.
    let (number, peer) = try #require(socket)
    var handshake = [UInt8](repeating: 0, count: Handshake.length)
    var stream: EncryptedStream?
    if manner == .inTheOpen {
      reactor.run {
        recv(number, &handshake, Handshake.length, Int32(MSG_PEEK)) == Handshake.length
      }
      try #require(recv(number, &handshake, Handshake.length, 0) == Handshake.length)
    } else {
      let responder = EncryptionResponder(
        accepting: [manner.methods], EncryptionChance(using: &generator))
      let outcome = try agree(on: number, for: greeting.infoHash, responder, reactor)
      handshake = outcome.firstWords
      stream = EncryptedStream(ciphers: outcome.ciphers, unread: [])
    }
    #expect((stream?.ciphers != nil) == (manner == .rc4))
    #expect(try Handshake(handshake) == Stage.handshake(named: 1))
    let incoming = try PeerTransport(
      accepted: FileDescriptor(owning: number), from: peer, stream: stream,
      handshake: Stage.handshake(named: 2),
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

  /// Plays the end that was connected to.
  private func agree(
    on number: Int32, for torrent: InfoHash, _ responder: EncryptionResponder, _ reactor: Reactor
  ) throws -> EncryptionResponder.Outcome {
    var responder = responder
    var outcome: EncryptionResponder.Outcome?
    var failure: (any Error)?
    reactor.run {
      while outcome == nil, failure == nil {
        var buffer = [UInt8](repeating: 0, count: responder.wanted)
        let count = recv(number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return false }
        do {
          var answer: [UInt8] = []
          switch try responder.take(buffer.prefix(count), for: { [torrent] }) {
          case .readOn: break
          case .send(let bytes): answer = bytes
          case .done(let done):
            answer = done.answer
            outcome = done
          }
          _ = send(number, answer, answer.count, Int32(MSG_NOSIGNAL))
        } catch {
          failure = error
        }
      }
      return true
    }
    #expect(failure == nil)
    return try #require(outcome)
  }
}
