import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct PeerExchangeTests {
  @Test func peersAreToldOfEachOtherOnceAMinuteAndOfThoseThatLeave() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says exchanges
      1 wake             ->
      2 accept b
      2 b says exchanges
      3 wake             -> a: +b, b: +a
      4 accept c
      4 c says exchanges
      5 wake             -> c: +a +b
      62 wake            ->
      63 wake            -> a: +c, b: +c
      64 c ends
      123 wake           -> close c, a: -c, b: -c
      """)
  }

  /// A peer that connected to us is told of where it says that it listens, or not at all.
  @Test func onlyThoseAreToldOfThatCanBeDialled() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says exchanges
      0 accept b
      1 wake                 ->
      1 accept c
      1 c says exchanges 22
      2 wake                 -> c: +a
      2 dial d               -> connect d
      3 wake                 ->
      3 hello d
      4 wake                 -> a: +d
      """)
  }

  @Test func seedsAreNotToldOfSeeds() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says exchanges
      0 a says all
      0 accept b
      0 b says exchanges
      0 b says all
      1 wake             ->
      1 accept c
      1 c says exchanges
      2 wake             -> a: +c, b: +c, c: +a +b
      """)
  }

  @Test func whatIsHeardIsDialledOnceInAWhile() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says exchanges
      0 a says knows c    -> connect c
      44 a says knows d   ->
      45 a says knows d c -> connect d
      """)
  }

  @Test func aCompletePeerWantsNoSeeds() {
    let script = SwarmScript(have: "1111")
    script.play(
      """
      0 accept a
      0 a says exchanges
      0 a says knows c* d -> connect d
      """)
  }

  @Test func nobodyMakesUsDialManyPortsOfOneAddress() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a
      0 a says exchanges
      """)
    let victim = Address.v4(0x0505_0505)
    let message = ExchangeMessage(
      added: (1...90).map { .init(Endpoint(victim, port: $0)) }, dropped: [])
    let told = script.tell(
      .received(
        .extended(id: ExtensionHandshake.ourExchangeID, payload: message.payload),
        from: script.keys["a"]!), at: .zero + .seconds(1))
    #expect(told.count == PeerExchange.mostPerSubscriber)
  }

  /// A stranger on the internet must not have us knock at our neighbours' services.
  @Test func nobodyNamesServicesOfOurNetwork() {
    let script = SwarmScript()
    script.play("0 accept a")
    let message = ExchangeMessage(
      added: [
        .init(Endpoint(.v4(0x7f00_0001), port: 8080)), .init(Endpoint(.v4(0xa9fe_a9fe), port: 80)),
        .init(Endpoint(.v4(0xc0a8_0001), port: 80)),
      ], dropped: [])
    let told = script.tell(
      .received(
        .extended(id: ExtensionHandshake.ourExchangeID, payload: message.payload),
        from: script.keys["a"]!), at: .zero + .seconds(1))
    #expect(told == [])
  }

  @Test func aPrivateTorrentNeitherTellsNorHears() throws {
    let script = SwarmScript()
    script.play(
      """
      0 private
      0 accept a          -> adopt a, a: handshake, a: none
      0 a says exchanges
      0 accept b
      0 b says exchanges
      1 a says knows c    ->
      2 wake              ->
      """)
    script.play("3 accept d -> adopt d, d: handshake, d: none")
    guard case .extended(0, let payload)? = script.sent.first?.message else {
      Issue.record("no extension handshake")
      return
    }
    #expect(try ExtensionHandshake(payload: payload).exchangeID == nil)
  }

  /// A link does not say that its torrent is private: whoever was found by hearsay goes then.
  @Test func whoWasFoundByHearsayGoesWhenTheTorrentIsPrivate() {
    let script = SwarmScript(have: nil)
    script.play(
      """
      0 dial a            -> connect a
      0 hello a
      0 a says knows c    -> connect c
      1 hello c
      2 private           -> close c
      2 ready 0000        -> a: handshake
      3 a says knows d    ->
      """)
    #expect(script.closeReasons["c"] == .foundOutsideTrackers)
  }

  @Test func hearsayFillsHalfOfTheListAndTrackersTheRest() {
    var list = CandidateList(most: 4)
    let endpoints = (1...6).map { Endpoint(.v4(0x0100_0000 + $0), port: 1) }
    list.add(endpoints, from: .exchange)
    #expect(list.count == 2)
    list.add(endpoints, from: .tracker)
    #expect(list.count == 4)
    // What a tracker named as well is no hearsay.
    list.forgetHearsay()
    #expect(list.count == 4)
  }

  @Test func amongNewcomersThoseGoFirstThatBEP40RanksHighest() throws {
    var list = CandidateList(most: 100)
    let ours = Endpoint(.v4(0x7bd5_200a), port: 6881)
    let endpoints = (1...20).map { Endpoint(.v4(0x0505_0000 * $0), port: 1) }
    list.add(endpoints, from: .tracker)
    list.rank(from: ours)
    let named = Endpoint(.v4(0x0909_0909), port: 1)
    list.add([named], from: .user)
    let first = list.next(at: .zero)
    #expect(first?.endpoint == named)
    var priorities: [UInt32] = []
    while let next = list.next(at: .zero) {
      priorities.append(CanonicalPriority.of(ours, next.endpoint))
    }
    #expect(priorities == priorities.sorted(by: >) && priorities.count == 20)
  }

  @Test func ourAddressIsWhatMostSubscribersSee() {
    var own = OwnAddress()
    let (mine, lie) = (Address.v4(0x0101_0101), Address.v4(0x0202_0202))
    let changes = [lie, mine, mine, lie, lie].enumerated().map { index, claim in
      own.note(claim, by: .v4(index == 4 ? 9 : 9 + UInt32(index % 3)))
    }
    #expect(changes == [true, false, true, false, false])
    #expect(own.believed == mine)
  }
}
