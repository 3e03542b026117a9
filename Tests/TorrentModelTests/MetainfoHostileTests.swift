import Bencoding
import DeterministicCore
import Testing
import TorrentModel

@Suite struct MetainfoHostileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let info: BencodeValue
    let error: MetainfoError

    init(_ name: String, _ info: BencodeValue, _ error: MetainfoError) {
      testDescription = name
      self.info = info
      self.error = error
    }
  }

  private static let single = MetainfoFixture.singleFile
  private static let folder = MetainfoFixture.folder()
  private static func pieces(_ count: Int) -> BencodeValue {
    .string([UInt8](repeating: 0, count: count))
  }

  @Test(arguments: [
    Case("no name", single.setting("name", to: nil), .missing("name")),
    Case("name of the wrong kind", single.setting("name", to: .integer(1)), .wrongType("name")),
    Case("no length", single.setting("length", to: nil), .missing("length")),
    Case("length of the wrong kind", single.setting("length", to: .list([])), .wrongType("length")),
    Case("negative length", single.setting("length", to: .integer(-1)), .negativeLength),
    Case("least length", single.setting("length", to: .integer(.min)), .negativeLength),
    Case("nothing to share", single.setting("length", to: .integer(0)), .noContent),
    Case(
      "no piece length", single.setting("piece length", to: nil), .missing("piece length")),
    Case(
      "piece length of the wrong kind", single.setting("piece length", to: .string("16")),
      .wrongType("piece length")),
    Case(
      "piece length zero", single.setting("piece length", to: .integer(0)), .badPieceLength(0)),
    Case(
      "piece length negative", single.setting("piece length", to: .integer(-1)),
      .badPieceLength(-1)),
    Case(
      "piece length enormous", single.setting("piece length", to: .integer(.max)),
      .badPieceLength(.max)),
    Case("no pieces", single.setting("pieces", to: nil), .missing("pieces")),
    Case(
      "pieces of the wrong kind", single.setting("pieces", to: .integer(1)), .wrongType("pieces")),
    Case(
      "ragged pieces", single.setting("pieces", to: pieces(59)),
      .badPieceHashes(found: 59, expected: 60)),
    Case(
      "too few pieces", single.setting("pieces", to: pieces(40)),
      .badPieceHashes(found: 40, expected: 60)),
    Case(
      "too many hashes", single.setting("pieces", to: pieces(80)),
      .badPieceHashes(found: 80, expected: 60)),
    Case(
      "more pieces than a message can name",
      single.setting("length", to: .integer(.max)).setting("piece length", to: .integer(1)),
      .tooManyPieces),
    Case(
      "both length and files", folder.setting("length", to: .integer(40_000)), .bothLengthAndFiles),
    Case("files of the wrong kind", folder.setting("files", to: .integer(1)), .wrongType("files")),
    Case("no files", folder.setting("files", to: .list([])), .noContent),
    Case(
      "a file that is no dictionary", folder.setting("files", to: .list([.integer(1)])),
      .missing("length")),
    Case(
      "a file without a path",
      folder.setting("files", to: .list([.dictionary([("length", .integer(1))])])),
      .missing("path")),
    Case(
      "a path that is no list",
      folder.setting(
        "files", to: .list([.dictionary([("length", .integer(1)), ("path", .string("a"))])])),
      .missing("path")),
    Case(
      "a component that is no string",
      folder.setting(
        "files",
        to: .list([.dictionary([("length", .integer(1)), ("path", .list([.integer(1)]))])])),
      .wrongType("path")),
    Case("negative length of a file", MetainfoFixture.folder([(["a"], -1)]), .negativeLength),
    Case(
      "lengths beyond 64 bits",
      MetainfoFixture.folder([(["a"], .max), (["b"], .max), (["c"], .max)]), .lengthOverflow),
    Case(
      "lengths beyond 63 bits", MetainfoFixture.folder([(["a"], .max), (["b"], 1)]),
      .lengthOverflow),
    Case("only empty files", MetainfoFixture.folder([(["a"], 0), (["b"], 0)]), .noContent),
    Case(
      "a file tree without its version",
      single.setting("length", to: nil).setting("file tree", to: .dictionary([])),
      .missing("meta version")),
  ])
  func impossibleTorrentsAreRefusedByReason(_ test: Case) {
    #expect(throws: test.error) { try MetainfoFixture.read(test.info) }
  }

  @Test(arguments: [
    "", ".", "..", "a/b", "/etc", "../x", "a\0b", String(repeating: "n", count: 256),
    String(repeating: "é", count: 128),
  ])
  func unsafeNamesAreMadeSafeWhereverTheyStandAndNoLayoutHoldsThem(name: String) throws {
    let safe = FileNames.component(name)
    for info in [Self.single, Self.folder] {
      let metainfo = try MetainfoFixture.read(info.setting("name", to: .string(name)))
      #expect(metainfo.info.name == safe)
    }
    for path in [[name], [name, "x"], ["x", name], ["x", name, "y"]] {
      let metainfo = try MetainfoFixture.read(MetainfoFixture.folder([(path, 40_000)]))
      #expect(metainfo.info.layout.files.map(\.path) == [path.map { $0 == name ? safe : $0 }])
      #expect(throws: MetainfoError.unsafePath(name)) {
        try FileLayout(name: "x", isSingleFile: false, files: [(path, 1)])
      }
    }
  }

  @Test func pathsDeeperOrLongerThanAFileSystemTakesAreRefused() {
    let long = String(repeating: "n", count: 250)
    for path in [
      Array(repeating: "d", count: 2000), Array(repeating: "d", count: 129),
      Array(repeating: long, count: 13),
    ] {
      #expect(throws: MetainfoError.pathTooLong(path[0])) {
        try MetainfoFixture.read(MetainfoFixture.folder([(path, 40_000)]))
      }
    }
    #expect(throws: Never.self) {
      try MetainfoFixture.read(
        MetainfoFixture.folder([(Array(repeating: "d", count: 128), 40_000)]))
    }
    #expect(throws: MetainfoError.unsafePath("")) {
      try MetainfoFixture.read(MetainfoFixture.folder([([], 40_000)]))
    }
  }

  @Test(arguments: [
    [["a"], ["a"]],
    [["a", "f"], ["b"], ["a", "f"]],
    [["a"], ["a", "b"]],
    [["a", "b"], ["a"]],
    [["a", "b", "c"], ["a b"], ["a"], ["a!"]],
    [["d", "x", "y"], ["d", "x"]],
  ])
  func filesThatShareAPathOrRunThroughEachOtherAreToldApart(paths: [[String]]) throws {
    let files = paths.map { ($0, UInt64(40_000 / paths.count)) }
    #expect {
      try FileLayout(name: "x", isSingleFile: false, files: files)
    } throws: { error in
      guard case .pathCollision = error as? MetainfoError else { return false }
      return true
    }
    let told = FileNames.paths(for: paths)
    #expect(throws: Never.self) {
      try FileLayout(name: "x", isSingleFile: false, files: zip(told, files).map { ($0, $1.1) })
    }
  }

  @Test func pathsThatOnlyLookAlikeAreTaken() throws {
    let paths = [["a"], ["ab"], ["b", "a"], ["a "], ["A"], ["a\\b"], ["..a"], ["..."]]
    let metainfo = try MetainfoFixture.read(
      MetainfoFixture.folder(paths.map { ($0, 5_000) }))
    #expect(metainfo.info.layout.files.map(\.path) == paths)
  }

  @Test func namesOfOldEncodingsAreRepaired() throws {
    let latin: [UInt8] = [0x66, 0xfc, 0x72]
    let info = Self.single.setting("name", to: .string(latin))
    #expect(try MetainfoFixture.read(info).info.name == "f\u{fffd}r")
    #expect(
      try MetainfoFixture.read(info.setting("name.utf-8", to: .string("für"))).info.name == "für")
  }

  @Test(arguments: [
    ("i1e", MetainfoError.wrongType("the file as a whole")),
    ("de", .missing("info")),
    ("d4:infoi1ee", .wrongType("info")),
    ("d4:infolee", .wrongType("info")),
  ])
  func documentsOfTheWrongShapeAreRefused(text: String, error: MetainfoError) {
    #expect(throws: error) { try Metainfo(Array(text.utf8)) }
  }

  @Test func oddOuterValuesAreLeftOut() throws {
    let metainfo = try MetainfoFixture.read(
      Self.single,
      outer: [
        ("announce", .integer(1)), ("announce-list", .string("x")), ("comment", .list([])),
        ("creation date", .string("yesterday")), ("url-list", .integer(5)),
      ])
    #expect(metainfo.trackers.isEmpty)
    #expect(metainfo.webSeeds.isEmpty)
    #expect(metainfo.comment == nil)
    #expect(metainfo.creationDate == nil)
    #expect(!metainfo.info.isPrivate)
  }

  @Test(arguments: 0..<300 as Range<UInt64>) func spoiltDocumentsNeverTrap(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var bytes = MetainfoFixture.document(
      random.below(2) == 0 ? Self.single : Self.folder, outer: [("announce", .string("http://a"))])
    for _ in 0...random.below(4) {
      bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
    }
    guard let metainfo = try? Metainfo(bytes) else { return }
    #expect(metainfo.info.layout.totalLength == metainfo.info.geometry.totalLength)
    #expect(metainfo.info.layout.files.allSatisfy { !$0.path.contains("..") })
  }
}
