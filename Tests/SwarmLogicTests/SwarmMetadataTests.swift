import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// Metadata from peers (BEP 9), and what is said before it is known.
@Suite struct SwarmMetadataTests {
  @Test func severalPeersGiveItTogether() {
    let script = SwarmScript(have: nil)
    let size = 6 * MetadataMessage.partLength
    script.play(
      """
      0 accept a             -> adopt a, a: handshake, a: none
      0 accept b             -> adopt b, b: handshake, b: none
      1 a says size \(size)  -> a: part 0, a: part 1, a: part 2, a: part 3
      1 b says size \(size)  -> b: part 4, b: part 5
      2 b says gives 4 \(size) ->
      2 b says gives 0 \(size) ->
      3 a says gives 0 \(size) ->
      3 a says gives 0 \(size) ->
      4 a says gives 1 \(size) ->
      4 a says gives 2 \(size) ->
      4 a says gives 3 \(size) ->
      5 b says gives 5 \(size) -> metadata \(size)
      6 a ends               ->
      7 wake                 ->
      """)
  }

  /// A torrent whose disk is still being looked at lacks its pieces, not its metadata.
  @Test func whatIsKnownFromTheStartIsServedAndAskedOfNobody() {
    let script = SwarmScript(have: nil, knownMetadata: [1, 2, 3])
    script.play(
      """
      0 accept a      -> adopt a, a: handshake, a: none
      1 a says size 3 ->
      2 wake         ->
      3 a says part 0 -> a: gives 0
      """)
  }

  @Test func theLastPartIsShort() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      1 a says size 16385      -> a: part 0, a: part 1
      2 a says gives 1 16385 2 ->
      2 a says gives 0 16385 1 -> metadata 16385
      """)
    #expect(script.whole == Array(repeating: 1, count: 16_384) + [2])
  }

  @Test func aSilentPeerCannotKeepAPartToItself() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size 100    -> a: part 0
      1 b says size 100    ->
      8 wake               ->
      9 wake               -> b: part 0
      10 b says gives 0 100 -> metadata 100
      """)
  }

  @Test func aLyingSizeIsGivenUpWhenItLeadsToNothing() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size 200    -> a: part 0
      1 b says size 100    ->
      9 wake               -> b: part 0
      10 b says gives 0 100 -> metadata 100
      """)
  }

  @Test func aPeerThatRejectsIsLeftAloneForAMinute() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size 100    -> a: part 0
      2 b says size 100    ->
      3 a says nopart 0    -> b: part 0
      4 b says nopart 0    ->
      30 wake              ->
      63 wake              -> a: part 0
      """)
  }

  @Test func thePartsOfAPeerThatLeavesAreAskedElsewhere() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size 100    -> a: part 0
      2 b says size 100    ->
      3 a ends             -> b: part 0
      """)
  }

  @Test func theSoleSenderOfFalseMetadataIsBanned() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size 100      -> a: part 0
      1 b says size 100      ->
      2 a says gives 0 100 9 -> metadata 100
      3 badmetadata          -> ban a, close a, b: part 0
      4 b says gives 0 100   -> metadata 100
      """)
  }

  @Test func ofSeveralSendersOfFalseMetadataEachIsTriedAlone() {
    let script = SwarmScript(have: nil)
    let size = 5 * MetadataMessage.partLength
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size \(size)     -> a: part 0, a: part 1, a: part 2, a: part 3
      1 b says size \(size)     -> b: part 4
      2 a says gives 0 \(size)
      2 a says gives 1 \(size)
      2 a says gives 2 \(size)
      2 a says gives 3 \(size)
      2 b says gives 4 \(size) 9 -> metadata \(size)
      3 badmetadata             -> a: part 0, a: part 1, a: part 2, a: part 3
      """)
    // The sole source falls silent: the next one starts from the beginning.
    script.play(
      """
      4 a says gives 0 \(size)  -> a: part 4
      13 wake -> b: part 0, b: part 1, b: part 2, b: part 3
      14 b says gives 0 \(size) 9 -> b: part 4
      14 a says gives 1 \(size) ->
      15 b says gives 1 \(size) 9
      15 b says gives 2 \(size) 9
      15 b says gives 3 \(size) 9
      15 b says gives 4 \(size) 9 -> metadata \(size)
      16 badmetadata -> ban b, close b, a: part 0, a: part 1, a: part 2, a: part 3
      """)
  }

  @Test func aSoleSourceThatLeavesWhileItsWholeIsCheckedIsNotReplaced() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      0 accept b
      1 a says size 16400
      1 b says size 16400
      """)
    script.swarm.metadataExchange.disbelieve()
    script.play(
      """
      2 wake                   -> a: part 0, a: part 1
      3 a says gives 0 16400
      3 a ends                 -> b: part 1
      4 b says gives 1 16400   -> metadata 16400
      5 badmetadata            -> b: part 0, b: part 1
      6 b says gives 0 16400   ->
      6 b says gives 1 16400   -> metadata 16400
      7 accept c
      7 c says size 16400      ->
      7 b ends                 ->
      8 wake                   ->
      9 ready 0000             -> c: handshake
      """)
  }

  @Test func weServeTheMetadataTwiceOverAtMost() {
    let script = SwarmScript(have: "0000", metadata: Array(repeating: 4, count: 16_385))
    script.play(
      """
      0 accept a
      1 a says part 0      ->
      2 a says size 16385  ->
      3 a says part 0      -> a: gives 0
      3 a says part 1      -> a: gives 1
      3 a says part 2      -> a: nopart 2
      3 a says part 1      -> a: gives 1
      3 a says part 1      -> a: gives 1
      3 a says part 1      -> a: nopart 1
      """)
  }

  @Test func withoutMetadataARequestForItIsRejected() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a
      1 a says size 100  -> a: part 0
      2 a says part 0    -> a: nopart 0
      """)
  }

  @Test func whatPeersSaidBeforeIsUnderstoodOnceTheTorrentIsKnown() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 10000000 ->
      1 a says have 2        ->
      2 a says unchoke       ->
      2 b says have 0        ->
      3 ready 1000           -> a: have 0, a: interested, a: request 2.0 2.1, b: have 0
      """)
  }

  @Test func liesFromBeforeAreFoundOutOnceTheTorrentIsKnown() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 accept a plain
      0 accept b plain at a
      0 accept c plain at a
      0 accept d plain at a
      0 accept e plain
      1 a says have 4
      1 b says bytes 7
      1 c says bits 11111111
      1 d says have 1
      1 e says have 1
      2 ready 0000  -> close a, close b, ban a, close c, close d, e: interested
      """)
  }

  @Test func garbageInTheExtensionProtocolEndsTheConnection() {
    for payload in [[], Array("i1e".utf8), Array("d".utf8), Array("de".utf8)] as [[UInt8]] {
      for id in [UInt8(0), 1] {
        let script = SwarmScript()
        script.play("0 accept a")
        let told = script.tell(
          .received(.extended(id: id, payload: payload), from: script.keys["a"]!), at: .zero)
        let isFine = id == 0 && payload == Array("de".utf8)
        #expect(told == (isFine ? [] : ["close a"]), "\(id) \(payload)")
      }
    }
  }
}
