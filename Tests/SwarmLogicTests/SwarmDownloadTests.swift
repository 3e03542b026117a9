import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// Asking for blocks, and whom to blame.
@Suite struct SwarmDownloadTests {
  @Test func aPieceIsAskedForVerifiedAndAnnounced() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 10000000 -> a: interested
      2 a says unchoke    -> a: request 0.0 0.1
      3 a lands 0.0       ->
      4 a lands 0.1       -> verify 0
      5 verified 0        -> a: bored, a: have 0, b: have 0
      """)
    #expect(script.swarm.down.total == 32)
    #expect(script.swarm.wastedBytes == 0)
    #expect(script.swarm.contributorCount == 1)
  }

  @Test func theLastPieceCompletesAndSeedsAreLeft() {
    let script = SwarmScript(have: "1110")
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 11110000 -> a: interested
      2 a says unchoke    -> a: request 3.0 3.1
      3 a lands 3.0       ->
      4 a lands 3.1       -> verify 3
      5 verified 3        -> a: bored, a: have 3, b: have 3, complete, close a
      """)
  }

  @Test func aChokeReturnsTheBlocksOfAPeerWithoutTheFastExtension() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      2 b says bits 10000000
      2 b says unchoke    -> b: request 0.0 0.1
      3 a says choke      ->
      3 a says choke      ->
      4 b lands 0.0       ->
      5 b lands 0.1       -> verify 0
      """)
  }

  @Test func aFastPeerAnswersEachRequestAfterAChoke() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 accept b
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      2 a says choke      ->
      3 b says bits 10000000
      3 b says unchoke    -> b: request 0.0 0.1
      4 a says reject 0.0 ->
      5 a lands 0.1       -> b: cancel 0.1
      6 b lands 0.0       -> verify 0
      """)
  }

  @Test func allowedFastPiecesAreAskedForWhileWeAreChoked() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      1 a says bits 11110000 -> a: interested
      2 a says allows 2   -> a: request 2.0 2.1
      2 a says allows 9   ->
      3 a lands 2.0       ->
      4 a says reject 2.1 ->
      5 wake              ->
      6 a says unchoke
      """)
    #expect(script.sent.allSatisfy { if case .request = $0.message { true } else { false } })
    #expect(script.sent.count == 7, "the rest of the torrent: \(script.sent)")
  }

  @Test func allowedFastPiecesBeyondTheTorrentAreForgottenWhenItIsKnown() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a             -> adopt a, a: handshake, a: none
      1 a says bits 11000000 ->
      1 a says allows 4      ->
      1 a says allows 4294967295 ->
      1 a says allows 1      ->
      2 ready 0000
      """)
    #expect(
      script.sent.suffix(2).map(\.message) == [
        .request(SwarmScript.geometry.block(0, in: 1)),
        .request(SwarmScript.geometry.block(1, in: 1)),
      ])
  }

  @Test func aPeerThatRejectsEverythingIsAskedOnceASecond() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      1 a says reject 0.0 ->
      1 a says reject 0.1 ->
      1 a says reject 0.1 ->
      2 wake              -> a: request 0.0 0.1
      """)
  }

  @Test func aSnubbingPeerLosesItsBlocksAndKeepsOneForAMinuteAtMost() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      0 b says keepalive
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      60 wake             ->
      61 wake             -> a: cancel 0.0, a: cancel 0.1, a: request 0.0
      62 b says bits 10000000
      62 b says unchoke   -> b: request 0.1 0.0
      63 b lands 0.1      ->
      90 b says choke     ->
      100 a says keepalive
      100 b says keepalive
      121 wake            -> a: cancel 0.0, a: request 0.0
      122 a lands 0.0     -> verify 0
      """)
  }

  @Test func theEndgameAsksSeveralPeersAndCancelsTheSlower() {
    let script = SwarmScript(have: "1110")
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says have 3
      1 a says unchoke    -> a: request 3.0 3.1
      2 b says have 3
      2 b says unchoke    -> b: request 3.0 3.1
      3 b lands 3.1       -> a: cancel 3.1
      4 a wastes 3.1      ->
      5 a lands 3.0       -> b: cancel 3.0, verify 3
      6 b wastes 3.0      ->
      """)
    #expect(script.swarm.wastedBytes == 32)
    #expect(script.swarm.down.total == 32)
  }

  @Test func aBlockWhoseRequestWasTakenBackIsNotWantedFromThatPeer() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      """)
    #expect(script.expectation(of: "0.1", from: "a") == .sole)
    #expect(script.isWanted("0.1", from: "a"))
    script.play(
      """
      61 wake             -> a: cancel 0.0, a: cancel 0.1, a: request 0.0
      62 b says bits 10000000
      62 b says unchoke
      """)
    #expect(script.expectation(of: "0.1", from: "b") == .sole)
    #expect(!script.isWanted("0.1", from: "a"))
    #expect(script.isWanted("0.1", from: "b"))
  }

  @Test func theSoleSenderOfACorruptPieceIsBannedAtOnce() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      0 accept c plain at a
      1 b says bits 10000000
      1 a says bits 10000000
      2 a says unchoke    -> a: request 0.0 0.1
      3 a lands 0.0       ->
      3 a lands 0.1       -> verify 0
      4 b says unchoke    ->
      5 failed 0          -> ban a, close a, close c, b: request 0.0 0.1
      6 accept d at a     -> refuse \(CloseReason.banned)
      7 b lands 0.0       ->
      7 b lands 0.1       -> verify 0
      8 verified 0        -> b: bored, b: have 0
      """)
    #expect(script.closeReasons["a"] == .corruptPiece)
    #expect(script.swarm.wastedBytes == 32)
  }

  @Test func theSoleSenderOfACorruptPieceIsBannedEvenIfItHasLeft() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      2 a lands 0.0       ->
      2 a lands 0.1       -> verify 0
      2 a ends            ->
      3 failed 0          -> ban a
      4 accept b at a     -> refuse \(CloseReason.banned)
      """)
  }

  @Test func nobodyIsBannedForAPieceOfSeveralSendersUntilOneIsToBlameAlone() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 10000000
      1 b says bits 10000000
      2 a says unchoke    -> a: request 0.0 0.1
      3 a lands 0.0       ->
      4 a says choke      ->
      5 b says unchoke    -> b: request 0.1
      6 b lands 0.1       -> verify 0
      7 failed 0          -> b: request 0.0 0.1
      8 a says unchoke    -> a: request 0.0 0.1
      9 b lands 0.0       -> a: cancel 0.0
      9 b lands 0.1       -> a: cancel 0.1, verify 0
      10 failed 0         -> ban b, close b, a: request 0.0 0.1
      """)
    #expect(script.isConnected("a"))
  }

  @Test func aPieceThatCouldNotBeWrittenIsNobodysFault() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      2 a lands 0.0       ->
      2 a lands 0.1       -> verify 0
      3 lost 0            -> abandon 0
      4 wake              -> a: request 0.0 0.1
      """)
  }

  @Test func aPauseAsksForNothingAndItsEndForEverything() {
    let script = SwarmScript()
    script.play(
      """
      0 pause
      0 accept a plain
      1 a says bits 10000000 -> a: interested
      1 a says unchoke    ->
      2 wake              ->
      3 resume            -> a: request 0.0 0.1
      """)
  }

  @Test func aPeerIsAskedForNoMoreThanItQueues() {
    let script = SwarmScript()
    var handshake = ExtensionHandshake()
    handshake.requestQueue = 1
    script.play("0 accept a")
    _ = script.tell(
      .received(.extended(id: 0, payload: handshake.payload), from: script.keys["a"]!), at: .zero)
    script.play(
      """
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0
      2 a lands 0.0       -> a: request 0.1
      """)
  }

  @Test func piecesNobodyDeliversMakeRoomForOthersThatCanUseIt() {
    let script = SwarmScript()
    script.swarm.limitPartialPieces(to: 1)
    script.play(
      """
      0 accept a plain
      0 accept b plain
      0 accept c plain
      1 a says bits 10000000
      1 a says unchoke    -> a: request 0.0 0.1
      2 a lands 0.0       ->
      3 b says bits 10000000
      4 c says bits 01000000
      4 c says unchoke    ->
      5 a says choke      -> abandon 0, c: request 1.0 1.1
      """)
  }

  @Test func noPieceIsGivenUpForAPeerThatHasNothingToBegin() {
    let script = SwarmScript(have: "1100")
    script.swarm.limitPartialPieces(to: 2)
    script.play(
      """
      0 accept a plain
      0 accept b plain
      0 accept c plain
      1 a says have 2
      1 a says unchoke    -> a: request 2.0 2.1
      2 a lands 2.0       ->
      3 b says have 3
      3 b says unchoke    -> b: request 3.0 3.1
      4 b lands 3.0       ->
      4 b lands 3.1       -> verify 3
      5 a says choke      ->
      6 c says have 3
      6 c says unchoke    ->
      7 wake              ->
      """)
  }

  @Test(arguments: [
    "have 4", "have 4294967295", "bytes 0", "bytes 2", "bits 11111000", "bits 10000001",
    "request 0@31+2", "request 0@0+33", "request 0@0+0", "request 4@0+16",
    "request 0@4294967295+4294967295", "request 4294967295@0+16",
  ])
  func breachesOfTheProtocolEndTheConnection(what: String) {
    let script = SwarmScript(have: "1000")
    script.play(
      """
      0 accept a
      1 a says \(what) -> close a
      """)
    guard case .protocolFault? = script.closeReasons["a"] else {
      Issue.record("\(what): \(String(describing: script.closeReasons["a"]))")
      return
    }
  }

  @Test(arguments: ["all", "none", "suggest 0", "reject 0.0", "allows 0"])
  func messagesOfTheFastExtensionEndAConnectionWithoutIt(what: String) {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      1 a says \(what) -> close a
      """)
  }

  @Test func interestComesOnceAndGoesOnce() {
    let script = SwarmScript(have: "1000")
    script.play(
      """
      0 accept a plain
      1 a says have 0   ->
      2 a says have 1   -> a: interested
      3 a says have 1   ->
      4 a says unchoke  -> a: request 1.0 1.1
      5 a lands 1.0     ->
      5 a says have 2   -> a: request 2.0 2.1
      5 a lands 1.1     -> verify 1
      6 verified 1      -> a: have 1
      7 a lands 2.0     ->
      7 a lands 2.1     -> verify 2
      8 verified 2      -> a: bored, a: have 2
      9 a says have 3   -> a: interested, a: request 3.0 3.1
      """)
  }
}
