import DeterministicCore
import Networking
import PeerWire
import Testing
import TorrentModel

/// One transport, its delegate and a peer written by hand, on one loop.
final class Stage {
  let reactor: Reactor
  let scratch = ReceiveScratch()
  let content: TestContent
  let delegate: RecordingDelegate
  let transport: PeerTransport
  let peer: RawPeer

  static let key = SlabID(slot: 3, generation: 1)

  static let handshake: Handshake = handshake(named: 0x11)

  static func handshake(named byte: UInt8) -> Handshake {
    let digest = Array(repeating: byte, count: 20)
    guard let infoHash = InfoHash(bytes: digest), let peerID = PeerID(bytes: digest) else {
      preconditionFailure("twenty bytes make a digest")
    }
    return Handshake(infoHash: infoHash, peerID: peerID)
  }

  /// A connection that stands and over which the peer's handshake has been read already.
  init(
    pieces: Int = 4, sendBuffer: Int32? = nil, receiveBuffer: Int32? = nil,
    chunk: @escaping () -> Int = { 1 << 20 }
  ) throws {
    reactor = try Reactor()
    content = TestContent(pieces: pieces)
    delegate = RecordingDelegate(content)
    let connection = try Connection(receiveBuffer: receiveBuffer, sendBuffer: sendBuffer)
    transport = try PeerTransport(
      accepted: connection.near, from: Endpoint(.v4(0x7f00_0001), port: 1),
      handshake: Self.handshake,
      key: Self.key, reactor: reactor, scratch: scratch, delegate: delegate)
    peer = try RawPeer(connection.far, on: reactor, chunk: chunk)
  }

  deinit {
    transport.close()
    peer.close()
  }

  /// Runs until as much has arrived as `expected` is long, which it then has to be, behind the
  /// transport's handshake.
  func expect(_ expected: [Said], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let length = Handshake.length + expected.reduce(0) { $0 + $1.length }
    let peer = peer
    reactor.run(until: { peer.inbox.count >= length }, sourceLocation: sourceLocation)
    #expect(Array(peer.inbox.prefix(Handshake.length)) == Self.handshake.bytes)
    let said = try Said.all(in: Array(peer.inbox.dropFirst(Handshake.length)))
    // Not the values themselves: a report would print every byte of them.
    let isExpected = said == expected
    #expect(isExpected, "another thing was sent", sourceLocation: sourceLocation)
  }
}
