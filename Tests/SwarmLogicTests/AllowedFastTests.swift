import Testing
import TorrentModel

@testable import SwarmLogic

@Suite struct AllowedFastTests {
  let infoHash = InfoHash(bytes: Array(repeating: 0xaa, count: 20))!

  /// The reference vector of BEP 6, whose set for 7 is the beginning of that for 9 and of ours.
  @Test func agreesWithTheReferenceVector() {
    let address = Address(bytes: [80, 4, 4, 200])!
    let pieces = AllowedFast.pieces(for: address, infoHash: infoHash, pieceCount: 1313)
    #expect(pieces.prefix(9) == [1059, 431, 808, 1217, 287, 376, 1188, 353, 508])
    #expect(pieces.count == AllowedFast.count)
  }

  @Test func theSetIsThatOfTheWholeNetworkAndNotOfOthers() {
    let sets = [200, 7].map {
      AllowedFast.pieces(
        for: Address(bytes: [80, 4, 4, UInt8($0)])!, infoHash: infoHash, pieceCount: 1313)
    }
    #expect(sets[0] == sets[1])
    let other = AllowedFast.pieces(
      for: Address(bytes: [80, 4, 5, 200])!, infoHash: infoHash, pieceCount: 1313)
    #expect(other != sets[0])
  }

  @Test(arguments: 1...12)
  func aSmallTorrentIsGrantedWhole(pieceCount: Int) {
    let pieces = AllowedFast.pieces(
      for: Address(bytes: [80, 4, 4, 200])!, infoHash: infoHash, pieceCount: pieceCount)
    #expect(Set(pieces).count == min(pieceCount, AllowedFast.count))
    #expect(pieces.allSatisfy { $0.index < pieceCount })
  }

  @Test func thereIsNoSetForIPv6() {
    let address = Address.v6(high: 0x2001 << 48, low: 1)
    #expect(AllowedFast.pieces(for: address, infoHash: infoHash, pieceCount: 9).isEmpty)
  }
}
