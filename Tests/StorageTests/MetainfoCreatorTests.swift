import DeterministicCore
import Foundation
import Hashing
import Storage
import Testing
import TorrentModel

@Suite struct MetainfoCreatorTests {
  @Test func aTreeIsListedInTheOrderOfItsBytes() throws {
    let folder = try TemporaryFolder()
    for path in ["b", "a/z", "a-b/x", "a", "B", ".hidden", "é", "z/1", "z/10", "z/2", "z.txt"] {
      guard path != "a" else { continue }
      try folder.write(Array(path.utf8), to: "tree/" + path)
    }
    try folder.write([], to: "tree/a/empty")
    let creator = try MetainfoCreator(path: folder.path("tree"))
    #expect(creator.layout.name == "tree")
    #expect(!creator.layout.isSingleFile)
    let paths = creator.layout.files.map { $0.path.joined(separator: "/") }
    // Whole components are compared, so the folder 'a' stands before 'a-b' although '-' < '/'.
    #expect(
      paths == [
        ".hidden", "B", "a/empty", "a/z", "a-b/x", "b", "z/1", "z/10", "z/2", "z.txt", "é",
      ])
    #expect(creator.layout.files.map(\.length) == [7, 1, 0, 3, 5, 1, 3, 4, 3, 5, 2])
    #expect(creator.skipped.isEmpty)
  }

  @Test(arguments: [1, 2, 5], [16384, 70_000] as [UInt64])
  func whatIsCreatedVerifies(threads: Int, pieceLength: UInt64) throws {
    let seed = UInt64(threads) * pieceLength
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    var content: [UInt8] = []
    for number in 0..<150 {
      let length =
        generator.below(5) == 0 ? 0 : generator.below(generator.below(2) == 0 ? 9 : 60000)
      let bytes = generator.bytes(length)
      try folder.write(bytes, to: String(format: "tree/%03d/file", number))
      content += bytes
    }
    let creator = try MetainfoCreator(path: folder.path("tree"), pieceLength: pieceLength)
    var done: [UInt64] = []
    let hashes = try creator.hash(threads: threads) { done.append($0) }
    let expected = stride(from: 0, to: content.count, by: Int(pieceLength)).map {
      SHA1.hash(content[$0..<min($0 + Int(pieceLength), content.count)])
    }
    #expect(hashes.map(\.sha1) == expected, "seed \(seed)")
    #expect(done.last == UInt64(content.count))

    let info = try Metainfo(creator.builder.document(hashes: hashes)).info
    #expect(try Verifier(info, in: creator.storage()).run().isFull)
    let downloaded = try FileStorage(folder: folder.path, layout: info.layout, access: .readOnly)
    #expect(try Verifier(info, in: downloaded).run().isFull)
  }

  @Test(arguments: [TorrentVersion.v2, .hybrid], [16 << 10, 64 << 10, 256 << 10] as [UInt64])
  func whatIsCreatedInVersion2Verifies(version: TorrentVersion, pieceLength: UInt64) throws {
    var generator = SeededGenerator(seed: pieceLength)
    let folder = try TemporaryFolder()
    let lengths = [0, 1, 16_383, 16_384, 65_536, 100_000, 262_144, 700_001, 5]
    for (number, length) in lengths.enumerated() {
      try folder.write(generator.bytes(length), to: "tree/d\(number % 3)/f\(number)")
    }
    try folder.write([UInt8](repeating: 0, count: 300_000), to: "tree/zeros")
    try folder.write([], to: "tree/hole")
    #expect(truncate(folder.path("tree/hole"), 300_000) == 0)
    #expect(chmod(folder.path("tree/d1/f1"), 0o755) == 0)
    let creator = try MetainfoCreator(
      path: folder.path("tree"), pieceLength: pieceLength, version: version)
    var done: [UInt64] = []
    let hashes = try creator.hash(threads: 2) { done.append($0) }
    #expect(done.last == creator.layout.totalLength)
    let info = try Metainfo(creator.builder.document(hashes: hashes)).info
    #expect(info.version == version)
    #expect(info.layout == creator.layout)
    #expect(
      info.layout.files.filter { $0.attributes == .executable }.map(\.path) == [["d1", "f1"]])
    // A hole and written zeros are the same file.
    let roots = info.layout.files.indices.map { info.root(ofFile: $0) }
    #expect(roots[roots.count - 1] == roots[roots.count - 2])
    #expect(try Verifier(info, in: creator.storage()).run().isFull)

    let file = try #require(info.layout.files.firstIndex { $0.length == 100_000 })
    let path = folder.path("tree/" + info.layout.files[file].path.joined(separator: "/"))
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    var byte: UInt8 = 0
    #expect(pread(descriptor, &byte, 1, 99_999) == 1)
    byte ^= 1
    #expect(pwrite(descriptor, &byte, 1, 99_999) == 1)
    let bad = (info.layout.files[file].offset + 99_999) / pieceLength
    let found = try Verifier(info, in: creator.storage()).run()
    #expect(!found[PieceIndex(Int(bad))])
    #expect(found.setCount == info.geometry.pieceCount - 1)
  }

  @Test func aFolderOfOneFileIsThatFileInVersion2() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "tree/one")
    for (version, isSingleFile) in [(TorrentVersion.v1, false), (.hybrid, false), (.v2, true)] {
      let creator = try MetainfoCreator(path: folder.path("tree"), version: version)
      #expect(creator.layout.isSingleFile == isSingleFile)
      let info = try Metainfo(creator.builder.document(hashes: try creator.hash())).info
      #expect(info.layout == creator.layout)
      #expect(try creator.storage().bytes(at: 0, count: 3) == [1, 2, 3])
    }
  }

  @Test func aSingleFileIsNamedAfterItself() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "one.bin")
    #expect(symlink("one.bin", folder.path("link.bin")) == 0)
    let cases: [(path: String, name: String?, expected: String)] = [
      ("one.bin", nil, "one.bin"), ("link.bin", nil, "link.bin"), ("one.bin", "other", "other"),
      ("./one.bin", nil, "one.bin"),
    ]
    for (path, name, expected) in cases {
      let creator = try MetainfoCreator(path: folder.path(path), name: name)
      #expect(creator.layout.isSingleFile)
      #expect(creator.layout.name == expected)
      #expect(try creator.hash().map(\.sha1) == [SHA1.hash([1, 2, 3])])
      #expect(try creator.storage().bytes(at: 0, count: 3) == [1, 2, 3])
    }
  }

  @Test func aFolderIsNamedAfterItselfHoweverItIsGiven() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "tree/inner/file")
    #expect(symlink("tree", folder.path("link")) == 0)
    let cases = [
      ("tree", "tree"), ("tree/", "tree"), ("tree//", "tree"), ("tree/.", "tree"),
      ("tree/inner/..", "tree"), ("link", "link"), ("link/", "link"),
    ]
    for (path, name) in cases {
      let creator = try MetainfoCreator(path: folder.path(path))
      #expect(creator.layout.name == name, "\(path)")
      #expect(try creator.storage().bytes(at: 0, count: 1) == [1])
    }
  }

  @Test func whatNoTorrentHoldsIsSkippedAndListed() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2], to: "tree/file")
    try folder.write([9], to: "outside/secret")
    #expect(symlink("../outside", folder.path("tree/folder-link")) == 0)
    #expect(symlink("../outside/secret", folder.path("tree/link")) == 0)
    #expect(mkfifo(folder.path("tree/pipe"), 0o600) == 0)
    #expect(mkdir(folder.path("tree/void"), 0o700) == 0)
    let creator = try MetainfoCreator(path: folder.path("tree"))
    #expect(creator.layout.files.map(\.path) == [["file"]])
    #expect(creator.skipped.map(\.path) == ["folder-link", "link", "pipe", "void"])
    #expect(
      creator.skipped.map(\.reason)
        == [.symbolicLink, .symbolicLink, .specialFile, .emptyFolder])
  }

  @Test func whatCannotBeSharedIsRefused() throws {
    let folder = try TemporaryFolder()
    #expect(mkdir(folder.path("empty"), 0o700) == 0)
    try folder.write([], to: "zeros/file")
    var name = Array(folder.path("latin/caf").utf8CString)
    name.insert(CChar(bitPattern: 0xe9), at: name.count - 1)
    #expect(mkdir(folder.path("latin"), 0o700) == 0)
    close(open(name, O_CREAT | O_WRONLY, 0o600))
    let cases: [(path: String, cause: StorageError.Cause)] = [
      ("empty", .nothingToShare), ("zeros", .nothingToShare), ("absent", .system(ENOENT)),
      ("latin", .nameNotText), ("/dev/null", .notAFile),
    ]
    for (path, cause) in cases {
      let whole = path.hasPrefix("/") ? path : folder.path(path)
      let error = failure { () throws(StorageError) in try MetainfoCreator(path: whole) }
      #expect(error?.cause == cause, "\(path)")
    }
    let deep = (0..<130).map { _ in "d" }.joined(separator: "/")
    try folder.write([1], to: "deep/" + deep + "/file")
    let error = failure { () throws(StorageError) in try MetainfoCreator(path: folder.path("deep"))
    }
    guard case .unacceptable = try #require(error).cause else {
      Issue.record("a tree too deep was taken: \(String(describing: error))")
      return
    }
  }

  enum Change: CaseIterable {
    case rewritten, grown, cut, replaced, removed

    func make(_ path: String, spare: String) {
      switch self {
      case .rewritten:
        let descriptor = open(path, O_WRONLY)
        pwrite(descriptor, "x", 1, 0)
        close(descriptor)
      case .grown:
        let descriptor = open(path, O_WRONLY | O_APPEND)
        Foundation.write(descriptor, "x", 1)
        close(descriptor)
      case .cut: truncate(path, 1000)
      case .replaced: rename(spare, path)
      case .removed: unlink(path)
      }
    }
  }

  @Test(arguments: Change.allCases, [false, true])
  func aFileThatChangesWhileItIsHashedIsNamed(change: Change, early: Bool) throws {
    var generator = SeededGenerator(seed: 8)
    let folder = try TemporaryFolder()
    for number in 0..<8 {
      try folder.write(generator.bytes(1 << 20), to: "tree/file-\(number)")
    }
    // What takes a file's place has its length and its time of writing, but not its inode.
    try folder.write(generator.bytes(1 << 20), to: "spare")
    var status = stat()
    let victim = folder.path("tree/file-4")
    #expect(stat(victim, &status) == 0)
    #expect(utimensat(AT_FDCWD, folder.path("spare"), [status.st_atim, status.st_mtim], 0) == 0)

    let creator = try MetainfoCreator(path: folder.path("tree"), pieceLength: 1 << 16)
    if early { change.make(victim, spare: folder.path("spare")) }
    var made = early
    let error = failure { () throws(StorageError) in
      try creator.hash(threads: 1) { done in
        if !made, done >= 2 << 20 {
          made = true
          change.make(victim, spare: folder.path("spare"))
        }
      }
    }
    #expect(made)
    #expect(error?.cause == .changed)
    #expect(error?.path == victim)
  }

  /// Files that fit one read are opened once, and judged by what they are when they have been read.
  @Test(arguments: Change.allCases, [4, 13, 14])
  func aSmallFileThatChangedIsNamed(change: Change, victim number: Int) throws {
    var generator = SeededGenerator(seed: 9)
    let folder = try TemporaryFolder()
    // The fourteenth (13) lies across the end of the first read of 64 KiB, the others within one.
    for number in 0..<20 {
      try folder.write(generator.bytes(5000), to: "tree/file-\(number + 10)")
    }
    try folder.write(generator.bytes(5000), to: "spare")
    let creator = try MetainfoCreator(path: folder.path("tree"), pieceLength: 1 << 17)
    let victim = folder.path("tree/file-\(number + 10)")
    change.make(victim, spare: folder.path("spare"))
    let error = failure { () throws(StorageError) in try creator.hash(threads: 1) }
    #expect(error?.cause == .changed)
    #expect(error?.path == victim)
  }

  /// Whoever shares for days keeps no file open from when it was hashed.
  @Test func noFileStaysOpen() throws {
    let folder = try TemporaryFolder()
    for number in 0..<50 { try folder.write([UInt8](repeating: 1, count: 5000), to: "t/\(number)") }
    func openFiles() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
      }.filter { $0.hasPrefix(folder.path("t/")) }
    }
    let creator = try MetainfoCreator(path: folder.path("t"), pieceLength: 1 << 16)
    #expect(try openFiles().count == 50)
    _ = try creator.hash()
    #expect(try openFiles() == [])
    #expect(creator.layout.files.count == 50)
  }

  /// Folders beside each other, and the files of a large one, are looked at by several threads.
  @Test func manyFoldersAreListedInOneOrder() throws {
    let folder = try TemporaryFolder()
    var paths: [String] = []
    for number in 0..<30 {
      paths += (0..<3).map { "folder-\(number)/\(number % 3)/file-\($0)" }
    }
    paths += (0..<3000).map { "large/\($0)" }
    for path in paths { try folder.write([1], to: "tree/" + path) }
    let creator = try MetainfoCreator(path: folder.path("tree"), pieceLength: 1 << 16)
    let expected = paths.map { $0.split(separator: "/").map(String.init) }.sorted { left, right in
      left.lexicographicallyPrecedes(right) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    #expect(creator.layout.files.map(\.path) == expected)
    #expect(creator.skipped.isEmpty)
  }

  /// Names that are alike for eight bytes and more, or of which one begins another.
  @Test func namesThatBeginAlikeStandInTheirOrder() throws {
    let folder = try TemporaryFolder()
    let names = [
      "abcdefg", "abcdefgh", "abcdefgh ", "abcdefgh1", "abcdefghi", "abcdefghij", "abcdefgé", "a",
      "é",
      "éé", "e\u{301}", "...", "..a", "~", "Z", String(repeating: "n", count: 255),
    ]
    for name in names { try folder.write([1], to: "tree/" + name) }
    let creator = try MetainfoCreator(path: folder.path("tree"), pieceLength: 1 << 16)
    let expected = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(creator.layout.files.map { Array($0.path[0].utf8) } == expected.map { Array($0.utf8) })
  }

  @Test func recommendedPieceLengthIsTheDefault() throws {
    let folder = try TemporaryFolder()
    try folder.write([], to: "large")
    #expect(truncate(folder.path("large"), 100 << 20) == 0)
    let creator = try MetainfoCreator(path: folder.path("large"))
    #expect(creator.geometry.pieceLength == 65536)
    let zeros = SHA1.hash([UInt8](repeating: 0, count: 65536))
    #expect(try creator.hash().map(\.sha1) == Array(repeating: zeros, count: 1600))
  }
}
