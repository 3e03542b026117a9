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

  /// The pieces that a peer is asked for, each once, of so many blocks.
  private func picked(
    _ picture: inout PickerPicture, of peer: Character, has: Bitfield, blocks count: Int
  ) -> [PieceIndex] {
    var blocks: [Block] = []
    picture.picker.pick(for: PickerPicture.peer(peer), has: has, atMost: count, into: &blocks)
    return blocks.map(\.piece).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  private static let rows = Array(repeating: "....", count: 24)
  private static let all = Bitfield.full(count: rows.count + PiecePicker.randomFirstPieces)

  /// What somebody else would send us a seed need not send, unless the reader has waited for it.
  @Test func aSeedIsSparedWhatOthersHave() {
    var picture = PickerPicture(Self.rows, availability: "2" + String(repeating: "1", count: 23))
    picture.picker.windows = [0..<20]
    picture.picker.company = ReadingCompany(seeds: 1, isFetching: true, offered: [0])
    picture.picker.noteWaiting()
    let first = picked(&picture, of: "s", has: Self.all, blocks: 32)
    #expect(!first.contains(0) && first.allSatisfy { $0.index < 20 }, "\(first)")
    // Half of it is what is next, the other half is what nobody has, from anywhere in the window.
    #expect(first.contains(1) && first != first.sorted(), "\(first)")
    picture.picker.noteWaiting()
    #expect(picked(&picture, of: "s", has: Self.all, blocks: 4) == [0])
  }

  @Test func behindTheFrontTheRarestComesFirst() {
    var picture = PickerPicture(
      Self.rows, availability: String(repeating: "3", count: 20) + "1333")
    picture.picker.windows = [0..<24]
    picture.picker.company = ReadingCompany(seeds: 0, isFetching: true)
    let front = ReadingWindow.mostFront
    var has = Self.all
    has.remove(PieceIndex(Self.rows.count))
    let pieces = picked(&picture, of: "p", has: has, blocks: 4 * (front + 1))
    #expect(pieces == (0..<front).map { PieceIndex($0) } + [20])
  }

  @Test func aFrontIsSecondsOfAFilm() {
    func front(_ pieceLength: UInt64) -> Int {
      let geometry = PieceGeometry(totalLength: 1 << 33, pieceLength: pieceLength)!
      let window = ReadingWindow.pieces(from: 5, to: 1 << 33, in: geometry)
      #expect(window.lowerBound == 0 && window.count >= 4)
      return ReadingWindow.front(of: window, in: geometry).count
    }
    #expect(front(64 << 10) == 16 && front(256 << 10) == 8 && front(8 << 20) == 2)
    let geometry = PieceGeometry(totalLength: 100, pieceLength: 10, blockLength: 10)!
    #expect(ReadingWindow.pieces(from: 95, to: 100, in: geometry) == 9..<10)
    #expect(ReadingWindow.pieces(from: 100, to: 100, in: geometry).isEmpty)
  }

  /// A seed that suggests knows what it sends to others.
  @Test func whatASeedSuggestsGoesBeforeTheNextPieceWhileOthersFetch() {
    let script = SwarmScript()
    _ = script.tell(.reading([0..<4]), at: .zero)
    script.play(
      """
      0 accept b
      0 b says none
      0 accept s
      0 s says all
      0 s says suggest 2
      0 s says unchoke
      """)
    #expect(asked(script, of: "s").prefix(2) == [2, 2])
  }

  /// With nobody to give anything to, there is no reason to go out of order.
  @Test func aloneItIsReadInOrderWhateverIsSuggested() {
    let script = SwarmScript()
    _ = script.tell(.reading([0..<4]), at: .zero)
    script.play(
      """
      0 accept s
      0 s says all
      0 s says suggest 2
      0 s says unchoke
      """)
    #expect(asked(script, of: "s") == [0, 0, 1, 1, 2, 2, 3, 3])
  }

  @Test func aWebSeedIsAskedForWhatIsRead() {
    let script = SwarmScript(have: "1000")
    _ = script.tell(.reading([2..<3]), at: .zero)
    #expect(script.tell(.webSeeds(1), at: .zero).contains { $0.hasSuffix("2-2") })
  }

  @Test func aWindowBeyondTheTorrentIsCut() {
    let script = SwarmScript()
    #expect(script.tell(.reading([3..<9, 7..<9]), at: .zero) == [])
    script.play("0 accept a\n0 a says all\n1 a says unchoke")
    #expect(asked(script, of: "a").prefix(2) == [3, 3])
  }
}
