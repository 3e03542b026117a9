import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct LostPieceTests {
  @Test func aPieceThatAPeerLostIsAskedOfItNoMore() {
    let script = SwarmScript(have: "1100")
    script.play(
      """
      0 accept a
      0 a says bits 00110000
      0 a says unchoke  -> a: request 2.0 2.1 3.0 3.1
      1 a says loses 2  ->
      1 accept b
      1 b says bits 00100000 -> b: interested
      2 b says unchoke  -> b: request 2.0 2.1
      3 a says loses 3  -> a: bored
      3 a says loses 3  ->
      """)
  }

  @Test func aSeedMayLoseAPieceAndOthersTakeItsPlaceInTheCounts() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says all
      0 accept b
      0 b says all
      1 a says loses 1
      """)
    #expect((0..<4).map { script.swarm.picker!.availability(of: PieceIndex($0)) } == [2, 1, 2, 2])
    script.play("2 a ends")
    #expect((0..<4).map { script.swarm.picker!.availability(of: PieceIndex($0)) } == [1, 1, 1, 1])
  }

  @Test func whoLosesAndFindsPiecesForEverIsSentAway() {
    let script = SwarmScript()
    script.play("0 accept a\n0 a says all")
    for _ in 0..<Swarm.mostLossesAsSeed { script.play("1 a says loses 1\n1 a says have 1") }
    #expect(script.isConnected("a"))
    script.play("2 a says loses 1 -> close a")
  }

  @Test func aPieceBeyondTheTorrentCannotBeLost() {
    let script = SwarmScript()
    script.play("0 accept a\n0 a says all\n1 a says loses 9 -> close a")
  }
}

@Suite struct UploadOnlyTests {
  @Test func twoThatWantNothingPart() {
    let script = SwarmScript(have: "1100", wanted: "1100")
    script.play(
      """
      0 accept a
      0 a says bits 10000000
      1 a says retires  -> close a
      2 accept b
      2 b says all      -> close b
      """)
    #expect(script.closeReasons["a"] == .nothingToTrade)
  }

  @Test func whoStillWantsSomethingKeepsThem() {
    let script = SwarmScript(have: "1000", wanted: "1100")
    script.play(
      """
      0 accept a
      0 a says bits 01000000
      1 a says retires  ->
      """)
  }

  @Test func aPartialSeedSaysSo() throws {
    let script = SwarmScript(have: "1000", wanted: "1100")
    script.play(
      """
      0 accept a
      0 a says bits 01100000
      0 a says unchoke
      1 a lands 1.0
      1 a lands 1.1
      2 verified 1      -> a: bored, a: have 1, complete, a: handshake
      """)
    guard case .extended(0, let payload)? = script.sent.last?.message else {
      Issue.record("no extension handshake")
      return
    }
    #expect(try ExtensionHandshake(payload: payload).isUploadOnly)
  }
}

@Suite struct SuperSeedingTests {
  private static var configuration: SwarmConfiguration {
    var configuration = SwarmConfiguration()
    configuration.isSuperSeeding = true
    return configuration
  }

  /// The piece that a peer was last shown.
  private func shown(_ script: SwarmScript, to name: String) -> PieceIndex? {
    let key = script.keys[name]!
    return script.swarm.peers[key].revealed?.last
  }

  @Test func eachPeerIsShownAPieceOfItsOwn() {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 accept b\n0 accept c\n0 accept d")
    let pieces = ["a", "b", "c", "d"].compactMap { shown(script, to: $0) }
    #expect(Set(pieces).count == 4)
  }

  @Test func theNextIsShownWhenAnotherPeerHasTheFirst() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 accept b")
    let piece = try #require(shown(script, to: "a"))
    script.play("1 a says have \(piece) ->")
    #expect(shown(script, to: "a") == piece)
    script.play("2 b says have \(piece)")
    #expect(script.told.count == 1 && script.told[0].hasPrefix("a: have "))
    #expect(shown(script, to: "a") != piece)
  }

  @Test func whatAPeerWasNotShownItDoesNotGet() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 a says interested")
    let piece = try #require(shown(script, to: "a"))
    script.play("1 a says request \(piece).0 -> upload a \(piece).0")
    let other = (Int(piece.number) + 1) % 4
    script.play("1 a says request \(other).0 -> a: reject \(other).0")
  }

  @Test func aPeerAloneIsShownAllOneByOne() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a")
    for _ in 0..<3 {
      let piece = try #require(shown(script, to: "a"))
      script.play("1 a says have \(piece)")
      #expect(shown(script, to: "a") != piece)
    }
  }
}

@Suite struct PriorityTests {
  @Test func whatIsWantedFirstIsAskedForFirst() {
    let script = SwarmScript()
    _ = script.tell(.priorities([(3, .high), (0, .low)]), at: .zero)
    script.play("0 accept a\n0 a says all\n1 a says unchoke")
    let asked = script.sent.compactMap { sent -> PieceIndex? in
      if case .request(let block) = sent.message { block.piece } else { nil }
    }
    #expect(asked.prefix(2) == [3, 3] && asked.suffix(2) == [0, 0])
  }
}
