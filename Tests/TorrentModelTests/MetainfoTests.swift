import Bencoding
import DeterministicCore
import Hashing
import Testing
import TorrentModel

@Suite struct MetainfoTests {
  @Test func aSingleFileIsReadWhole() throws {
    let metainfo = try MetainfoFixture.read(
      MetainfoFixture.singleFile.setting("private", to: .integer(1))
        .setting("source", to: .string("HERE")),
      outer: [
        ("announce", .string("http://a/announce")), ("comment", .string("words")),
        ("created by", .string("a tool")), ("creation date", .integer(1_700_000_000)),
        ("url-list", .string("http://w/")),
      ])
    #expect(metainfo.info.name == "file.bin")
    #expect(metainfo.info.layout.isSingleFile)
    #expect(metainfo.info.layout.totalLength == 40_000)
    #expect(metainfo.info.layout.pathBelowDownloadFolder(of: 0) == ["file.bin"])
    #expect(metainfo.info.geometry.pieceCount == 3)
    #expect(metainfo.info.isPrivate)
    #expect(metainfo.info.source == "HERE")
    #expect(metainfo.trackers == [["http://a/announce"]])
    #expect(metainfo.webSeeds == ["http://w/"])
    #expect(metainfo.comment == "words")
    #expect(metainfo.createdBy == "a tool")
    #expect(metainfo.creationDate == 1_700_000_000)
    #expect(metainfo.info.hashes(of: 2).sha1?.bytes == Array(repeating: 7, count: 20))
  }

  @Test func aFolderHoldsItsFilesInOrder() throws {
    let layout = try MetainfoFixture.read(MetainfoFixture.folder()).info.layout
    #expect(!layout.isSingleFile)
    #expect(layout.files.map(\.path) == [["a"], ["b", "c"]])
    #expect(layout.files.map(\.offset) == [0, 10_000])
    #expect(layout.pathBelowDownloadFolder(of: 1) == ["file.bin", "b", "c"])
  }

  @Test func theInfoHashIsOfTheBytesAsTheyStand() throws {
    let info = MetainfoFixture.singleFile.setting("zz unknown", to: .list([.integer(1)]))
    let metainfo = try MetainfoFixture.read(info, outer: [("also unknown", .integer(2))])
    let bytes = BencodeEncoder.encode(info)
    #expect(Array(metainfo.info.bytes) == bytes)
    #expect(metainfo.info.infoHash == InfoHash(SHA1.hash(bytes)))
    #expect(metainfo.outer["also unknown"]?.integer == 2)
  }

  @Test func tiersStandBeforeTheSingleTracker() throws {
    let tiers = BencodeValue.list([
      .list([.string("http://a"), .string("http://b")]), .list([]),
      .list([.string("udp://c")]), .integer(1),
    ])
    let metainfo = try MetainfoFixture.read(
      MetainfoFixture.singleFile,
      outer: [("announce", .string("http://x")), ("announce-list", tiers)])
    #expect(metainfo.trackers == [["http://a", "http://b"], ["udp://c"]])
    #expect(metainfo.magnet.trackers == ["http://a", "http://b", "udp://c"])
    #expect(metainfo.magnet.displayName == "file.bin")
    #expect(metainfo.magnet.infoHash == metainfo.info.infoHash)
  }

  @Test func trackersAndWebSeedsAreBounded() throws {
    let many = (0..<20_000).map { BencodeValue.string("http://tracker/\($0)") }
    for tiers in [[BencodeValue.list(many)], many.map { .list([$0]) }] {
      let metainfo = try MetainfoFixture.read(
        MetainfoFixture.singleFile,
        outer: [("announce-list", .list(tiers)), ("url-list", .list(many))])
      #expect(metainfo.trackers.joined().count == Metainfo.mostTrackers)
      #expect(metainfo.webSeeds.count == Metainfo.mostWebSeeds)
    }
  }

  @Test func metadataFromPeersMustHaveTheHashAskedFor() throws {
    let bytes = BencodeEncoder.encode(MetainfoFixture.folder())
    let hash = InfoHash(SHA1.hash(bytes))
    #expect(try TorrentInfo(metadata: bytes, expecting: hash).infoHash == hash)
    #expect(throws: MetainfoError.hashMismatch) {
      try TorrentInfo(metadata: bytes + [0], expecting: hash)
    }
    let junk = Array("junk".utf8)
    #expect(throws: MetainfoError.notBencoded(BencodeError(.unexpectedByte, at: 0))) {
      try TorrentInfo(metadata: junk, expecting: InfoHash(SHA1.hash(junk)))
    }
    let list = Array("le".utf8)
    #expect(throws: MetainfoError.wrongType("info")) {
      try TorrentInfo(metadata: list, expecting: InfoHash(SHA1.hash(list)))
    }
  }

  @Test func fiftyThousandFilesAreReadAndFound() throws {
    let files = (0..<50_000).map {
      (path: ["folder \($0 / 100)", "file \($0)"], length: Int64($0 % 3))
    }
    let info = MetainfoFixture.folder(files)
      .setting("pieces", to: .string([UInt8](repeating: 1, count: 20 * 4)))
    let layout = try MetainfoFixture.read(info).info.layout
    #expect(layout.files.count == 50_000)
    #expect(layout.totalLength == 49_999)
    #expect(layout.segments(offset: 0, length: layout.totalLength).count == 33_333)
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func whatIsBuiltIsReadBack(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let isSingleFile = random.below(3) == 0
    let files = (0..<(isSingleFile ? 1 : random.below(20) + 1)).map { number in
      (
        path: isSingleFile ? ["root"] : ["d\(random.below(3))", "f\(number)"],
        length: UInt64(random.below(3) == 0 ? 0 : random.below(100_000))
      )
    }
    let layout = try FileLayout(
      name: "root", isSingleFile: isSingleFile,
      files: files.reduce(0, { $0 + $1.length }) > 0 ? files : [(["root"], 1)])
    var builder = MetainfoBuilder(layout: layout, pieceLength: 16_384 << UInt64(random.below(3)))
    builder.isPrivate = random.below(2) == 0
    builder.trackers = (0..<random.below(3)).map { tier in
      (0...random.below(3)).map { "http://t\(tier)/\($0)" }
    }
    builder.webSeeds = (0..<random.below(3)).map { "http://w/\($0)" }
    builder.comment = random.below(2) == 0 ? "comment" : nil
    builder.createdBy = "tests"
    builder.creationDate = Int64(random.below(1 << 40))
    builder.source = random.below(2) == 0 ? "SOURCE" : nil
    let geometry = try #require(
      PieceGeometry(totalLength: layout.totalLength, pieceLength: builder.pieceLength))
    let hashes = (0..<geometry.pieceCount).map { SHA1.hash([UInt8($0 % 256)]) }
    let document = builder.document(hashes: hashes)
    let metainfo = try Metainfo(document)
    #expect(metainfo.info.layout == layout)
    #expect(metainfo.info.geometry == geometry)
    #expect(
      (0..<geometry.pieceCount).map { metainfo.info.hashes(of: PieceIndex($0)).sha1 } == hashes)
    #expect(metainfo.info.isPrivate == builder.isPrivate)
    #expect(metainfo.trackers == builder.trackers)
    #expect(metainfo.webSeeds == builder.webSeeds)
    #expect(metainfo.comment == builder.comment)
    #expect(metainfo.createdBy == builder.createdBy)
    #expect(metainfo.creationDate == builder.creationDate)
    #expect(metainfo.info.source == builder.source)
    #expect(builder.document(hashes: hashes) == document)
  }
}
