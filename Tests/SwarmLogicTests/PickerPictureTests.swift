import DeterministicCore
import Testing
import TorrentModel

@testable import SwarmLogic

/// What the picker picks, drawn: the pieces before and after.
@Suite struct PickerPictureTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var availability: String
    var priorities = ""
    var before: [String]
    var peer: Character = "p"
    var has: String
    var count: Int
    var suggested: [PieceIndex] = []
    var allowedFast: [PieceIndex]?
    var mostPartialPieces = Int.max
    var after: [String]

    var testDescription: String { name }
  }

  @Test(arguments: [
    Case(
      name: "the rarest piece first",
      availability: "3213",
      before: ["....", "....", "....", "...."], has: "****", count: 4,
      after: ["....", "....", "pppp", "...."]),
    Case(
      name: "then the next rarest",
      availability: "3213",
      before: ["....", "....", "....", "...."], has: "****", count: 6,
      after: ["....", "pp..", "pppp", "...."]),
    Case(
      name: "only what the peer has",
      availability: "3213",
      before: ["....", "....", "....", "...."], has: "*   ", count: 9,
      after: ["pppp", "....", "....", "...."]),
    Case(
      name: "nothing from a peer that has nothing we lack",
      availability: "333",
      before: ["####", "----", "...."], has: "** ", count: 9,
      after: ["####", "----", "...."]),
    Case(
      name: "a partial piece before a rarer untouched one",
      availability: "51",
      before: ["A...", "...."], has: "**", count: 2,
      after: ["App.", "...."]),
    Case(
      name: "the rest of its own piece before a rarer partial one",
      availability: "51",
      before: ["pP..", "A..."], has: "**", count: 4,
      after: ["pPpp", "App."]),
    Case(
      name: "not its own piece any more when it is all asked for",
      availability: "51",
      before: ["pPpa", "A..."], has: "**", count: 1,
      after: ["pPpa", "Ap.."]),
    Case(
      name: "the rarest partial piece",
      availability: "323",
      before: ["AAA.", "A...", "AA.."], has: "***", count: 3,
      after: ["AAA.", "Appp", "AA.."]),
    Case(
      name: "of equally rare partial pieces the one nearest to whole",
      availability: "333",
      before: ["A...", "AAA.", "AA.."], has: "***", count: 3,
      after: ["A...", "AAAp", "AApp"]),
    Case(
      name: "of equal partial pieces the one begun first",
      availability: "33",
      before: ["a...", "b..."], has: "**", count: 2,
      after: ["app.", "b..."]),
    Case(
      name: "blocks that came back before later ones",
      availability: "1",
      before: [".A.b"], has: "*", count: 1,
      after: ["pA.b"]),
    Case(
      name: "a higher priority before a partial piece",
      availability: "19", priorities: "nh",
      before: ["AAA.", "...."], has: "**", count: 5,
      after: ["AAAp", "pppp"]),
    Case(
      name: "a high priority before a rarer piece of a low one",
      availability: "195", priorities: "lhn",
      before: ["....", "....", "...."], has: "***", count: 9,
      after: ["p...", "pppp", "pppp"]),
    Case(
      name: "a lower priority when the peer has nothing else",
      availability: "19", priorities: "lh",
      before: ["....", "...."], has: "* ", count: 1,
      after: ["p...", "...."]),
    Case(
      name: "a suggested piece before a rarer one",
      availability: "915",
      before: ["....", "....", "...."], has: "***", count: 5, suggested: [2],
      after: ["....", "p...", "pppp"]),
    Case(
      name: "a suggested piece before a partial one of others",
      availability: "99",
      before: ["A...", "...."], has: "**", count: 5, suggested: [1],
      after: ["Ap..", "pppp"]),
    Case(
      name: "a high priority before a suggested piece",
      availability: "99", priorities: "hn",
      before: ["....", "...."], has: "**", count: 5, suggested: [1],
      after: ["pppp", "p..."]),
    Case(
      name: "no suggested piece that the peer does not have",
      availability: "15",
      before: ["....", "...."], has: "* ", count: 5, suggested: [1],
      after: ["pppp", "...."]),
    Case(
      name: "while choked only pieces that are allowed",
      availability: "133",
      before: ["....", "A...", "...."], has: "***", count: 9, allowedFast: [2],
      after: ["....", "A...", "pppp"]),
    Case(
      name: "of allowed pieces those in flight first",
      availability: "133",
      before: ["....", "A...", "...."], has: "***", count: 4, allowedFast: [2, 1],
      after: ["....", "Appp", "p..."]),
    Case(
      name: "nothing while choked with nothing allowed",
      availability: "11",
      before: ["....", "A..."], has: "**", count: 4, allowedFast: [],
      after: ["....", "A..."]),
    Case(
      name: "no new piece beyond the bound",
      availability: "111",
      before: ["AB..", "AAAA", "...."], has: "***", count: 9, mostPartialPieces: 2,
      after: ["ABpp", "AAAA", "...."]),
    Case(
      name: "up to the bound",
      availability: "122",
      before: ["....", "....", "...."], has: "*  ", count: 9, mostPartialPieces: 1,
      after: ["pppp", "....", "...."]),
    Case(
      name: "endgame: what is outstanding at another",
      availability: "11",
      before: ["AAab", "####"], has: "**", count: 9,
      after: ["AA22", "####"]),
    Case(
      name: "endgame: the block outstanding at the fewest first",
      availability: "11",
      before: ["32a3", "2b33"], has: "**", count: 3,
      after: ["3323", "2233"]),
    Case(
      name: "endgame: never twice of one peer",
      availability: "1",
      before: ["pPpa"], has: "*", count: 9,
      after: ["pPp2"]),
    Case(
      name: "endgame: no more than four of a block",
      availability: "1",
      before: ["4443"], has: "*", count: 9,
      after: ["4444"]),
    Case(
      name: "endgame: not of pieces the peer lacks",
      availability: "11",
      before: ["aaaa", "aaaa"], has: " *", count: 9,
      after: ["aaaa", "2222"]),
    Case(
      name: "no endgame while another peer could be asked for a block",
      availability: "11",
      before: ["aaaa", "...."], has: "* ", count: 9,
      after: ["aaaa", "...."]),
    Case(
      name: "no endgame while a partial piece has a block to ask for",
      availability: "11",
      before: ["aaaa", "aaa."], has: "* ", count: 9,
      after: ["aaaa", "aaa."]),
    Case(
      name: "endgame although an untouched piece is missing that nobody has",
      availability: "10",
      before: ["aaaa", "...."], has: "* ", count: 9,
      after: ["2222", "...."]),
    Case(
      name: "endgame although blocks are missing that nobody has",
      availability: "10",
      before: ["aaaa", "aa.."], has: "* ", count: 9,
      after: ["2222", "aa.."]),
    Case(
      name: "endgame although pieces are left that are not wanted",
      availability: "11",
      before: ["aaaa", "----"], has: "**", count: 9,
      after: ["2222", "----"]),
  ])
  func picks(_ picture: Case) {
    var drawing = PickerPicture(
      picture.before, availability: picture.availability, priorities: picture.priorities)
    drawing.picker.mostPartialPieces = picture.mostPartialPieces
    #expect(drawing.drawn == picture.before)
    let after = drawing.pick(
      picture.peer, has: picture.has, picture.count, suggested: picture.suggested,
      allowedFast: picture.allowedFast)
    #expect(after == picture.after)
  }

  @Test func anArrivalInTheEndgameNamesThePeersToCancel() {
    var drawing = PickerPicture(["aaab"], availability: "1")
    _ = drawing.pick("p", has: "*", 9)
    _ = drawing.pick("q", has: "*", 9)
    #expect(drawing.drawn == ["3333"])
    var others: [PeerKey] = []
    let block = drawing.picker.geometry.block(0, in: 0)
    let arrival = drawing.picker.arrived(block, from: PickerPicture.peer("p"), others: &others)
    #expect(arrival == .accepted(completesPiece: false))
    #expect(others.sorted() == [PickerPicture.peer("a"), PickerPicture.peer("q")])
    #expect(drawing.drawn == ["P333"])
    let isOutstanding = drawing.picker.isOutstanding(block, at: PickerPicture.peer("q"))
    #expect(!isOutstanding)
  }

  @Test func aBusyPeerTakesNoDuplicates() {
    let busy = String(repeating: "p", count: 4)
    let rows = Array(repeating: busy, count: Endgame.deepestQueue / 4)
    let marks = String(repeating: "*", count: rows.count + 1)
    var drawing = PickerPicture(
      rows + ["aaaa"], availability: String(repeating: "1", count: rows.count + 1))
    #expect(drawing.pick("p", has: marks, 9).last == "aaaa")
    // One arrival makes room for one.
    var others: [PeerKey] = []
    _ = drawing.picker.arrived(
      drawing.picker.geometry.block(0, in: 0), from: PickerPicture.peer("p"), others: &others)
    #expect(drawing.pick("p", has: marks, 9).last?.count { $0 == "2" } == 1)
  }

  @Test func aLateBlockIsTakenWhenItWasAskedFor() {
    var drawing = PickerPicture(["ab.."], availability: "1")
    let block = drawing.picker.geometry.block(2, in: 0)
    let late = PickerPicture.peer("l")
    var others: [PeerKey] = []
    #expect(drawing.picker.arrived(block, from: late, others: &others) == .unexpected)
    let arrival = drawing.picker.arrived(block, from: late, wasAsked: true, others: &others)
    #expect(arrival == .accepted(completesPiece: false))
    #expect(drawing.drawn == ["abL."])
    #expect(others.isEmpty)
    let other = drawing.picker.arrived(
      drawing.picker.geometry.block(0, in: 0), from: late, wasAsked: true, others: &others)
    #expect(other == .accepted(completesPiece: false))
    #expect(others == [PickerPicture.peer("a")])
    #expect(drawing.pick("p", has: "*", 1) == ["LbLp"])
  }

  @Test func aPieceSpoiledBySeveralIsNextFetchedFromOne() {
    var drawing = PickerPicture(["ABAC", "....", "...."], availability: "191")
    let contributors = drawing.picker.failed(0)
    #expect(contributors == ["a", "b", "c"].map { PickerPicture.peer($0) })
    #expect(drawing.pick("a", has: "*  ", 1) == ["a...", "....", "...."])
    // Others leave it alone and begin another piece, though it is partial and rarer.
    #expect(drawing.pick("b", has: "** ", 2) == ["a...", "bb..", "...."])
    #expect(drawing.pick("b", has: "*  ", 2) == ["a...", "bb..", "...."])
    #expect(drawing.pick("a", has: "*  ", 9) == ["aaaa", "bb..", "...."])
    // When its one source is gone, the next may go on.
    let left = drawing.picker.geometry
    drawing.picker.releaseAll(
      of: PickerPicture.peer("a"), blocks: (0..<4).map { left.block($0, in: 0) })
    #expect(drawing.pick("c", has: "*  ", 2) == ["cc..", "bb..", "...."])
    #expect(drawing.pick("d", has: "*  ", 2) == ["cc..", "bb..", "...."])
  }

  @Test func aPieceKeptForOnePeerIsSharedWhenNothingElseIsLeft() {
    var drawing = PickerPicture(["ABAB", "####"], availability: "11")
    _ = drawing.picker.failed(0)
    #expect(drawing.pick("a", has: "**", 1) == ["a...", "####"])
    #expect(drawing.pick("b", has: "**", 1) == ["ab..", "####"])
  }

  @Test func aPieceSpoiledByOneIsFetchedFromAnybody() {
    var drawing = PickerPicture(["AAAA"], availability: "1")
    #expect(drawing.picker.failed(0) == [PickerPicture.peer("a")])
    #expect(drawing.pick("b", has: "*", 1) == ["b..."])
    #expect(drawing.pick("c", has: "*", 1) == ["bc.."])
  }

  @Test func anAbandonedPieceNamesTheRequestsToCancel() {
    var drawing = PickerPicture(["Aa2.", "BB..", "C..."], availability: "111")
    #expect(drawing.picker.mostStalledPiece == 2)
    var cancel: [OutstandingRequest] = []
    drawing.picker.abandon(0, cancel: &cancel)
    #expect(cancel.map(\.block.offset) == [16, 32, 32])
    #expect(cancel.first?.peer == PickerPicture.peer("a"))
    #expect(drawing.drawn == ["....", "BB..", "C..."])
    #expect(drawing.picker.partialPieceCount == 2)
  }

  /// Before anything is verified every piece is as likely, however rare; afterwards only the rarest
  /// is picked, and of several equally rare ones each as likely.
  @Test func theFirstPiecesAndTiesAreDrawnAtRandom() {
    var firsts = [0, 0, 0, 0]
    var ties = [0, 0, 0, 0]
    for seed in UInt64(0)..<400 {
      for isOver in [false, true] {
        var drawing = PickerPicture(
          ["....", "....", "....", "...."], availability: "2911", seed: seed,
          firstPiecesAreOver: isOver)
        let after = drawing.pick("p", has: "****", 4)
        let piece = after.firstIndex(of: "pppp")!
        if isOver { ties[piece] += 1 } else { firsts[piece] += 1 }
      }
    }
    #expect(firsts.allSatisfy { $0 > 60 }, "\(firsts) of 400")
    #expect(ties[0] == 0 && ties[1] == 0 && ties[2] > 150 && ties[3] > 150, "\(ties) of 400")
  }

  /// The tie-break stays random when announcements, common to all of a swarm, moved the pieces.
  @Test func announcementsDoNotDecideTies() {
    var picked = [0, 0, 0, 0]
    for seed in UInt64(0)..<400 {
      var drawing = PickerPicture(
        ["....", "....", "....", "...."], availability: "0000", seed: seed)
      for piece in 0..<4 { drawing.picker.addHave(PieceIndex(piece)) }
      picked[drawing.pick("p", has: "****", 4).firstIndex(of: "pppp")!] += 1
    }
    #expect(picked.allSatisfy { $0 > 60 }, "\(picked) of 400")
  }
}
