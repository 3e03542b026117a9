import DeterministicCore
import Foundation
import Hashing
import Storage
import Synchronization
import Testing
import TorrentModel

@Suite struct VerifierTests {
  /// A torrent of a layout and its content.
  private func torrent(
    _ layout: FileLayout, _ content: [UInt8], pieceLength: Int
  ) throws -> TorrentInfo {
    let hashes = stride(from: 0, to: content.count, by: pieceLength).map {
      SHA1.hash(content[$0..<min($0 + pieceLength, content.count)])
    }
    let builder = MetainfoBuilder(layout: layout, pieceLength: UInt64(pieceLength))
    return try Metainfo(builder.document(hashes: hashes)).info
  }

  private func bitfield(_ count: Int, where isGood: (Int) -> Bool) -> Bitfield {
    var bits = Bitfield(count: count)
    for piece in 0..<count where isGood(piece) { bits.insert(PieceIndex(piece)) }
    return bits
  }

  @Test(arguments: [(1, 16384), (2, 16384), (7, 40_000), (2, 1 << 20)])
  func rightPiecesAreFoundAndWrongOnesAreNot(threads: Int, pieceLength: Int) throws {
    let seed = UInt64(threads * 1000 + pieceLength)
    var generator = SeededGenerator(seed: seed)
    let folder = try TemporaryFolder()
    let layout = try generator.layout(files: 120, longest: 100_000)
    var content = generator.bytes(Int(layout.totalLength))
    let info = try torrent(layout, content, pieceLength: pieceLength)
    var wrong: Set<Int> = []
    for _ in 0..<info.geometry.pieceCount / 5 {
      let position = generator.below(content.count)
      content[position] ^= 0x80
      wrong.insert(position / pieceLength)
    }
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    try storage.write(content, at: 0)

    var done: [UInt64] = []
    let found = try Verifier(info, in: storage, threads: threads).run { done.append($0) }
    // Two flips of one bit mend each other, so the truth is asked from the content.
    let expected = bitfield(info.geometry.pieceCount) { piece in
      let start = piece * pieceLength
      return SHA1.hash(content[start..<min(start + pieceLength, content.count)])
        == info.hashes(of: PieceIndex(piece)).sha1
    }
    #expect(found == expected, "seed \(seed)")
    #expect(done == done.sorted())
    #expect(done.last == layout.totalLength)
  }

  @Test func lengthsOnDiskAreThoseOfTheFilesAndNilForMissingOnes() throws {
    let folder = try TemporaryFolder()
    let layout = try FileLayout(
      name: "t", isSingleFile: false, files: [(["a"], 3), (["b"], 3), (["c", "d"], 3)])
    try folder.write([1, 2, 3, 4], to: "t/a")
    try folder.write([], to: "t/b")
    let storage = try FileStorage.payload(of: layout, at: folder.path)
    #expect(try (0..<3).map { try storage.lengthOnDisk(of: $0) } == [4, 0, nil])
    try folder.write([], to: "t/c/d/e")
    #expect(throws: StorageError.self) { try storage.lengthOnDisk(of: 2) }
  }

  @Test func missingAndShortFilesCostOnlyTheirPieces() throws {
    var generator = SeededGenerator(seed: 21)
    let folder = try TemporaryFolder()
    let layout = try FileLayout(
      name: "payload", isSingleFile: false,
      files: [(["a"], 40_000), (["gone"], 40_000), (["b"], 40_000), (["short"], 40_000)])
    let content = generator.bytes(160_000)
    let info = try torrent(layout, content, pieceLength: 10_000)
    let storage = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    #expect(try Verifier(info, in: storage).run().isEmpty)
    try storage.write(content, at: 0)
    #expect(try Verifier(info, in: storage).run().isFull)
    #expect(unlink(folder.path("payload/gone")) == 0)
    #expect(truncate(folder.path("payload/short"), 25_000) == 0)
    let seeding = try FileStorage(folder: folder.path, layout: layout, access: .readOnly)
    let found = try Verifier(info, in: seeding).run()
    #expect(found == bitfield(16) { $0 < 4 || (8..<12).contains($0) || $0 == 12 || $0 == 13 })
  }

  @Test func holesAreNotReadAndPiecesOfZerosAreStillRight() throws {
    let folder = try TemporaryFolder()
    let length = 1_000_003
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], UInt64(length))])
    var content = [UInt8](repeating: 0, count: length)
    content[500_000] = 1
    let info = try torrent(layout, content, pieceLength: 1 << 16)
    let file = try FileStorage(folder: folder.path, layout: layout, access: .readWrite())
    try file.write([0], at: 0)
    let storage = FaultyStorage(file)
    let found = try Verifier(info, in: storage).run()
    #expect(found == bitfield(16) { $0 != 500_000 >> 16 })
    #expect(storage.count(of: .read) == 1, "only the piece with a written byte is read")
  }

  @Test func aDiskThatFailsIsAnErrorAndNotAMissingPiece() throws {
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 500_000)])
    let content = SeededGenerator.content(500_000)
    let info = try torrent(layout, content, pieceLength: 1 << 16)
    let memory = try MemoryStorage(layout: layout)
    try memory.write(content, at: 0)
    for cause in [StorageError.Cause.system(EIO), .system(EACCES)] {
      let storage = FaultyStorage(memory, failing: .init(.read, 3, cause))
      let error = failure { () throws(StorageError) in try Verifier(info, in: storage).run() }
      #expect(error?.cause == cause)
    }
    // The third piece, beside the others of its batch, beside its neighbour and by itself.
    let storage = FaultyStorage(
      memory, failing: .init(.read, 3, .truncated), .init(.read, 6, .truncated),
      .init(.read, 7, .truncated))
    let found = try Verifier(info, in: storage, threads: 1).run()
    #expect(found == bitfield(info.geometry.pieceCount) { $0 != 2 })
  }

  @Test func cancellingEndsItSoon() throws {
    let layout = try FileLayout(name: "x", isSingleFile: true, files: [(["x"], 64 << 20)])
    let memory = try MemoryStorage(layout: layout)
    for offset in stride(from: 0, to: 64 << 20, by: 1 << 20) { try memory.write([1], at: offset) }
    let hashes = [Bytes20](repeating: .zero, count: 64)
    let builder = MetainfoBuilder(layout: layout, pieceLength: 1 << 20)
    let info = try Metainfo(builder.document(hashes: hashes)).info
    let cancellation = Cancellation()
    var done: UInt64 = 0
    let error = failure { () throws(StorageError) in
      try Verifier(info, in: memory, threads: 1, cancellation: cancellation).run {
        done = $0
        if $0 >= 4 << 20 { cancellation.cancel() }
      }
    }
    #expect(error?.cause == .cancelled)
    #expect((4...16).contains(done >> 20), "no more than the pieces that are hashed side by side")
  }
}

extension SeededGenerator {
  static func content(_ count: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: 99)
    return generator.bytes(count)
  }
}
