import DeterministicCore
import Foundation
import Hashing
import Testing
import TorrentModel

@testable import Storage

/// The state of a download on the disk: what becomes of it when it is whole, torn or another's.
@Suite struct ResumeFileTests {
  private static let pieceLength = 16 << 10

  /// A torrent of three files over eight pieces; the second file lies inside one piece.
  private func torrent() throws -> TorrentInfo {
    let layout = try FileLayout(
      name: "payload", isSingleFile: false,
      files: [(["a"], 60_000), (["b"], 1000), (["empty"], 0), (["c"], 65_000)])
    var generator = SeededGenerator(seed: 4)
    let content = generator.bytes(126_000)
    let hashes = stride(from: 0, to: content.count, by: Self.pieceLength).map {
      SHA1.hash(content[$0..<min($0 + Self.pieceLength, content.count)])
    }
    let builder = MetainfoBuilder(layout: layout, pieceLength: UInt64(Self.pieceLength))
    return try Metainfo(builder.document(hashes: hashes)).info
  }

  private func state(_ pieces: [Int]) throws -> ResumeData {
    let info = try torrent()
    var have = Bitfield(count: info.geometry.pieceCount)
    for piece in pieces { have.insert(PieceIndex(piece)) }
    var state = ResumeData(info: info, have: have)
    state.marks = [
      FileMark(length: 60_000, inode: 7, modified: 1_700_000_000_123_456_789),
      FileMark(length: 1000, inode: .max, modified: -1), .absent,
      FileMark(length: 65_000, inode: 9, modified: .max),
    ]
    state.downloaded = 1 << 40
    state.uploaded = 3
    state.peers = [
      Endpoint(.v6(high: 0x2001_0db8 << 32, low: 1), port: 2), Endpoint(.v4(0xc000_0201), port: 1),
    ]
    return state
  }

  private func withFile(_ body: (TemporaryFolder, ResumeFile) throws -> Void) throws {
    let folder = try TemporaryFolder()
    let file = ResumeFile(
      in: folder.path("state/shoal/resume"), of: try torrent().infoHash,
      downloadFolder: folder.path("downloads"))
    try body(folder, file)
  }

  @Test func `what was written is read again`() throws {
    try withFile { folder, file in
      #expect(file.read().data == nil && file.read().trouble == nil)
      let state = try state([0, 3, 7])
      try file.write(state)
      let found = file.read()
      #expect(found.trouble == nil)
      let read = try #require(found.data)
      #expect(read.info.bytes == state.info.bytes)
      #expect(read.have == state.have)
      #expect(read.marks == state.marks)
      #expect(read.downloaded == state.downloaded && read.uploaded == state.uploaded)
      #expect(Set(read.peers) == Set(state.peers))
      let names = try FileManager.default.contentsOfDirectory(
        atPath: folder.path("state/shoal/resume"))
      #expect(names.count == 1)
      file.remove()
      #expect(file.read().data == nil)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path("state/shoal/resume"))
          .isEmpty)
    }
  }

  /// Every way in which a disk has been seen to spoil a file: the labels are for failures.
  private func tornVersions(_ bytes: [UInt8]) -> [(String, [UInt8])] {
    var generator = SeededGenerator(seed: 77)
    let count = bytes.count
    var versions: [(String, [UInt8])] = [
      ("empty", []), ("one byte", Array(bytes.prefix(1))), ("without its last", bytes.dropLast()),
      ("all zero", Array(repeating: 0, count: count)), ("doubled", bytes + bytes),
      ("random", generator.bytes(count)), ("a byte behind it", bytes + [0]),
    ]
    for eighth in 1...7 {
      versions.append(("cut at \(eighth)/8", Array(bytes.prefix(count * eighth / 8))))
    }
    for block in [512, 4096] {
      let start = min(count / block / 2 * block, count - 1)
      var tail = bytes
      for index in start..<count { tail[index] = 0 }
      versions.append(("zeros from \(start)", tail))
      var hole = bytes
      for index in start..<min(start + block, count) { hole[index] = 0 }
      versions.append(("a hole of \(block) at \(start)", hole))
    }
    for _ in 0..<16 {
      var flipped = bytes
      let (position, bit) = (generator.below(count), generator.below(8))
      flipped[position] ^= 1 << UInt8(bit)
      versions.append(("bit \(bit) of byte \(position) flipped", flipped))
    }
    return versions
  }

  @Test func `a torn state gives way to the generation before, or to a check`() throws {
    try withFile { folder, file in
      try file.write(try state([1]))
      try file.write(try state([1, 2]))
      let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
      let versions = tornVersions(whole)
      #expect(versions.count >= 33)
      for (label, torn) in versions {
        try Data(torn).write(to: URL(fileURLWithPath: file.path))
        let older = file.read()
        #expect(older.data?.have.pieces == [PieceIndex(1)], "\(label)")
        #expect(older.trouble?.hasSuffix("the one before it is used") == true, "\(label)")

        // The next write must not put the torn one in the place of the one that is whole.
        try file.write(try state([1, 2, 3]))
        #expect(file.read().data?.have.setCount == 3, "\(label)")
        try Data().write(to: URL(fileURLWithPath: file.path))
        #expect(file.read().data?.have.pieces == [PieceIndex(1)], "\(label)")

        for path in [file.path, file.path + ".previous"] {
          try Data(torn).write(to: URL(fileURLWithPath: path))
        }
        let none = file.read()
        #expect(none.data == nil, "\(label)")
        #expect(none.trouble?.contains(file.path) == true, "\(label)")
        #expect(none.trouble?.contains("\n") == false)
        file.remove()
        try file.write(try state([1]))
        try file.write(try state([1, 2]))
      }
    }
  }

  @Test func `a state that is cut anywhere is never taken for whole`() throws {
    let info = try torrent()
    let bytes = try state([0, 5]).encoded(folder: "/x")
    #expect(throws: Never.self) {
      try ResumeData(decoding: bytes, of: info.infoHash, folder: "/x")
    }
    for count in bytes.indices {
      #expect(throws: ResumeDataError.badChecksum) {
        try ResumeData(decoding: Array(bytes.prefix(count)), of: info.infoHash, folder: "/x")
      }
    }
  }

  @Test func `another's state is refused, however whole`() throws {
    let info = try torrent()
    let bytes = try state([0]).encoded(folder: "/x")
    let stranger = try #require(InfoHash(text: String(repeating: "ab", count: 20)))
    #expect(throws: ResumeDataError.foreign("another torrent")) {
      try ResumeData(decoding: bytes, of: stranger, folder: "/x")
    }
    #expect(throws: ResumeDataError.foreign("another folder")) {
      try ResumeData(decoding: bytes, of: info.infoHash, folder: "/y")
    }
    for document in ["de", "le", "i1e", "d6:formati2ee", "d6:formati1ee", "nothing", ""] {
      let signed = Array(document.utf8) + SHA1.hash(Array(document.utf8)).bytes
      #expect(throws: ResumeDataError.self, "\(document)") {
        try ResumeData(decoding: signed, of: info.infoHash, folder: "/x")
      }
    }
  }

  @Test func `only pieces of files that look as they did are trusted`() throws {
    let state = try state(Array(0..<8))
    let count = state.have.count
    #expect(count == 8)
    #expect(state.trustedPieces(state.marks).isFull)
    #expect(state.trustedPieces([]).isEmpty)
    #expect(state.trustedPieces(Array(state.marks.dropLast())).isEmpty)

    func pieces(changing file: Int, to mark: FileMark) -> [Int] {
      var marks = state.marks
      marks[file] = mark
      return state.trustedPieces(marks).pieces.map(\.index)
    }
    let first = state.marks[0]
    let changes = [
      FileMark(length: first.length, inode: first.inode, modified: first.modified + 1),
      FileMark(length: first.length, inode: first.inode + 1, modified: first.modified),
      FileMark(length: first.length - 1, inode: first.inode, modified: first.modified), .absent,
    ]
    // Byte 60 000 lies in piece 3, which the second file shares.
    for change in changes { #expect(pieces(changing: 0, to: change) == [4, 5, 6, 7]) }
    #expect(pieces(changing: 1, to: .absent) == [0, 1, 2, 4, 5, 6, 7])
    // An empty file holds nothing that could be wrong.
    #expect(pieces(changing: 2, to: first).count == 8)
    #expect(pieces(changing: 3, to: .absent) == [0, 1, 2])
  }

  @Test func `a file that is not as long as the torrent says is not trusted`() throws {
    var state = try state(Array(0..<8))
    state.marks[3] = FileMark(length: 64_999, inode: 9, modified: 5)
    #expect(state.trustedPieces(state.marks).pieces.map(\.index) == [0, 1, 2])
    state.marks[3] = .absent
    #expect(state.trustedPieces(state.marks).pieces.map(\.index) == [0, 1, 2])
  }

  @Test func `a piece that is not claimed is not trusted`() throws {
    let state = try state([2, 6])
    #expect(state.trustedPieces(state.marks) == state.have)
  }

  @Test func `marks change with every kind of write`() throws {
    let folder = try TemporaryFolder()
    let info = try torrent()
    let storage = try FileStorage(folder: folder.path, layout: info.layout, access: .readWrite())
    #expect(storage.marks() == Array(repeating: .absent, count: 4))
    try storage.write([1], at: 0)
    let first = storage.marks()
    #expect(first[0].length == 60_000 && first[1...].allSatisfy { $0 == .absent })
    // The kernel's clock for files moves every few milliseconds.
    usleep(20_000)
    try storage.write([2], at: 1)
    #expect(storage.marks()[0] != first[0])

    let path = folder.path("payload/a")
    let second = storage.marks()[0]
    let contents = try Data(contentsOf: URL(fileURLWithPath: path))
    try contents.write(to: URL(fileURLWithPath: path), options: .atomic)
    #expect(storage.marks()[0].inode != second.inode)
    #expect(truncate(path, 10) == 0)
    #expect(storage.marks()[0].length == 10)
  }

  @Test func `a folder has one state, however it is spelt and whether it is there`() throws {
    let folder = try TemporaryFolder()
    let hash = try torrent().infoHash
    func path(_ downloads: String) -> String {
      ResumeFile(in: "/state", of: hash, downloadFolder: downloads).path
    }
    let before = path(folder.path("in/here"))
    #expect(before == path(folder.path("in//here/")))
    try folder.write([], to: "in/here/file")
    #expect(symlink(folder.path("in"), folder.path("link")) == 0)
    for spelling in ["in/here", "in/here/", "in/./here", "in/../in/here", "link/here"] {
      #expect(path(folder.path(spelling)) == before, "\(spelling)")
    }
    #expect(path(folder.path("in")) != before)
    #expect(path("") == path("."))
    #expect(path("/") != path("."))
    #expect(path("/proc/none") == path("/proc//none/"))
  }

  @Test func `trusted pieces are not read, and the others are`() throws {
    let folder = try TemporaryFolder()
    let info = try torrent()
    var generator = SeededGenerator(seed: 4)
    let file = try FileStorage(folder: folder.path, layout: info.layout, access: .readWrite())
    try file.write(generator.bytes(126_000), at: 0)
    try file.write([0xff], at: 5 * Self.pieceLength)
    try file.write([0xff], at: 6 * Self.pieceLength)
    var trusted = Bitfield(count: 8)
    for piece in [0, 1, 6] { trusted.insert(PieceIndex(piece)) }
    let storage = FaultyStorage(file)
    var done: [UInt64] = []
    let found = try Verifier(info, in: storage, trusting: trusted).run { done.append($0) }
    #expect(found.pieces.map(\.index) == [0, 1, 2, 3, 4, 6, 7])
    #expect(storage.count(of: .read) == 5)
    #expect(done.last == info.layout.totalLength)
  }
}
