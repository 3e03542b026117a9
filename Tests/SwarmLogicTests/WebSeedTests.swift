import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct WebSeedRangeTests {
  private func choose(
    _ picture: String, isFirst: Bool = false, most: Int = 100, high: Set<Int> = []
  ) -> Range<Int> {
    WebSeedRange.choose(
      from: SwarmScript.bitfield(picture), isFirst: isFirst, most: most
    ) { high.contains($0.index) ? .high : .normal }
  }

  @Test func theLongestGapIsFilledFromItsBeginning() {
    #expect(choose("110111101") == 3..<7)
    #expect(choose("110111101", most: 2) == 3..<5)
    #expect(choose("111011100") == 0..<3)
    #expect(choose("000000000").isEmpty)
    #expect(choose("000000001") == 8..<9)
  }

  @Test func whoReadsAlongIsServedFromTheFirst() {
    #expect(choose("010111101", isFirst: true) == 1..<2)
  }

  @Test func whatIsWantedMoreComesFirst() {
    #expect(choose("111110111", high: [7]) == 7..<8)
    #expect(choose("111110111", high: [0, 1, 7]) == 0..<2)
    #expect(choose("111110111", isFirst: true, high: [7]) == 7..<8)
  }

  @Test func aRequestLastsSecondsWithinBounds() {
    #expect(WebSeedRange.length(atRate: 0) == WebSeedRange.shortest)
    #expect(WebSeedRange.length(atRate: 1_048_576) == 4 << 20)
    #expect(WebSeedRange.length(atRate: 1e9) == WebSeedRange.longest)
  }
}

/// The torrent has four pieces of two blocks; web seeds are called 0, 1, …
@Suite struct WebSeedTests {
  @Test func allIsFetchedWithoutAPeer() {
    let script = SwarmScript()
    script.play(
      """
      0 webseeds 1     -> fetch 0 0-3
      1 0 lands 0.0    ->
      1 0 lands 0.1    -> verify 0
      1 0 lands 1.0
      1 0 lands 1.1    -> verify 1
      2 verified 0     ->
      2 verified 1     ->
      2 0 lands 2.0
      2 0 lands 2.1    -> verify 2
      2 0 lands 3.0
      2 0 lands 3.1    -> verify 3
      3 fetched 0      ->
      3 verified 2     ->
      3 verified 3     -> complete
      """)
    #expect(script.swarm.verifiedFromWebSeeds == 128 && script.swarm.verifiedBytes == 128)
    #expect(script.swarm.contributorCount == 0 && script.swarm.peerCount == 0)
  }

  @Test func aLinksMetadataComesBeforeItsData() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 webseeds 1     ->
      1 wake           ->
      2 ready 0100     -> fetch 0 2-3
      """)
  }

  @Test func whatBrokeOffIsForPeersAndTheServerIsLeftAlone() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says all
      0 webseeds 1      -> fetch 0 0-3
      2 0 lands 0.0
      3 failed? 0       ->
      4 a says unchoke
      """)
    #expect(script.told.count == 1 && script.told[0].hasPrefix("a: request 0.1 "))
  }

  @Test func aServerThatFailsIsTriedAgainEverMorePatiently() {
    let script = SwarmScript()
    script.play(
      """
      0 webseeds 1      -> fetch 0 0-3
      0 failed? 0       ->
      4.9 wake          ->
      5 wake            -> fetch 0 0-3
      5 failed? 0       ->
      14.9 wake         ->
      15 wake           -> fetch 0 0-3
      15 failed? 0 60   ->
      74 wake           ->
      75 wake           -> fetch 0 0-3
      75 0 lands 0.0    ->
      75 fetched 0      -> fetch 0 1-3
      """)
  }

  @Test func piecesThatAServerLacksAreNotAskedOfIt() {
    let script = SwarmScript()
    script.play(
      """
      0 webseeds 2      -> fetch 0 0-3
      0 refused 0 0-1   -> fetch 0 2-3, fetch 1 0-1
      1 refused 1 0-3   ->
      2 wake            ->
      """)
  }

  @Test func falseDataEndsTheUseOfItsServerAndOfNoOther() {
    let script = SwarmScript()
    script.play(
      """
      0 webseeds 2      -> fetch 0 0-3
      1 0 lands 0.0
      1 0 lands 0.1     -> verify 0
      2 failed 0        -> endfetch 0, web seed 0 banned, fetch 1 0-3
      3 wake            ->
      """)
    #expect(script.swarm.webSeedCount == 1)
  }

  /// In the endgame peers fetch what is outstanding at the server, too; when they have it all, the
  /// server may stop.
  @Test func aSlowServerDoesNotHoldTheEndUp() {
    let script = SwarmScript(have: "1110")
    script.play(
      """
      0 webseeds 1      -> fetch 0 3-3
      0 accept a
      0 a says all
      1 a says unchoke  -> a: request 3.0 3.1
      2 a lands 3.0     ->
      2 a lands 3.1     -> endfetch 0, verify 3
      3 verified 3      -> a: bored, a: have 3, complete, close a
      """)
    #expect(script.swarm.verifiedFromWebSeeds == 0 && script.swarm.verifiedBytes == 32)
  }
}
