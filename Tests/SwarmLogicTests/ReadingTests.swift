import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct ReadingTests {
  private func asked(_ script: SwarmScript, of name: String) -> [PieceIndex] {
    script.sent.compactMap { sent in
      guard sent.name == name, case .request(let block) = sent.message else { return nil }
      return block.piece
    }
  }

  @Test func whatIsReadIsAskedForFirstAndInOrder() {
    let script = SwarmScript()
    _ = script.tell(.reading([2..<4]), at: .zero)
    script.play("0 accept a\n0 a says all\n1 a says unchoke")
    #expect(asked(script, of: "a").prefix(4) == [2, 2, 3, 3])
  }

  @Test func theLatestReaderIsTheMostUrgent() {
    let script = SwarmScript()
    _ = script.tell(.reading([3..<4, 1..<3]), at: .zero)
    script.play("0 accept a\n0 a says all\n1 a says unchoke")
    #expect(asked(script, of: "a").prefix(6) == [3, 3, 1, 1, 2, 2])
  }

  /// What was asked for before a seek would come before what is wanted now.
  @Test func afterAJumpTheRestIsTakenBack() {
    let script = SwarmScript()
    _ = script.tell(.reading([0..<2]), at: .zero)
    script.play("0 accept a\n0 a says bits 11110000\n1 a says unchoke")
    let told = script.tell(.reading([3..<4]), at: .zero + .seconds(2))
    #expect(
      told.prefix(6) == [
        "a: cancel 0.0", "a: cancel 0.1", "a: cancel 1.0", "a: cancel 1.1", "a: cancel 2.0",
        "a: cancel 2.1",
      ] || told.filter { $0.contains("cancel") }.allSatisfy { !$0.contains(" 3.") })
    script.checkInvariants()
    #expect(!told.contains { $0.contains("cancel 3.") })
  }

  /// A reader that goes on from piece to piece has nothing taken back.
  @Test func aReaderThatGoesOnDisturbsNothing() {
    let script = SwarmScript()
    _ = script.tell(.reading([0..<3]), at: .zero)
    script.play("0 accept a\n0 a says all\n1 a says unchoke")
    #expect(script.tell(.reading([1..<4]), at: .zero + .seconds(2)) == [])
  }

  @Test func aSlowPeerHoldsNoReaderUp() {
    let script = SwarmScript()
    _ = script.tell(.reading([0..<1]), at: .zero)
    script.play(
      """
      0 accept a
      0 a says bits 10000000
      0 accept b
      0 b says bits 10010000
      1 a says unchoke -> a: request 0.0 0.1
      """)
    script.play("2 b says unchoke")
    #expect(asked(script, of: "b") == [0, 0, 3, 3])
  }

  @Test func aWindowBeyondTheTorrentIsCut() {
    let script = SwarmScript()
    #expect(script.tell(.reading([3..<9, 7..<9]), at: .zero) == [])
    script.play("0 accept a\n0 a says all\n1 a says unchoke")
    #expect(asked(script, of: "a").prefix(2) == [3, 3])
  }
}
