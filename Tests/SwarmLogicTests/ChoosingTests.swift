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
    #expect(
      (0..<4).map { script.swarm.picker.wrapped.availability(of: PieceIndex($0)) } == [2, 1, 2, 2])
    script.play("2 a ends")
    #expect(
      (0..<4).map { script.swarm.picker.wrapped.availability(of: PieceIndex($0)) } == [1, 1, 1, 1])
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

  /// What a peer was shown and no other has.
  private func kept(_ script: SwarmScript, by name: String) -> [PieceIndex] {
    let key = script.keys[name]!
    return script.swarm.peers[key].revealed?.kept.map(\.piece) ?? []
  }

  @Test func eachPeerIsShownPiecesOfItsOwn() {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 accept b")
    let pieces = kept(script, by: "a") + kept(script, by: "b")
    #expect(pieces.count == 4 && Set(pieces).count == 4)
  }

  /// A peer takes what wants nothing and has nothing for one that has no business with it.
  @Test func aSuperSeedDoesNotSayThatItWantsNothing() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a")
    #expect(script.told.prefix(3) == ["adopt a", "a: handshake", "a: none"])
    guard case .extended(0, let payload)? = script.sent.first?.message else {
      Issue.record("no extension handshake")
      return
    }
    #expect(try !ExtensionHandshake(payload: payload).isUploadOnly)
  }

  /// Who came before the data had been looked at is told no more than others.
  @Test func anEarlyPeerIsShownNoMore() {
    let script = SwarmScript(
      have: nil, knownMetadata: [1, 2, 3], configuration: Self.configuration)
    script.play("0 accept a -> adopt a, a: handshake, a: none\n1 ready 1111")
    let haves = script.told.filter { $0.hasPrefix("a: have ") }
    #expect(haves.count == 2 && !script.told.contains("a: all"))
  }

  @Test func theNextIsShownWhenAnotherPeerHasTheFirst() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 accept b")
    let piece = try #require(kept(script, by: "a").first)
    script.play("1 a says have \(piece) ->")
    #expect(kept(script, by: "a").contains(piece))
    script.play("2 b says have \(piece)")
    #expect(script.told.count == 1 && script.told[0].hasPrefix("a: have "))
    #expect(kept(script, by: "a").count == 2 && !kept(script, by: "a").contains(piece))
  }

  @Test func whatAPeerWasNotShownItDoesNotGet() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 a says interested")
    let pieces = kept(script, by: "a")
    for piece in pieces { script.play("1 a says request \(piece).0 -> upload a \(piece).0") }
    let other = try #require((0..<4).first { !pieces.contains(PieceIndex($0)) })
    script.play("1 a says request \(other).0 -> a: reject \(other).0")
  }

  @Test func aPeerAloneIsShownAllOneByOne() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a")
    var seen: Set<PieceIndex> = []
    for _ in 0..<4 {
      let piece = try #require(kept(script, by: "a").first)
      seen.insert(piece)
      script.play("1 a says have \(piece)")
    }
    #expect(seen.count == 4)
  }

  /// aria2 does not tell a peer that it has what that peer has.
  @Test func aPeerAloneThatSaysNothingIsShownTheNextOnceItWasSentOne() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 a says interested")
    let piece = try #require(kept(script, by: "a").first)
    script.play(
      """
      1 a says request \(piece).0
      1 a says request \(piece).1
      2 a took \(piece).0 ->
      2 a took \(piece).1
      """)
    #expect(script.told.count == 1 && script.told[0].hasPrefix("a: have "))
    #expect(!kept(script, by: "a").contains(piece))
  }

  @Test func aPeerThatMeetsNobodyIsShownMoreAfterAWhile() throws {
    let script = SwarmScript(have: "1111", configuration: Self.configuration)
    script.play("0 accept a\n0 accept b")
    for piece in kept(script, by: "a") { script.play("1 a says have \(piece) ->") }
    script.play("29 wake ->")
    script.play("31 wake")
    #expect(script.told.contains { $0.hasPrefix("a: have ") })
    #expect(!script.told.contains { $0.hasPrefix("b: have ") })
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
