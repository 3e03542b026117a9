import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

/// Serving blocks, with and without the fast extension.
@Suite struct SwarmUploadTests {
  @Test func anUnchokedPeerIsServed() {
    let script = SwarmScript(have: "1000")
    script.play(
      """
      0 accept a plain
      1 a says interested   -> a: unchoke
      1 a says interested   ->
      2 a says request 0.0  -> upload a 0.0
      2 a says request 0@0+32 -> upload a 0.0
      3 a says request 1.0  ->
      4 a says cancel 0.0   -> unsend a 0.0
      4 a returns 0.0       ->
      5 a took 0@0+32       ->
      6 a says cancel 0.0   ->
      """)
    #expect(script.swarm.up.total == 32)
  }

  @Test func refusalsAreSpokenToAFastPeerAndSilentToOthers() {
    let script = SwarmScript(have: "1000")
    script.play(
      """
      0 accept p plain
      0 accept a
      1 p says request 0.0   ->
      1 a says request 1.0   -> a: reject 1.0
      2 a says interested    -> a: unchoke
      3 a says request 0.0   -> upload a 0.0
      3 a says request 0.1   -> upload a 0.1
      4 a says cancel 0.1    -> unsend a 0.1
      4 a returns 0.1        -> a: reject 0.1
      """)
  }

  /// Peers to which the slots go.
  private static let others = """
    0 accept p plain
    0 p says interested -> p: unchoke
    0 accept q plain
    0 q says interested -> q: unchoke
    """

  private static func scriptWithFewSlots(_ mostQueued: Int = 2000) -> SwarmScript {
    var configuration = SwarmConnectionTests.fewSlots
    configuration.mostQueuedRequests = mostQueued
    let script = SwarmScript(have: "1000", configuration: configuration)
    script.play(others)
    return script
  }

  @Test func piecesInTheAllowedFastSetAreServedToAChokedPeer() {
    Self.scriptWithFewSlots().play(
      """
      0 accept a             -> adopt a, a: handshake, a: bits 10000000
      1 a says request 0.0   -> a: reject 0.0
      2 a says interested    -> a: allows 0
      3 a says request 0.0   -> upload a 0.0
      3 a says request 0.1   -> upload a 0.1
      3 a says request 3.0   -> a: reject 3.0
      """)
  }

  /// Who is served, has something to trade, was told before, or came when we had nothing, is told of no
  /// gifts.
  @Test func giftsAreForNewcomersThatWait() {
    let served = SwarmScript(have: "1000")
    served.play(
      """
      0 accept a
      1 a says interested    -> a: unchoke
      """)
    let script = Self.scriptWithFewSlots()
    script.play(
      """
      0 accept a
      1 a says interested    -> a: allows 0
      2 a says bored         ->
      3 a says interested    ->
      """)
    let trader = SwarmScript(
      have: String(repeating: "1", count: 12),
      geometry: PieceGeometry(totalLength: 384, pieceLength: 32, blockLength: 16)!,
      configuration: SwarmConnectionTests.fewSlots)
    trader.play(Self.others)
    trader.play(
      """
      0 accept a
      1 a says bits 11111111 11100000
      2 a says interested    ->
      """)
    let newcomer = SwarmScript(configuration: SwarmConnectionTests.fewSlots)
    newcomer.play(Self.others)
    newcomer.play(
      """
      0 accept a
      1 verified 0
      2 a says interested    ->
      3 accept b
      4 b says interested    -> b: allows 0
      """)
  }

  @Test func aChokedPeerHasTheBytesOfItsAllowedFastSetOnce() {
    let script = Self.scriptWithFewSlots()
    // All four pieces are in the set of so small a torrent.
    let most = Int(SwarmScript.geometry.totalLength / UInt64(SwarmScript.geometry.blockLength))
    script.play(
      """
      0 accept a
      0 a says interested    -> a: allows 0
      """)
    for _ in 0..<most { script.play("1 a says request 0.0 -> upload a 0.0") }
    script.play(
      """
      1 a says request 0.0 -> a: reject 0.0
      2 q ends             -> a: unchoke
      3 a says request 0.0 -> upload a 0.0
      """)
  }

  @Test func aPeerThatQueuesTooMuchIsRefusedTheRest() {
    Self.scriptWithFewSlots(2).play(
      """
      0 accept a
      0 a says interested
      1 a says request 0.0   -> upload a 0.0
      1 a says request 0.1   -> upload a 0.1
      1 a says request 0.0   -> a: reject 0.0
      2 a took 0.0           ->
      2 a says request 0.0   -> upload a 0.0
      2 a says request 0.1   -> a: reject 0.1
      """)
  }

  @Test func requestsBeforeTheTorrentIsKnownAreRefused() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept p plain
      1 a says request 9@9+9 -> a: reject 9.0
      1 p says request 9@9+9 ->
      """)
  }

  @Test func aSlotThatBecomesFreeIsGivenAway() {
    var configuration = SwarmConfiguration()
    configuration.uploadSlots = 1
    let script = SwarmScript(have: "1100", configuration: configuration)
    script.play(
      """
      0 accept a plain
      0 accept b plain
      0 accept c plain
      1 a says interested    -> a: unchoke
      1 b says interested    -> b: unchoke
      1 c says interested    ->
      2 b ends               -> c: unchoke
      """)
  }

  @Test func aChokeTakesQueuedBlocksBack() {
    var configuration = SwarmConfiguration()
    configuration.uploadSlots = 1
    let script = SwarmScript(have: "1100", configuration: configuration)
    let peers = ["a", "b", "c"]
    for peer in peers {
      script.play("0 accept \(peer)\n0 \(peer) says interested\n0 \(peer) says request 0.0")
    }
    // The optimistic slot goes round every 30 seconds.
    var choked: [String] = []
    for second in stride(from: 10, through: 120, by: 10) {
      let told = script.tell(.wake, at: .zero + .seconds(second))
      script.checkInvariants()
      for peer in peers where told.contains("\(peer): choke") {
        choked.append(peer)
        guard script.swarm.peers[script.keys[peer]!].queuedUploads > 0 else { continue }
        #expect(told.contains("unsendall \(peer)"))
        script.play("\(second) \(peer) returns 0.0 -> \(peer): reject 0.0")
      }
    }
    #expect(!choked.isEmpty)
    let queued = script.swarm.peers.ids.reduce(0) { $0 + script.swarm.peers[$1].queuedUploads }
    #expect(queued <= 2)
  }
}
