import DeterministicCore
import Foundation
import Storage
import Testing
import TorrentModel

@Suite struct FileStorageTests {
  private func layout(_ files: [(path: [String], length: UInt64)]) throws -> FileLayout {
    try FileLayout(name: "payload", isSingleFile: false, files: files)
  }

  @Test func filesStandWhereTheTorrentSaysByteForByte() throws {
    var generator = SeededGenerator(seed: 5)
    let folder = try TemporaryFolder()
    let layout = try generator.layout(files: 200, longest: 400)
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    try storage.prepare()
    let content = generator.bytes(Int(layout.totalLength))
    // A piece of 16 KiB spans many files here.
    for offset in stride(from: 0, to: content.count, by: 16384) {
      try storage.write(content[offset..<min(offset + 16384, content.count)], at: offset)
    }
    for file in layout.files {
      let found = try folder.bytes("payload/" + file.path.joined(separator: "/"))
      #expect(found == Array(content[Int(file.offset)..<Int(file.offset + file.length)]))
    }
  }

  @Test func aSingleFileStandsInTheFolderItself() throws {
    let folder = try TemporaryFolder()
    let layout = try FileLayout(name: "one", isSingleFile: true, files: [(["one"], 3)])
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    try storage.write([1, 2, 3], at: 0)
    #expect(try folder.bytes("one") == [1, 2, 3])
  }

  @Test func foldersAndEmptyFilesAreMadeBeforeAByteArrives() throws {
    let folder = try TemporaryFolder()
    let layout = try layout([
      (["empty"], 0), (["a", "b", "c", "empty"], 0), (["d", "e", "full"], 4), (["f"], 1),
    ])
    let storage = try FileStorage(
      folder: folder.path("made/on/the/way"), layout: layout, access: .readWrite())
    try storage.prepare()
    try storage.prepare()
    let root = "made/on/the/way/payload/"
    #expect(try folder.bytes(root + "empty") == [])
    #expect(try folder.bytes(root + "a/b/c/empty") == [])
    #expect(folder.exists(root + "d/e"))
    #expect(!folder.exists(root + "d/e/full"))
    #expect(!folder.exists(root + "f"))
  }

  @Test func readOnlyMakesNothing() throws {
    let folder = try TemporaryFolder()
    let layout = try layout([(["empty"], 0), (["a", "full"], 4)])
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readOnly)
    try storage.prepare()
    #expect(
      failure { () throws(StorageError) in try storage.write([1], at: 0) }?.cause == .system(EROFS))
    #expect(
      failure { () throws(StorageError) in try storage.bytes(at: 0, count: 4) }?.isMissing == true)
    #expect(!folder.exists("payload"))
    #expect(
      failure { () throws(StorageError) in
        try FileStorage(folder: folder.path("absent"), layout: layout, access: .readOnly)
      }?.isMissing == true)
    #expect(!folder.exists("absent"))
  }

  @Test(arguments: [false, true])
  func anotherLengthIsSetRightWithTheFirstByteAndNotBefore(reserving: Bool) throws {
    let folder = try TemporaryFolder()
    let layout = try layout([(["short"], 9000), (["long"], 10)])
    try folder.write([1, 2], to: "payload/short")
    try folder.write([UInt8](repeating: 9, count: 500), to: "payload/long")
    let storage = try FileStorage(
      folder: folder.path, layout: layout, access: .readWrite(reserving: reserving))
    try storage.prepare()
    #expect(try storage.bytes(at: 9000, count: 10) == [UInt8](repeating: 9, count: 10))
    #expect(try folder.bytes("payload/long").count == 500)
    try storage.write([3], at: 8999)
    try storage.write([4], at: 9000)
    let short = try folder.bytes("payload/short")
    #expect(short.count == 9000)
    #expect(short.prefix(3) == [1, 2, 0])
    #expect(short.last == 3)
    #expect(try folder.bytes("payload/long") == [4] + [UInt8](repeating: 9, count: 9))
  }

  @Test func aFileCutWhileItIsServedIsAnError() throws {
    let folder = try TemporaryFolder()
    let layout = try layout([(["a"], 100_000)])
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    try storage.write([UInt8](repeating: 1, count: 100_000), at: 0)
    #expect(try storage.bytes(at: 0, count: 100_000).count == 100_000)
    #expect(truncate(folder.path("payload/a"), 50_000) == 0)
    let error = failure { () throws(StorageError) in try storage.bytes(at: 40_000, count: 20_000) }
    #expect(error?.cause == .truncated)
    #expect(error?.path == folder.path("payload/a"))
    #expect(try storage.sent(at: 40_000, count: 20_000).count == 10_000)
    #expect(try storage.presence(offset: 40_000, length: 20_000) == .absent)
  }

  @Test func aLinkInTheWayIsRefusedWhereverItStands() throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    try outside.write([7, 7, 7, 7], to: "secret")
    try FileManager.default.createDirectory(
      atPath: folder.path("payload"), withIntermediateDirectories: true)
    #expect(symlink(outside.path("secret"), folder.path("payload/file")) == 0)
    #expect(symlink(outside.path, folder.path("payload/folder")) == 0)
    #expect(symlink("../../elsewhere", folder.path("payload/dangling")) == 0)
    let layout = try layout([(["file"], 4), (["folder", "secret"], 4), (["dangling"], 4)])
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    for offset in [0, 4, 8] {
      let reading = failure { () throws(StorageError) in try storage.bytes(at: offset, count: 4) }
      #expect(reading?.cause == .system(ELOOP), "at \(offset)")
      let writing = failure { () throws(StorageError) in
        try storage.write([1, 2, 3, 4], at: offset)
      }
      #expect(writing?.cause == .system(ELOOP), "at \(offset)")
    }
    #expect(throws: StorageError.self) { try storage.prepare() }
    #expect(try outside.bytes("secret") == [7, 7, 7, 7])
    #expect(!outside.exists("../elsewhere"))
  }

  @Test func anythingButARegularFileIsRefusedWithoutWaiting() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("payload/folder"), withIntermediateDirectories: true)
    #expect(mkfifo(folder.path("payload/pipe"), 0o600) == 0)
    let layout = try layout([(["pipe"], 4), (["folder"], 4)])
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    #expect(
      failure { () throws(StorageError) in try storage.bytes(at: 0, count: 4) }?.cause == .notAFile)
    #expect(
      failure { () throws(StorageError) in try storage.write([1], at: 0) }?.cause == .notAFile)
    #expect(
      failure { () throws(StorageError) in try storage.bytes(at: 4, count: 4) }?.cause == .notAFile)
    #expect(
      failure { () throws(StorageError) in try storage.write([1], at: 4) }?.cause == .system(EISDIR)
    )
  }

  @Test func aPathThatLeadsOutIsRefusedEvenWhenGivenByHand() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3, 4], to: "outside")
    try FileManager.default.createDirectory(
      atPath: folder.path("inside"), withIntermediateDirectories: true)
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 4)])
    for path in ["../outside", "/etc/hostname", "a/../../outside"] {
      let storage = try FileStorage(
        folder: folder.path("inside"), layout: layout, paths: [path], access: .readWrite())
      #expect(
        failure { () throws(StorageError) in try storage.write([9], at: 0) } != nil, "\(path)")
    }
    #expect(try folder.bytes("outside") == [1, 2, 3, 4])
  }

  @Test func thousandsOfFilesNeedFewDescriptors() throws {
    let folder = try TemporaryFolder()
    let files = (0..<5000).map { (path: ["d\($0 % 7)", "f\($0)"], length: UInt64($0 % 5)) }
    let layout = try layout(files)
    let pool = DescriptorPool(capacity: 16)
    let before = try openDescriptors(beneath: folder)
    do {
      let storage = try FileStorage(
        folder: folder.path, layout: layout, access: .readWrite(), descriptors: pool)
      try storage.prepare()
      let content = (0..<layout.totalLength).map { UInt8(truncatingIfNeeded: $0) }
      try storage.write(content, at: 0)
      #expect(try storage.bytes(at: 0, count: content.count) == content)
      #expect(try openDescriptors(beneath: folder) - before <= 17)
      for file in layout.files {
        let found = try folder.bytes("payload/" + file.path.joined(separator: "/"))
        #expect(found.count == Int(file.length))
        #expect(found.elementsEqual(content[Int(file.offset)..<Int(file.offset + file.length)]))
      }
    }
    #expect(try openDescriptors(beneath: folder) == before)
  }

  private func openDescriptors(beneath folder: TemporaryFolder) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/fd/\(name)")
      return target?.hasPrefix(folder.path) == true
    }
  }

  @Test func errorsSayWhatFailedWhereAndTheMend() throws {
    let cases: [(StorageError, String)] = [
      (
        StorageError(.write, path: "/d/f", .system(ENOSPC)),
        "cannot write '/d/f': No space left on device; free some space"
      ),
      (
        StorageError(.read, path: "/d/f", .truncated),
        "cannot read '/d/f': the file is shorter than the torrent says"
      ),
      (
        StorageError(.open, path: "/d/\u{1b}[2Jf", .notAFile),
        "cannot open '/d/\\x1B[2Jf': it is not a regular file; move it out of the way"
      ),
    ]
    for (error, text) in cases { #expect(error.description == text) }
  }

  @Test func linksAndProgramsAreMadeAsSuch() throws {
    let folder = try TemporaryFolder()
    let layout = try FileLayout(
      name: "t", isSingleFile: false,
      listed: [
        ListedFile(path: ["bin", "run"], length: 3, attributes: .executable),
        ListedFile(path: ["bin", "text"], length: 3),
        ListedFile(path: ["links", "deep", "run"], length: 0, linkTarget: ["bin", "run"]),
        ListedFile(path: ["folder"], length: 0, linkTarget: ["bin"]),
        ListedFile(path: ["dead"], length: 0, linkTarget: ["nothing"]),
      ])
    for _ in 0..<2 {
      let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
      try storage.prepare()
      try storage.write([1, 2, 3, 4, 5, 6], at: 0)
    }
    #expect(try folder.bytes("t/links/deep/run") == [1, 2, 3])
    #expect(try folder.bytes("t/folder/text") == [4, 5, 6])
    let target = try FileManager.default.destinationOfSymbolicLink(
      atPath: folder.path("t/links/deep/run"))
    #expect(target == "../../bin/run")
    #expect(try folder.bytes("t/dead").isEmpty)
    #expect(access(folder.path("t/bin/run"), X_OK) == 0)
    var status = stat()
    #expect(stat(folder.path("t/bin/text"), &status) == 0 && status.st_mode & 0o111 == 0)
  }
}
