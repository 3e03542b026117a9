import DeterministicCore
import PeerWire
import Testing

@testable import SwarmLogic
@testable import TorrentModel

@Suite struct NothingToTradeTests {
  /// BEP 21: who has what it wants, though not everything, has nothing for a seed. So a peer that becomes
  /// one is parted with, whatever piece completes it.
  @Test func aPeerThatBecomesASeedByAnUnwantedPieceIsPartedWith() throws {
    let geometry = try #require(PieceGeometry(totalLength: 8 << 14, pieceLength: 1 << 14))
    var swarm = Swarm(
      infoHash: SwarmScript.infoHash, peerID: SwarmScript.peerID(1), listenPort: nil,
      configuration: SwarmConfiguration(), generator: SeededGenerator(seed: 1), at: .zero)
    var effects: [SwarmEffect] = []
    var have = Bitfield(count: 8)
    have.insert(PieceIndex(0))
    swarm.handle(
      .ready(geometry, have: have, wanted: have, metadata: []), at: .zero, into: &effects)
    let handshake = Handshake(infoHash: SwarmScript.infoHash, peerID: SwarmScript.peerID(2))
    let endpoint = Endpoint(.v4(0x0a63_0003), port: 7003)
    swarm.handle(.accepted(ticket: 1, from: endpoint, handshake), at: .zero, into: &effects)
    let keys = swarm.peers.ids
    let key = try #require(keys.first)
    let isFinished = swarm.isFinished && !swarm.isComplete
    #expect(isFinished)
    swarm.handle(.received(.bitfield([0b1111_1110]), from: key), at: .zero, into: &effects)
    let stays = swarm.peers.contains(key)
    #expect(stays)
    swarm.handle(.received(.have(PieceIndex(7)), from: key), at: .zero, into: &effects)
    let isGone = !swarm.peers.contains(key)
    #expect(isGone)
  }
}
