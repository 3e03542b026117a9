import DeterministicCore
import Foundation
import Storage
import Testing
import TorrentModel

@Suite struct LocalReuseTests {
  /// Two versions of a tree: the first on the disk as `old`, the second as a torrent, and a download
  /// of it that has nothing.
  private final class Stage {
    static let pieceLength = 16 << 10
    let folder: TemporaryFolder
    let info: TorrentInfo
    let target: FileStorage

    init(_ version: TorrentVersion, old: [String: [UInt8]], new: [String: [UInt8]]) throws {
      folder = try TemporaryFolder()
      for (path, bytes) in old { try folder.write(bytes, to: "old/" + path) }
      for (path, bytes) in new { try folder.write(bytes, to: "tree/" + path) }
      let creator = try MetainfoCreator(
        path: folder.path("tree"), pieceLength: UInt64(Self.pieceLength), version: version)
      info = try Metainfo(creator.builder.document(hashes: try creator.hash())).info
      target = try FileStorage(
        folder: folder.path("copy"), layout: info.layout, access: .readWrite())
    }

    func run(wanted: Bitfield? = nil, progress: (UInt64) -> Void = { _ in }) throws
      -> LocalReuse.Outcome
    {
      try LocalReuse(info, into: target, wanted: wanted).run(
        from: folder.path("old"), missingFrom: Bitfield(count: info.geometry.pieceCount),
        progress: progress)
    }

    /// What is found has to be there, and nothing else is claimed.
    func expectRight(_ found: Bitfield) throws {
      let there = try Verifier(info, in: target).run()
      #expect(found.countMissing(from: there) == 0)
    }

    func pieces(of path: String) throws -> Range<Int> {
      let file = try #require(
        info.layout.files.first { $0.path.joined(separator: "/") == path })
      return info.geometry.pieces(offset: file.offset, length: file.length)
    }

    /// How all that is old looks: bytes, inode and times.
    var marks: [FileMark] {
      get throws {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path("old")).sorted()
        return paths.map { path in
          var status = stat()
          lstat(folder.path("old/" + path), &status)
          #expect(status.st_nlink == 1 || status.st_mode & S_IFMT == S_IFDIR)
          return FileMark(
            length: UInt64(status.st_size), inode: UInt64(status.st_ino),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
        }
      }
    }
  }

  private static func bytes(_ count: Int, _ seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return generator.bytes(count)
  }

  @Test(arguments: [TorrentVersion.v1, .v2, .hybrid])
  func anEarlierVersionGivesAllButWhatChanged(version: TorrentVersion) throws {
    let same = Self.bytes(200_000, 1)
    var edited = Self.bytes(160_000, 2)
    let moved = Self.bytes(100_001, 3)
    let old = ["same": same, "part": edited, "name/of/old": moved, "gone": Self.bytes(9, 4)]
    edited[80_000] ^= 1
    let new = [
      "same": same, "part": edited + [1], "other name": moved, "zz": Self.bytes(40_000, 5),
    ]
    let stage = try Stage(version, old: old, new: new)
    let before = try stage.marks
    let outcome = try stage.run()
    #expect(outcome.trouble == nil)
    #expect(try stage.marks == before)
    try stage.expectRight(outcome.found)

    // Of 'part' the edited piece and the last; of version 1 also what a file shares with another.
    let missing = outcome.found.complement.pieces.map(\.index)
    let part = try stage.pieces(of: "part")
    let changed = Set(try stage.pieces(of: "zz")).union([
      part.lowerBound + 80_000 / Stage.pieceLength, part.upperBound - 1,
    ])
    if version == .v1 {
      #expect(missing.count <= changed.count + 5, "\(missing)")
      #expect(outcome.found.setCount > 20)
    } else {
      #expect(Set(missing) == changed)
    }
  }

  @Test func ofVersion2AFileIsFoundAmongManyOfItsLength() throws {
    var old: [String: [UInt8]] = [:]
    for number in 0..<40 { old["d\(number)/x"] = Self.bytes(20_000, UInt64(number)) }
    let new = [
      "a": Self.bytes(20_000, 37), "b": Self.bytes(20_000, 3), "c": Self.bytes(20_000, 99),
    ]
    let stage = try Stage(.v2, old: old, new: new)
    let found = try stage.run().found
    #expect(found.pieces.map(\.index) == [0, 1, 2, 3])
    try stage.expectRight(found)
  }

  @Test func whatIsNotWantedIsNotCopied() throws {
    let files = ["a": Self.bytes(50_000, 1), "b": Self.bytes(50_000, 2)]
    let stage = try Stage(.v2, old: files, new: files)
    var wanted = Bitfield(count: stage.info.geometry.pieceCount)
    for piece in try stage.pieces(of: "b") { wanted.insert(PieceIndex(piece)) }
    #expect(try stage.run(wanted: wanted).found == wanted)
    #expect(!stage.folder.exists("copy/tree/a"))
  }

  /// The last progress comes when all is hashed and nothing copied.
  @Test(arguments: [TorrentVersion.v1, .v2])
  func whatChangesBetweenHashAndCopyIsNotCounted(version: TorrentVersion) throws {
    let files = ["a": Self.bytes(64 << 10, 1), "b": Self.bytes(64 << 10, 2)]
    let stage = try Stage(version, old: files, new: files)
    let outcome = try stage.run { done in
      guard done == stage.info.layout.totalLength else { return }
      let descriptor = open(stage.folder.path("old/a"), O_WRONLY)
      pwrite(descriptor, "changed", 7, 20_000)
      close(descriptor)
    }
    #expect(outcome.found.complement.pieces.map(\.index) == [1])
    try stage.expectRight(outcome.found)
  }

  @Test func whatCannotBeReadIsPassedOver() throws {
    let files = ["a": Self.bytes(50_000, 1), "b": Self.bytes(50_000, 2)]
    let stage = try Stage(.v2, old: files, new: files)
    let secret = stage.folder.path("old/a")
    #expect(unlink(secret) == 0 && mkfifo(secret, 0o600) == 0)
    #expect(symlink("b", stage.folder.path("old/link")) == 0)
    close(open(stage.folder.path("old/\u{1}"), O_CREAT, 0o600))
    let found = try stage.run().found
    #expect(Set(found.pieces.map(\.index)) == Set(try stage.pieces(of: "b")))
    let absent = try LocalReuse(stage.info, into: stage.target).run(
      from: stage.folder.path("absent"), missingFrom: found)
    #expect(absent.trouble?.isMissing == true && absent.found.isEmpty)
  }

  /// Files that trade their names are each other's source, and one is written over first.
  @Test func filesThatTradedTheirNamesInPlaceComeOutRight() throws {
    let (a, b) = (Self.bytes(100_000, 1), Self.bytes(100_000, 2))
    let stage = try Stage(.v2, old: [:], new: ["a": a, "b": b])
    try stage.folder.write(b, to: "copy/tree/a")
    try stage.folder.write(a, to: "copy/tree/b")
    let outcome = try LocalReuse(stage.info, into: stage.target).run(
      from: stage.folder.path("copy/tree"),
      missingFrom: Bitfield(count: stage.info.geometry.pieceCount))
    #expect(outcome.found.setCount >= stage.info.geometry.pieceCount / 2)
    try stage.expectRight(outcome.found)
  }
}
