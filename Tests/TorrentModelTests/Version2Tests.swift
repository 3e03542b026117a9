import Bencoding
import DeterministicCore
import Hashing
import Testing
import TorrentModel

@Suite("Torrents of version 2") struct Version2Tests {
  private static let fixture = Version2Fixture.folder

  @Test("have files that begin pieces, and nodes for each piece")
  func reading() throws {
    let info = try Self.fixture.read().info
    #expect(info.version == .v2)
    #expect(info.layout.files.map(\.path) == [["a", "long"], ["b"], ["c"]])
    #expect(info.layout.files.map(\.offset) == [0, 131_072, 131_072])
    #expect(info.layout.totalLength == 100_100)
    #expect(info.layout.extent == 5 * 32_768)
    #expect(info.geometry.pieceCount == 5)
    #expect(
      (0..<5).map { info.geometry.length(of: PieceIndex($0)) } == [
        32_768, 32_768, 32_768, 1696, 100,
      ])
    #expect(info.geometry.totalLength == 100_100)
    let nodes = Self.fixture.files.flatMap { Self.fixture.layer(of: $0.content) }
    for (piece, node) in nodes.enumerated() {
      #expect(info.hashes(of: PieceIndex(piece)) == PieceHashes(root: node))
    }
    #expect(info.infoHashV2 == InfoHashV2(SHA256.hash(info.bytes)))
    #expect(info.infoHash.bytes == Array(SHA256.hash(info.bytes).bytes.prefix(20)))
  }

  @Test("of both versions have the hashes of both")
  func hybrids() throws {
    let info = try Self.fixture.read(Self.fixture.hybridInfo).info
    let alone = try Self.fixture.read().info
    #expect(info.version == .hybrid)
    #expect(info.infoHash == InfoHash(SHA1.hash(info.bytes)))
    #expect(info.infoHashV2 == InfoHashV2(SHA256.hash(info.bytes)))
    #expect(info.swarmHashes.count == 2)
    #expect(info.layout == alone.layout)
    #expect(info.geometry == alone.geometry)
    for piece in 0..<5 {
      let hashes = info.hashes(of: PieceIndex(piece))
      #expect(hashes.root == alone.hashes(of: PieceIndex(piece)).root)
      #expect(hashes.sha1 != nil)
    }
    // Padding may be left out at the end, as the first makers of such torrents did.
    let files = try #require(Self.fixture.hybridInfo["files"]?.list)
    let hashes = try #require(Self.fixture.hybridInfo["pieces"]?.string)
    let last = SHA1.hash(Version2Fixture.content(100, 2)).bytes
    let short = Self.fixture.hybridInfo.setting("files", to: .list(files.dropLast()))
      .setting("pieces", to: .string(Array(hashes.dropLast(20)) + last))
    let shorter = try Self.fixture.read(short).info
    #expect(shorter.layout.extent == 4 * 32_768 + 100)
    #expect(shorter.layout.files == alone.layout.files)
  }

  @Test("are found again in metadata from peers, by either name, without their nodes")
  func metadata() throws {
    for value in [Self.fixture.info, Self.fixture.hybridInfo] {
      let info = try Self.fixture.read(value).info
      let bytes = Array(info.bytes)
      for name in info.swarmHashes {
        var found = try TorrentInfo(metadata: bytes, expecting: name, info.infoHashV2)
        #expect(found.trees?.isComplete == false)
        #expect(found.canVerify == info.version.hasV1)
        try found.take(nodes: try #require(info.trees).nodes)
        #expect(found.hashes(of: 3) == info.hashes(of: 3))
      }
      let other = InfoHashV2(SHA256.hash([1]))
      #expect(throws: MetainfoError.hashMismatch) {
        try TorrentInfo(metadata: bytes, expecting: info.infoHash, other)
      }
      #expect(throws: MetainfoError.hashMismatch) {
        try TorrentInfo(metadata: bytes, expecting: other.truncated)
      }
      var found = try TorrentInfo(metadata: bytes, expecting: info.infoHash)
      #expect(throws: MetainfoError.badPieceLayer("a/long")) {
        try found.take(nodes: Array(repeating: .zero, count: 5))
      }
    }
  }

  @Test("that are one file are that file, whatever they are called")
  func singleFiles() throws {
    var fixture = Version2Fixture(files: [(["one"], Version2Fixture.content(40_000, 3))])
    var layout = try fixture.read().info.layout
    #expect(layout.isSingleFile)
    #expect(layout.pathBelowDownloadFolder(of: 0) == ["one"])
    fixture.files[0].path = ["folder", "one"]
    layout = try fixture.read().info.layout
    #expect(!layout.isSingleFile)
    #expect(layout.pathBelowDownloadFolder(of: 0) == ["root", "folder", "one"])
  }

  @Test(
    "are written as they are read", arguments: [TorrentVersion.v2, .hybrid], 0..<8 as Range<UInt64>
  )
  func building(version: TorrentVersion, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let lengths = [0, 1, 16_383, 16_384, 16_385, 32_768, 40_000, 100_000]
    var fixture = Version2Fixture(files: [])
    for number in 0...random.below(6) {
      let path = random.below(2) == 0 ? ["f\(number)"] : ["d", "é\(random.below(2))", "f\(number)"]
      fixture.files.append(
        (path, Version2Fixture.content(lengths[random.below(8)], random.below(3))))
    }
    fixture.files.append((["z", "last"], [1]))
    fixture.files.sort { left, right in
      left.path.lexicographicallyPrecedes(right.path) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    let expected = version == .v2 ? fixture.info : fixture.hybridInfo
    let read = try fixture.read(expected).info
    let builder = MetainfoBuilder(
      layout: read.layout, pieceLength: UInt64(fixture.pieceLength), version: version)
    let document = builder.document(
      hashes: (0..<read.geometry.pieceCount).map { read.hashes(of: PieceIndex($0)) })
    let again = try Metainfo(document)
    #expect(Array(again.info.bytes) == BencodeEncoder.encode(expected), "seed \(seed)")
    #expect(
      again.outer["piece layers"].map { BencodeEncoder.encode($0) }
        == BencodeEncoder.encode(fixture.layers))
    #expect(again.magnet.infoHashV2 == again.info.infoHashV2)
  }
}

@Suite("Torrents of version 2 that lie") struct Version2HostileTests {
  private static let fixture = Version2Fixture.folder

  private static func spoiled(_ file: [String], _ facts: [(String, BencodeValue)]) -> BencodeValue {
    let tree = fixture.info["file tree"] ?? .dictionary([])
    return fixture.info.setting(
      "file tree",
      to: Version2Fixture.inserting(
        .dictionary([("", .dictionary(facts))]), at: file[...], into: tree))
  }

  private static let root = BencodeValue.string([UInt8](repeating: 9, count: 32))
  private static let file = BencodeValue.dictionary([
    ("", .dictionary([("length", .integer(1)), ("pieces root", root)]))
  ])

  static let cases: [(String, BencodeValue, MetainfoError)] = [
    ("a later version", fixture.info.setting("meta version", to: .integer(3)), .unknownVersion(3)),
    (
      "the version of BEP 3", fixture.info.setting("meta version", to: .integer(1)),
      .unknownVersion(1)
    ),
    ("no version", fixture.info.setting("meta version", to: nil), .missing("meta version")),
    ("no tree", fixture.info.setting("file tree", to: nil), .missing("file tree")),
    (
      "a tree that is a list", fixture.info.setting("file tree", to: .list([])),
      .wrongType("file tree")
    ),
    ("an empty tree", fixture.info.setting("file tree", to: .dictionary([])), .noContent),
    ("a tree that is a file", fixture.info.setting("file tree", to: file), .badFileTree("")),
    (
      "a file with siblings",
      fixture.info.setting(
        "file tree", to: .dictionary([("x", file.setting("y", to: file))])), .badFileTree("x")
    ),
    (
      "a file that is a number",
      fixture.info.setting("file tree", to: .dictionary([("x", .integer(1))])), .badFileTree("")
    ),
    (
      "a short piece", fixture.info.setting("piece length", to: .integer(8192)),
      .badPieceLength(8192)
    ),
    (
      "an odd piece", fixture.info.setting("piece length", to: .integer(40_000)),
      .badPieceLength(40_000)
    ),
    ("a file without a root", spoiled(["x"], [("length", .integer(1))]), .missing("pieces root")),
    (
      "a root of zeros",
      spoiled(
        ["x"],
        [("length", .integer(1)), ("pieces root", .string([UInt8](repeating: 0, count: 32)))]),
      .wrongType("pieces root")
    ),
    (
      "a short root",
      spoiled(["x"], [("length", .integer(1)), ("pieces root", .string("short"))]),
      .wrongType("pieces root")
    ),
    ("a file without a length", spoiled(["x"], [("pieces root", root)]), .missing("length")),
    ("a negative length", spoiled(["x"], [("length", .integer(-1))]), .negativeLength),
    (
      "a length beyond all pieces",
      spoiled(["x"], [("length", .integer(.max)), ("pieces root", root)]), .lengthOverflow
    ),
    (
      "more pieces than there may be",
      spoiled(["x"], [("length", .integer(1 << 50)), ("pieces root", root)]), .tooManyPieces
    ),
    (
      "a layer that nobody gave",
      spoiled(["x"], [("length", .integer(40_000)), ("pieces root", root)]), .badPieceLayer("x")
    ),
    (
      "padding in a tree", spoiled(["x"], [("attr", .string("p")), ("length", .integer(1))]),
      .badFileTree("x")
    ),
    (
      "a link out",
      spoiled(
        ["x"], [("attr", .string("l")), ("symlink path", .list([.string(".."), .string("y")]))]),
      .badLink("x")
    ),
    ("a link to nowhere", spoiled(["x"], [("attr", .string("l"))]), .badLink("x")),
  ]

  @Test("are refused by reason", arguments: cases.indices)
  func refusals(number: Int) {
    let (name, info, error) = Self.cases[number]
    #expect(throws: error, "\(name)") { try Self.fixture.read(info) }
  }

  @Test("are refused where a layer is not below its root")
  func layers() throws {
    let layers = try #require(Self.fixture.layers.entries)
    func read(_ layers: BencodeValue?) throws(MetainfoError) {
      _ = try MetainfoFixture.read(
        Self.fixture.info, outer: layers.map { [("piece layers", $0)] } ?? [])
    }
    #expect(throws: MetainfoError.missing("piece layers")) { try read(nil) }
    #expect(throws: MetainfoError.wrongType("piece layers")) { try read(.list([])) }
    #expect(throws: MetainfoError.badPieceLayer("a/long")) { try read(.dictionary([])) }
    let layer = try #require(layers[0].value.string)
    for place in [0, 31, 32, 127] {
      var bytes = Array(layer)
      bytes[place] ^= 1
      let spoiled = BencodeValue(.dictionary([.init(key: layers[0].key, value: .string(bytes))]))
      #expect(throws: MetainfoError.badPieceLayer("a/long")) { try read(spoiled) }
    }
    for count in [0, 32, 96, 127] {
      let spoiled = BencodeValue(
        .dictionary([.init(key: layers[0].key, value: .string(Array(layer.prefix(count))))]))
      #expect(throws: MetainfoError.badPieceLayer("a/long")) { try read(spoiled) }
    }
  }

  @Test("of both versions are refused where these differ, by the file that does")
  func differences() throws {
    let info = Self.fixture.hybridInfo
    let files = try #require(info["files"]?.list)
    func refused(_ list: [BencodeValue], _ path: String) {
      #expect(throws: MetainfoError.versionsDiffer(path)) {
        try Self.fixture.read(info.setting("files", to: .list(list)))
      }
    }
    // Another length, made up for by the padding.
    var longer = files
    longer[0] = files[0].setting("length", to: .integer(100_001))
    longer[1] = files[1].setting("length", to: .integer(131_072 - 100_001))
    refused(longer, "a/long")
    var renamed = files
    renamed[2] = files[2].setting("path", to: .list([.string("x")]))
    refused(renamed, "x")
    refused(Array(files.dropFirst(2)), "b")
    // A file that only one version knows, in the place of padding.
    var more = files
    more[1] = files[1].setting("attr", to: nil)
    refused(more, ".pad/31072")
    // No padding at all, so that files lie elsewhere.
    refused([files[0], files[2], files[3]], "c")
    // A file that version 2 has and version 1 has not.
    refused([files[0], files[1], files[2]], "c")
  }

  @Test("name links that stay inside, and take no other for one")
  func links() throws {
    let link = [("attr", BencodeValue.string("l"))]
    func target(_ path: [String]) throws -> [String]? {
      let info = Self.spoiled(
        ["x", "link"], link + [("symlink path", .list(path.map { .string($0) }))])
      return try Self.fixture.read(info).info.layout.files.last?.linkTarget
    }
    #expect(try target(["a", "long"]) == ["a", "long"])
    #expect(try target(["a"]) == ["a"])
    #expect(try target(["x", "link"]) == nil)
    #expect(try target(["no", "such"]) == nil)
    for path in [[".."], ["a", "..", ".."], [""], ["/etc"], ["."], ["a\0"]] {
      #expect(throws: MetainfoError.badLink("x/link")) { try target(path) }
    }
  }
}

@Suite("Magnet links of version 2") struct Version2MagnetTests {
  private static let digits = String(repeating: "0123456789abcdef", count: 4)

  @Test("name the torrent by its whole hash, and peers by the first half")
  func parsing() throws {
    let link = try MagnetLink(parsing: "magnet:?xt=urn:btmh:1220\(Self.digits)&dn=x")
    #expect(link.infoHashV2?.description == Self.digits)
    #expect(link.infoHash.description == Self.digits.prefix(40))
    #expect(link.infoHashV1 == nil)
    #expect(link.text == "magnet:?xt=urn:btmh:1220\(Self.digits)&dn=x")
    let v1 = String(repeating: "ab", count: 20)
    let both = "magnet:?xt=urn:btih:\(v1)&xt=urn:btmh:1220\(Self.digits)"
    let hybrid = try MagnetLink(parsing: both)
    #expect(hybrid.infoHash.description == v1)
    #expect(hybrid.infoHashV2 == link.infoHashV2)
    #expect(hybrid.text == both)
  }

  @Test(
    "are refused with any other hash",
    arguments: [
      "1220", "1120" + digits, "1221" + digits, "1220" + digits.dropLast(), digits + "1220",
    ])
  func refusals(name: String) {
    #expect(throws: MagnetError.badInfoHash(name)) {
      try MagnetLink(parsing: "magnet:?xt=urn:btmh:\(name)")
    }
  }
}
