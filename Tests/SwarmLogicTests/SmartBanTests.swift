import DeterministicCore
import Hashing
import Testing
import TorrentModel

@testable import SwarmLogic

/// Who is to blame for a piece that several peers sent.
@Suite struct SmartBanTests {
  private static func endpoints(_ names: String) -> [Endpoint?] {
    names.map { $0 == "?" ? nil : SwarmScript.endpoint(String($0)) }
  }

  private static func digests(_ numbers: UInt64...) -> [Bytes20] { numbers.map(Bytes20.block) }

  /// a sends the first block of piece 0, b the second, and the piece fails.
  private static let mixedFailure = """
    0 accept a plain
    0 accept b plain
    1 a says bits 10000000
    1 b says bits 10000000
    2 a says unchoke    -> a: request 0.0 0.1
    3 a lands 0.0       ->
    4 a says choke      ->
    5 b says unchoke    -> b: request 0.1
    6 b lands 0.1       -> verify 0

    """

  @Test func aRightCopyConvictsWhoSentTheBlockThatDiffers() {
    let script = SwarmScript()
    script.play(
      Self.mixedFailure + """
        7 failed 0 1 9         -> b: request 0.0 0.1
        8 b lands 0.0          ->
        8 b lands 0.1          -> verify 0 suspect
        9 verified 0 7 9       -> ban a, close a, b: bored, b: have 0
        10 accept c at a       -> refuse \(CloseReason.banned)
        """)
    #expect(script.isConnected("b"))
  }

  @Test func aSpoilerIsBannedEvenIfItHasLeft() {
    let script = SwarmScript()
    script.play(
      Self.mixedFailure + """
        6.5 a ends             ->
        7 failed 0 1 9         -> b: request 0.0 0.1
        8 b lands 0.0          ->
        8 b lands 0.1          -> verify 0 suspect
        9 verified 0 7 9       -> ban a, b: bored, b: have 0
        10 accept c at a       -> refuse \(CloseReason.banned)
        """)
  }

  @Test func whoSendsOneBlockInTwoVersionsIsBannedWithoutARightCopy() {
    let script = SwarmScript()
    script.play(
      Self.mixedFailure + """
        7 failed 0 1 9         -> b: request 0.0 0.1
        8 b lands 0.0          ->
        8 b says choke         ->
        8 a says unchoke       -> a: request 0.1
        9 a lands 0.1          -> verify 0 suspect
        9 b says unchoke       ->
        10 failed 0 5 1        -> a: request 0.0 0.1, b: request 0.0 0.1
        11 a lands 0.0         -> b: cancel 0.0
        11 a says choke        ->
        12 b lands 0.1         -> verify 0 suspect
        13 failed 0 2 9        -> ban a, close a, b: request 0.0 0.1
        """)
    #expect(script.isConnected("b"))
  }

  @Test func severalConnectionsFromOneAddressAreOneSender() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain at a
      0 accept c plain
      1 a says bits 10000000
      1 b says bits 10000000
      2 a says unchoke    -> a: request 0.0 0.1
      3 a lands 0.0       ->
      4 a says choke      ->
      5 b says unchoke    -> b: request 0.1
      6 b lands 0.1       -> verify 0
      7 failed 0 1 2      -> ban a, close a, close b
      """)
    #expect(script.isConnected("c"))
  }

  @Test func whatABannedPeerSentOfOtherPiecesIsFetchedAnew() {
    let script = SwarmScript()
    script.play(
      """
      0 accept a plain
      0 accept b plain
      1 a says bits 11000000
      2 a says unchoke    -> a: request 0.0 0.1 1.0 1.1
      3 a lands 0.0       ->
      3 a lands 0.1       -> verify 0
      4 a lands 1.0       ->
      5 b says bits 11000000
      5 b says unchoke    -> b: request 1.1
      6 failed 0 1 2      -> ban a, close a, b: request 1.0 0.0 0.1
      """)
    #expect(script.swarm.wastedBytes == 32 + 16)
  }

  @Test func evidenceThatAgreesWithTheRightCopyClearsItsSenders() {
    var smartBan = SmartBan()
    let convicted = smartBan.noteFailure(
      of: 3, senders: Self.endpoints("abc"), digests: Self.digests(1, 2, 3))
    #expect(convicted.isEmpty)
    #expect(smartBan.isSuspect(3) && !smartBan.isSuspect(2))
    let found = smartBan.noteSuccess(of: 3, digests: Self.digests(1, 9, 3))
    #expect(found == [SwarmScript.endpoint("b")])
    #expect(!smartBan.isSuspect(3))
    #expect(smartBan.versionCount == 0)
    let again = smartBan.noteSuccess(of: 3, digests: Self.digests(1, 2, 4))
    #expect(again.isEmpty)
  }

  @Test func theSpoilersOfEveryFailedCopyAreConvicted() {
    var smartBan = SmartBan()
    for senders in ["ab", "cb", "?d"] {
      _ = smartBan.noteFailure(
        of: 0, senders: Self.endpoints(senders), digests: Self.digests(5, 2))
    }
    let found = smartBan.noteSuccess(of: 0, digests: Self.digests(1, 2))
    #expect(found == [SwarmScript.endpoint("a"), SwarmScript.endpoint("c")])
  }

  @Test func anUnknownSenderConvictsNobody() {
    var smartBan = SmartBan()
    _ = smartBan.noteFailure(of: 0, senders: Self.endpoints("?b"), digests: Self.digests(5, 2))
    let found = smartBan.noteSuccess(of: 0, digests: Self.digests(1, 2))
    #expect(found.isEmpty)
  }

  @Test func theEvidenceIsBoundedAndTheOldestGoesFirst() {
    var smartBan = SmartBan()
    let blocks = 1024
    let senders = Array(repeating: SwarmScript.endpoint("a") as Endpoint?, count: blocks)
    let digests = (0..<blocks).map { Bytes20.block(UInt64($0)) }
    let pieces = SmartBan.mostVersions / blocks + 2
    for piece in 0..<pieces {
      _ = smartBan.noteFailure(of: PieceIndex(piece), senders: senders, digests: digests)
      #expect(smartBan.versionCount <= SmartBan.mostVersions)
    }
    #expect(!smartBan.isSuspect(0) && !smartBan.isSuspect(1) && smartBan.isSuspect(2))
    #expect(smartBan.isSuspect(PieceIndex(pieces - 1)))
  }

  @Test func whoSentWhatIsInFlightIsRememberedHoweverManyLeaveAfterIt() {
    var departures = Departures()
    let key = { (slot: UInt32) in PeerKey(slot: slot, generation: 0) }
    let endpoint = SwarmScript.endpoint("a")
    for slot in 0..<UInt32(10_000) {
      departures.note(key(slot), at: endpoint) { [key(3)] }
    }
    #expect(departures[key(3)] == endpoint)
    #expect(departures[key(4)] == nil)
    #expect(departures[key(9_999 - UInt32(Departures.fewest) + 1)] == endpoint)
    #expect(departures.count <= 2 * Departures.fewest + 2)
  }
}
