import DeterministicCore
import PeerWire
import Testing

@testable import SwarmLogic
@testable import TorrentModel

@Suite final class `A bitfield that comes again` {
  private var swarm: Swarm
  private var effects: [SwarmEffect] = []
  private let key: PeerKey

  private static func identity(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 20) }

  /// A swarm of ten pieces of which we have the first, and one peer.
  init() throws {
    let infoHash = try #require(InfoHash(bytes: Self.identity(1)))
    let geometry = try #require(PieceGeometry(totalLength: 10 << 14, pieceLength: 1 << 14))
    swarm = Swarm(
      infoHash: infoHash, peerID: try #require(PeerID(bytes: Self.identity(2))), listenPort: 1,
      configuration: SwarmConfiguration(), generator: SeededGenerator(seed: 1), at: .zero)
    var have = Bitfield(count: 10)
    have.insert(PieceIndex(0))
    swarm.handle(.ready(geometry, have: have, wanted: nil, metadata: []), at: .zero, into: &effects)
    let handshake = Handshake(
      infoHash: infoHash, peerID: try #require(PeerID(bytes: Self.identity(3))))
    let endpoint = Endpoint(.v4(0x0a63_0003), port: 7003)
    swarm.handle(.accepted(ticket: 1, from: endpoint, handshake), at: .zero, into: &effects)
    let keys = swarm.peers.ids
    key = try #require(keys.first)
  }

  private func receive(_ messages: PeerMessage...) {
    for message in messages {
      swarm.handle(.received(message, from: key), at: .zero, into: &effects)
    }
  }

  private func availability() -> [Int] {
    (0..<10).map { swarm.picker?.availability(of: PieceIndex($0)) ?? -1 }
  }

  @Test func `adds what is new and takes nothing away`() {
    receive(
      .bitfield([0b1010_0000, 0]), .have(PieceIndex(9)), .bitfield([0b0110_0000, 0b0100_0000]))
    let isThere = swarm.peers.contains(key)
    #expect(isThere)
    #expect(availability() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 1])
    let interesting = swarm.peers[key].interestingCount
    #expect(interesting == 3)
  }

  @Test func `leaves nothing behind when its peer goes`() {
    receive(.bitfield([0b1010_0000, 0]), .bitfield([0xff, 0xc0]), .bitfield([0b1000_0000, 0]))
    #expect(availability() == Array(repeating: 1, count: 10))
    swarm.handle(.ended(key), at: .zero, into: &effects)
    #expect(availability() == Array(repeating: 0, count: 10))
  }

  @Test func `a piece counted at more peers than have it is found`() {
    receive(.bitfield([0b1010_0000, 0]))
    let before = swarm.brokenInvariants
    #expect(before == [])
    swarm.picker.wrapped.addHave(PieceIndex(5))
    let after = swarm.brokenInvariants
    #expect(after == ["piece 5 is at 0 peers, not 1"])
  }

  @Test func `ends the connection when it does not fit the torrent`() {
    receive(.bitfield([0b1010_0000, 0]), .bitfield([0xff, 0xff]))
    let reasons = effects.compactMap { effect -> CloseReason? in
      if case .close(_, let reason) = effect { reason } else { nil }
    }
    #expect(reasons == [.protocolFault("a bitfield that does not fit the torrent")])
  }
}
