import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// What a seed suggests: to each peer other pieces, as long as there are such that nobody has.
@Suite struct PieceSpreadingTests {
  /// Plays lines and returns the pieces suggested in them, by peer.
  private func suggestions(_ lines: String, in script: SwarmScript) -> [String: [UInt32]] {
    var found: [String: [UInt32]] = [:]
    for line in lines.split(separator: "\n") {
      script.play(String(line))
      for sent in script.sent {
        guard case .suggest(let piece) = sent.message else { continue }
        found[sent.name, default: []].append(piece.number)
      }
    }
    return found
  }

  @Test func eachPeerIsOfferedOtherPieces() {
    var configuration = SwarmConfiguration()
    configuration.uploadSlots = 1
    let script = SwarmScript(have: "1111", configuration: configuration)
    let found = suggestions(
      """
      0 accept a
      0 accept b
      1 a says interested
      1 b says interested
      """, in: script)
    // Pieces of 32 bytes are offered many ahead: the first peer served gets them all.
    #expect(found["a"]?.sorted() == [0, 1, 2, 3])
    #expect(found["b"] == nil)
  }

  @Test func whatAPeerLeavesBehindIsOfferedToOthers() {
    let script = SwarmScript(have: "1111")
    let found = suggestions(
      """
      0 accept a
      0 accept b
      1 a says interested
      2 a says have 1
      3 a ends
      4 b says have 2
      4 b says interested
      """, in: script)
    // Piece 1 went with the only peer that had it, unless it had been passed over for good.
    #expect(found["b"]?.sorted() == [0, 3])
  }

  @Test func whatOthersHaveIsNotOffered() {
    let script = SwarmScript(have: "1111")
    let found = suggestions(
      """
      0 accept a
      0 a says bits 11010000
      1 accept b
      1 b says interested
      """, in: script)
    #expect(found == ["b": [2]])
  }

  @Test func whoeverIsNoSeedOffersNothing() {
    let script = SwarmScript(have: "1110")
    #expect(suggestions("0 accept a\n1 a says interested", in: script).isEmpty)
  }

  @Test func suggestedPiecesAreFetchedFirstUntilTheirPeerChokes() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says all              -> a: interested
      1 a says suggest 3        ->
      1 a says suggest 2        ->
      """)
    script.play("2 a says unchoke")
    let asked = script.sent.compactMap { sent -> UInt32? in
      guard case .request(let block) = sent.message else { return nil }
      return block.piece.number
    }
    #expect(asked.prefix(4) == [3, 3, 2, 2])
  }
}
