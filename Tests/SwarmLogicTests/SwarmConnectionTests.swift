import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct SwarmConnectionTests {
  @Test func aCandidateIsDialledGreetedAndTold() {
    let script = SwarmScript(have: "1000")
    script.play(
      """
      0 dial a         -> connect a
      0 dial a         ->
      1 hello a plain  -> a: bits 10000000
      2 a says bits 01000000 -> a: interested
      3 a ends         ->
      """)
  }

  @Test func aSeedAndAnEmptyPeerSaySoWithTheFastExtension() {
    let seed = SwarmScript(have: "1111")
    seed.play("0 accept a -> adopt a, a: handshake, a: all")
    let empty = SwarmScript()
    empty.play("0 accept a -> adopt a, a: handshake, a: none")
  }

  /// While a seed is the only source of a piece, each copy it gives is for somebody it serves.
  @Test func aSeedGivesAwayOnlyWhatOthersHave() {
    let seed = SwarmScript(have: "1111", configuration: Self.fewSlots)
    seed.play(
      """
      0 accept b
      0 b says bits 11100000
      0 b says interested
      0 accept c plain
      0 c says interested
      1 accept a -> adopt a, a: handshake, a: all
      2 a says interested -> \(Self.allowed(4, but: 3))
      """)
  }

  /// Two peers take the slots there are.
  static var fewSlots: SwarmConfiguration {
    var configuration = SwarmConfiguration()
    configuration.uploadSlots = 1
    return configuration
  }

  /// All of four pieces are in the allowed-fast set of whoever asks; the order is its own.
  static func allowed(_ count: Int, but missing: PieceIndex? = nil) -> String {
    let pieces = AllowedFast.pieces(
      for: SwarmScript.endpoint("a").address, infoHash: SwarmScript.infoHash, pieceCount: count)
    return pieces.filter { $0 != missing }.map { "a: allows \($0)" }.joined(separator: ", ")
  }

  @Test func theExtensionHandshakeSaysWhoWeAre() throws {
    let script = SwarmScript(have: "0000", metadata: Array(repeating: 1, count: 500))
    script.play("0 accept a")
    guard case .extended(0, let payload)? = script.sent.first?.message else {
      Issue.record("no extension handshake")
      return
    }
    let handshake = try ExtensionHandshake(payload: payload)
    #expect(handshake.metadataID == ExtensionHandshake.ourMetadataID)
    #expect(handshake.metadataSize == 500)
    #expect(handshake.requestQueue == SwarmConfiguration().mostQueuedRequests)
    #expect(handshake.listenPort == SwarmScript.listenPort)
    #expect(handshake.yourAddress == SwarmScript.endpoint("a").address)
    #expect(handshake.clientVersion == Swarm.clientVersion)
  }

  /// A tracker tells all in one order; the user's order counts.
  @Test func whomATrackerNamesIsDialledInAnyOrderWhomTheUserNamesInTheirs() {
    var first: [PeerSource: Set<Endpoint>] = [:]
    for source in [PeerSource.tracker, .user] {
      for seed in UInt64(1)...20 {
        var configuration = SwarmConfiguration()
        configuration.mostDials = 1
        var swarm = Swarm(
          infoHash: SwarmScript.infoHash, peerID: SwarmScript.peerID(1), listenPort: nil,
          configuration: configuration, generator: SeededGenerator(seed: seed), at: .zero)
        var effects: [SwarmEffect] = []
        let endpoints = ["a", "b", "c", "d"].map { SwarmScript.endpoint($0) }
        swarm.handle(.candidates(endpoints, from: source), at: .zero, into: &effects)
        for case .connect(_, let endpoint, _) in effects {
          first[source, default: []].insert(endpoint)
        }
      }
    }
    #expect(first[.tracker]?.count == 4)
    #expect(first[.user] == [SwarmScript.endpoint("a")])
  }

  @Test func dialsAreLimitedAtOnceAndBySecond() {
    var configuration = SwarmConfiguration()
    configuration.mostDials = 3
    configuration.dialsPerSecond = 1
    configuration.mostPeers = 8
    let script = SwarmScript(configuration: configuration)
    script.play(
      """
      0 dial a       -> connect a
      0 dial b       -> connect b
      0 dial c       -> connect c
      0 dial d
      0 dial e
      0 dial f
      0 a ends           ->
      1 wake             -> connect d
      1 hello d plain    ->
      1 b ends           ->
      1.5 wake           ->
      2 wake             -> connect e
      2 hello e plain    ->
      9 wake             -> connect f
      9 hello c plain    ->
      """)
    // Enough are here: d, e, c and the dial of f.
    script.play(
      """
      10 dial g          ->
      11 wake            ->
      12 f ends          -> connect g
      """)
  }

  @Test func halfOfThePlacesAreForThoseWhoCome() {
    var configuration = SwarmConfiguration()
    configuration.mostPeers = 4
    let script = SwarmScript(configuration: configuration)
    script.play(
      """
      0 dial a              -> connect a
      0 dial b              -> connect b
      0 dial c
      0 hello a plain       ->
      0 hello b plain       ->
      1 wake                ->
      2 accept d plain      -> adopt d
      2 accept e plain      -> adopt e
      2 accept f plain      -> refuse \(CloseReason.tooManyPeers)
      3 d ends              ->
      4 wake                ->
      5 e ends              ->
      6 a ends              -> connect c
      """)
  }

  @Test func aDialThatLeadsNowhereEndsAndIsTriedLaterEverMorePatiently() {
    let script = SwarmScript()
    script.play(
      """
      0 dial a     -> connect a
      9.9 wake     ->
      10 wake      -> close a
      24 wake      ->
      25 wake      -> connect a
      25 a ends    ->
      54 wake      ->
      55 wake      -> connect a
      55 a ends    ->
      114 wake     ->
      115 wake     -> connect a
      """)
    #expect(script.closeReasons["a"] == .handshakeTimeout)
  }

  @Test func sixFailuresInSuccessionAreEnough() {
    let script = SwarmScript()
    var dials = 0
    for second in 0..<4000 {
      let told =
        second == 0
        ? script.tell(.candidates([SwarmScript.endpoint("a")], from: .tracker), at: .zero)
        : script.tell(.wake, at: .zero + .seconds(second))
      guard told.contains("connect a") else { continue }
      dials += 1
      _ = script.tell(.ended(script.keys["a"]!), at: .zero + .seconds(second))
    }
    #expect(dials == CandidateList.mostFailures + 1)
    #expect(script.swarm.candidates.count == 0)
  }

  @Test func peersThatHangUpAfterTheirHandshakeAreNotDialledForEver() {
    let script = SwarmScript()
    var dials = 0
    for second in 0..<10_000 {
      let now = Moment.zero + .seconds(second)
      let told =
        second == 0
        ? script.tell(.candidates([SwarmScript.endpoint("a")], from: .tracker), at: now)
        : script.tell(.wake, at: now)
      guard told.contains("connect a") else { continue }
      dials += 1
      script.play("\(second) hello a plain\n\(second) a ends")
    }
    #expect(dials == CandidateList.mostFailures + 1)
  }

  /// Each dial that found a seed costs a seed twenty others.
  @Test func aSeedThatMeetsSeedsDialsLess() {
    var configuration = SwarmConfiguration()
    configuration.mostDials = 2
    configuration.dialsPerSecond = 10
    let script = SwarmScript(have: "1111", configuration: configuration)
    script.play(
      """
      0 dial a       -> connect a
      0 dial b       -> connect b
      0 dial c
      0 hello a
      0 a says all   -> close a
      0 hello b
      0 b says all   -> close b
      4 wake         ->
      5 wake         -> connect c
      """)
  }

  @Test func twoSeedsPartAndDoNotMeetAgain() {
    let script = SwarmScript(have: "1111")
    script.play(
      """
      0 dial a       -> connect a
      0 hello a
      0 a says all   -> close a
      """)
    #expect(script.closeReasons["a"] == .nothingToTrade)
    for second in 1..<1000 { script.play("\(second) wake ->") }
    script.play("1000 dial a ->")
  }

  @Test func aCandidateThatIsConnectedOtherwiseIsTriedWhenThatEnds() {
    let script = SwarmScript()
    var handshake = ExtensionHandshake()
    handshake.listenPort = SwarmScript.listenPort
    script.play("0 accept a")
    let said = SwarmInput.received(
      .extended(id: 0, payload: handshake.payload), from: script.keys["a"]!)
    #expect(script.tell(said, at: .zero).isEmpty)
    script.play(
      """
      1 dial a   ->
      2 a ends   ->
      60 wake    ->
      61 wake    -> connect a
      """)
  }

  @Test func weFindOutOurOwnAddressAtEitherEnd() {
    let dialling = SwarmScript()
    dialling.play(
      """
      0 dial a         -> connect a
      0 hello a is us  -> close a
      99 wake          ->
      99 dial a        ->
      """)
    #expect(dialling.closeReasons["a"] == .selfConnection)
    let accepting = SwarmScript()
    accepting.play(
      """
      0 dial a         -> connect a
      0 accept b is us at a -> refuse \(CloseReason.selfConnection)
      0 a ends         ->
      99 wake          ->
      99 dial a        ->
      """)
  }

  @Test func aHandshakeForAnotherTorrentEndsTheConnection() {
    let script = SwarmScript()
    script.play(
      """
      0 dial a         -> connect a
      0 hello a astray -> close a
      0 accept b astray -> refuse \(CloseReason.wrongTorrent)
      """)
    #expect(script.closeReasons["a"] == .wrongTorrent)
  }

  /// Two peers dial each other at once. Whichever order the four handshakes are met in, both keep
  /// the connection that the peer with the lesser id made.
  @Test(arguments: [(UInt8(97), UInt8(98)), (98, 97)], [0, 1, 2, 3])
  func simultaneousOpensLeaveOneConnection(ids: (ours: UInt8, theirs: UInt8), order: Int) {
    /// What one side keeps: "made" or "taken".
    func survivor(ours: UInt8, theirs: UInt8, dialsFirst: Bool) -> String {
      let script = SwarmScript(ourID: ours)
      let id = String(UnicodeScalar(theirs))
      script.play("0 dial m")
      if dialsFirst {
        script.play("0 hello m is \(id)\n0 accept t is \(id) at m")
      } else {
        script.play("0 accept t is \(id) at m\n0 hello m is \(id)")
      }
      let kept = script.swarm.peers.ids.map { script.names[$0]! }
      #expect(kept.count == 1)
      return kept[0] == "m" ? "made" : "taken"
    }
    let ours = survivor(ours: ids.ours, theirs: ids.theirs, dialsFirst: order & 1 == 0)
    let theirs = survivor(ours: ids.theirs, theirs: ids.ours, dialsFirst: order & 2 == 0)
    #expect(ours == (ids.ours < ids.theirs ? "made" : "taken"))
    #expect(theirs == (ids.ours < ids.theirs ? "taken" : "made"))
  }

  @Test func aSecondConnectionOfTheSamePeerIsRefused() {
    let script = SwarmScript(ourID: 200)
    script.play(
      """
      0 accept a
      1 accept b is a  -> refuse \(CloseReason.duplicateConnection)
      1 dial c         -> connect c
      1 hello c is a   -> close c
      """)
    #expect(script.closeReasons["c"] == .duplicateConnection)
  }

  @Test func oneAddressHoldsOnlySoManyConnections() {
    var configuration = SwarmConfiguration()
    configuration.mostPeersPerAddress = 2
    let script = SwarmScript(configuration: configuration)
    script.play(
      """
      0 accept a plain      -> adopt a
      0 accept b plain at a -> adopt b
      0 accept c plain at a -> refuse \(CloseReason.tooManyPeers)
      0 accept d plain      -> adopt d
      """)
  }

  @Test func aNewcomerTakesThePlaceOfAnIdlePeerAndNoDialDoes() {
    var configuration = SwarmConfiguration()
    configuration.mostPeers = 2
    let script = SwarmScript(configuration: configuration)
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 dial c           ->
      5 b says interested -> b: unchoke
      59 accept d plain  -> refuse \(CloseReason.tooManyPeers)
      61 accept d plain  -> close a, adopt d
      62 accept e plain  -> refuse \(CloseReason.tooManyPeers)
      """)
    #expect(script.closeReasons["a"] == .tooManyPeers)
  }

  @Test func aConnectionIsKeptAliveAndASilentOneEnds() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      99 wake               ->
      100 wake              -> a: keepalive
      150 a says keepalive  ->
      199 wake              ->
      200 wake              -> a: keepalive
      329 wake              -> a: keepalive
      330 wake              -> close a
      """)
    #expect(script.closeReasons["a"] == .silence)
  }

  @Test func repeatedFaultsBanAnAddressForAnHour() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 accept b at a
      0 accept c at a
      0 accept d at a
      1 a says have 4  -> close a
      1 b says have 4  -> close b
      1 c says have 4  -> ban a, close c, close d
      2 accept e at a  -> refuse \(CloseReason.banned)
      2 dial a         ->
      3599 accept e at a -> refuse \(CloseReason.banned)
      3601 accept e at a
      """)
    #expect(script.keys["e"] != nil)
  }

  @Test func messagesBeforeTheHandshakeAndFromStrangersMeanNothing() {
    let script = SwarmScript()
    script.play(
      """
      0 dial a
      0 a says unchoke ->
      0 a says have 9  ->
      0 a lands 0.0    ->
      0 a ends         ->
      0 a says choke   ->
      0 a wastes 0.0   ->
      0 a took 0.0     ->
      0 a returns 0.0  ->
      0 hello a        ->
      0 a ends         ->
      """)
  }
}
