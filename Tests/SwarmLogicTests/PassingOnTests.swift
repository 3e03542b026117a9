import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// How a seed learns who shares what it gives.
@Suite struct PassingOnTests {
  private let a = PeerKey(slot: 1, generation: 1)
  private let b = PeerKey(slot: 2, generation: 1)
  private let c = PeerKey(slot: 3, generation: 1)

  @Test func whatComesToAnotherWithoutUsWasPassedOn() {
    var passing = PassingOn()
    passing.watch(PieceIndex(7), at: a)
    passing.noteServed(PieceIndex(7), to: a)
    #expect(passing.noteArrival(PieceIndex(8), at: b) == nil)
    #expect(passing.noteArrival(PieceIndex(7), at: a) == nil)
    #expect(passing.noteArrival(PieceIndex(7), at: b) == a)
    // It shows it once: the next may have it of either.
    #expect(passing.noteArrival(PieceIndex(7), at: c) == nil)
  }

  @Test func whatWeServedToAnotherShowsNothing() {
    var passing = PassingOn()
    passing.watch(PieceIndex(7), at: a)
    passing.noteServed(PieceIndex(7), to: b)
    #expect(passing.noteArrival(PieceIndex(7), at: b) == nil)
  }

  @Test func noMoreIsWatchedThanFits() {
    var passing = PassingOn()
    for piece in 0..<PassingOn.mostWatched { passing.watch(PieceIndex(piece), at: a) }
    passing.watch(PieceIndex(PassingOn.mostWatched), at: a)
    #expect(passing.noteArrival(PieceIndex(PassingOn.mostWatched), at: b) == nil)
    #expect(passing.noteArrival(PieceIndex(0), at: b) == a)
  }

  @Test func whoLeavesMakesRoomForOthers() {
    var passing = PassingOn()
    for piece in 0..<PassingOn.mostWatched { passing.watch(PieceIndex(piece), at: a) }
    passing.forget(a)
    #expect(passing.noteArrival(PieceIndex(0), at: b) == nil)
    passing.watch(PieceIndex(PassingOn.mostWatched), at: b)
    #expect(passing.noteArrival(PieceIndex(PassingOn.mostWatched), at: c) == b)
  }

  /// The same through a swarm: `a` is offered everything, gets piece 0, and `b` has it then.
  @Test(arguments: [false, true])
  func aSeedKnowsWhoShares(itServesTheOtherToo: Bool) {
    let script = SwarmScript(have: "1111")
    script.play(
      """
      0 accept a
      0 accept b
      1 a says interested
      1 b says interested
      2 a says request 0.0
      3 a says have 0
      """)
    if itServesTheOtherToo { script.play("4 b says request 0.0") }
    script.play("5 b says have 0")
    let shares = ["a", "b"].map { name -> Bool in script.swarm.peers[script.keys[name]!].passesOn }
    #expect(shares == [!itServesTheOtherToo, false])
  }
}
