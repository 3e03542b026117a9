import Testing
import TorrentModel

@testable import Storage

@Suite struct VersionChoiceTests {
  private func choice(
    _ lengths: [UInt64], version: TorrentVersion? = nil, pieceLength: UInt64? = nil
  ) -> (TorrentVersion, UInt64) {
    let choice = VersionChoice(lengths: lengths, version: version, pieceLength: pieceLength)
    return (choice.version, choice.pieceLength)
  }

  @Test func fewLargeFilesAreOfBothVersions() {
    #expect(choice([2 << 30]) == (.hybrid, 2 << 20))
    #expect(choice([700 << 20, 701 << 20, 3]) == (.hybrid, 1 << 20))
    #expect(choice([5, 0, 9]) == (.hybrid, 16 << 10), "a few bytes of padding harm nobody")
  }

  @Test func piecesAreNoLargerThanSuitsTheFiles() {
    // Of 800 MiB pieces of 512 KiB would do; of files of 64 KiB each they would be padding.
    let files = [UInt64](repeating: 64 << 10, count: 12_800)
    #expect(choice(files) == (.hybrid, 64 << 10))
    #expect(choice(files, version: .v2) == (.v2, 64 << 10))
    #expect(choice(files, version: .v1) == (.v1, 512 << 10))
  }

  @Test func whatWouldBePaddingIsOfVersion1() {
    let files = [UInt64](repeating: 1000, count: 20_000)
    #expect(choice(files) == (.v1, 16 << 10))
    #expect(choice(files, version: .hybrid) == (.hybrid, 16 << 10), "what is asked for is made")
    #expect(
      choice([UInt64](repeating: 64 << 10, count: 2000), pieceLength: 1 << 20) == (.v1, 1 << 20))
  }

  @Test func moreFilesThanReadersTakeAreOfVersion1() {
    #expect(choice([UInt64](repeating: 16 << 10, count: 50_000)).0 == .v1)
    #expect(choice([UInt64](repeating: 16 << 10, count: 30_000)).0 == .hybrid)
  }
}
