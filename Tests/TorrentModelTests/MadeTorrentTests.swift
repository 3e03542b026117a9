import Bencoding
import DeterministicCore
import Hashing
import Testing
import TorrentModel

/// What a builder says of a document that it does not read again is what a reader finds.
@Suite struct MadeTorrentTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let layout: FileLayout
    var version = TorrentVersion.v1
    var change: @Sendable (inout MetainfoBuilder) -> Void = { _ in }

    var testDescription: String { name }

    init(
      _ name: String, _ files: [ListedFile], root: String = "root", isSingleFile: Bool = false,
      version: TorrentVersion = .v1,
      change: @escaping @Sendable (inout MetainfoBuilder) -> Void = { _ in }
    ) throws {
      self.name = name
      self.version = version
      self.change = change
      layout = try FileLayout(
        name: root, isSingleFile: isSingleFile, listed: files,
        alignment: version == .v1 ? nil : 1 << 14)
    }
  }

  private static let plain = [
    ListedFile(path: ["a"], length: 20_000), ListedFile(path: ["b", "c"], length: 0),
    ListedFile(path: ["b", "longer than ten bytes", "d"], length: 1_234_567),
  ]

  static let cases: [Case] = {
    do {
      return [
        try Case("plain", plain),
        try Case("one file", [ListedFile(path: ["f"], length: 5)], root: "f", isSingleFile: true),
        try Case("scripts", [ListedFile(path: ["é", "日本", "a b"], length: 9)], root: "ñ"),
        try Case("names that readers change", [ListedFile(path: ["a\u{202e}b"], length: 9)]),
        try Case("a root that readers change", plain, root: "a\nb"),
        try Case(
          "names that readers make one",
          [ListedFile(path: ["a\n"], length: 9), ListedFile(path: ["a_"], length: 9)]),
        try Case(
          "an attribute", plain + [ListedFile(path: ["x"], length: 1, attributes: .executable)]),
        try Case("a link", plain + [ListedFile(path: ["l"], length: 0, linkTarget: ["b", "c"])]),
        try Case(
          "padding",
          plain + [ListedFile(path: [], length: 77, isPadding: true)]
            + [ListedFile(path: ["z"], length: 3)]),
        try Case("version 2", plain, version: .v2),
        try Case("both versions", plain, version: .hybrid),
        try Case("what stands around", plain) { builder in
          builder.trackers = [["http://a/announce", ""], [], ["udp://b:1/"]]
          builder.webSeeds = ["http://w/", ""]
          builder.ring = RingName(text: "chorus").map {
            RingReference(
              $0, nodes: [.init(host: "192.0.2.1", port: 7), .init(host: "::1", port: 8)])
          }
          builder.similar = [InfoHash(.zero)]
          builder.isPrivate = true
          builder.source = "here"
          builder.comment = "what"
          builder.createdBy = "a test"
          builder.creationDate = -5
        },
        try Case("more hints than are read", plain) { builder in
          builder.trackers = (0..<70).map { ["http://\($0)/1", "http://\($0)/2"] }
          builder.webSeeds = (0..<300).map { "http://\($0)/" }
        },
      ]
    } catch {
      preconditionFailure("a layout of this table: \(error)")
    }
  }()

  @Test(arguments: cases) func isWhatAReaderFinds(example: Case) throws {
    var builder = MetainfoBuilder(
      layout: example.layout, pieceLength: 1 << 14, version: example.version)
    example.change(&builder)
    let geometry = try #require(PieceGeometry(example.layout, pieceLength: 1 << 14))
    let hashes = (0..<geometry.pieceCount).map { piece in
      let seed = Array("\(piece)".utf8)
      return PieceHashes(
        sha1: example.version.hasV1 ? SHA1.hash(seed) : nil,
        root: example.version.hasV2 ? SHA256.hash(seed) : nil)
    }
    let made = try builder.torrent(hashes: hashes)
    #expect(made.document == builder.document(hashes: hashes))
    let read = try Metainfo(made.document)
    #expect(made.magnet == read.magnet)
    // Canonical: no other bytes say the same.
    let value = try BencodeDecoder(limits: .metainfo).decode(made.document)
    #expect(BencodeEncoder.encode(value) == made.document)
    #expect(read.info.layout.totalLength == example.layout.totalLength)
    #expect(read.info.geometry.pieceCount == geometry.pieceCount)
  }

  @Test func ofRandomFilesIsWhatAReaderFinds() throws {
    for seed in 0..<40 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let files =
        (0..<1 + generator.below(60)).map { number in
          ListedFile(
            path: ["d\(generator.below(4))", "\(number)", "n\(generator.below(1000))"],
            length: UInt64(generator.below(generator.below(2) == 0 ? 12 : 1_000_000)))
        } + [ListedFile(path: ["last"], length: 1)]
      let layout = try FileLayout(name: "r", isSingleFile: false, listed: files)
      let count = try #require(PieceGeometry(layout, pieceLength: 1 << 15)).pieceCount
      let hashes = (0..<count).map { PieceHashes(sha1: SHA1.hash(Array("\($0)".utf8))) }
      let made = try MetainfoBuilder(layout: layout, pieceLength: 1 << 15).torrent(hashes: hashes)
      let read = try Metainfo(made.document)
      #expect(made.magnet == read.magnet, "seed \(seed)")
      #expect(read.info.layout == layout, "seed \(seed)")
    }
  }

  @Test func whatNobodyWouldReadIsRefused() throws {
    let files = (0..<150_000).map { ListedFile(path: ["\($0)"], length: 1) }
    let layout = try FileLayout(name: "r", isSingleFile: false, listed: files)
    let builder = MetainfoBuilder(layout: layout, pieceLength: 1 << 20)
    let hashes = [PieceHashes(sha1: .zero)]
    let error = #expect(throws: MetainfoError.self) { _ = try builder.torrent(hashes: hashes) }
    let other = #expect(throws: MetainfoError.self) {
      _ = try Metainfo(builder.document(hashes: hashes))
    }
    #expect(error == other)
  }
}
