import Foundation
import Testing

/// `verify` against real trees, whole and harmed.
@Suite struct VerifyTests {
  /// Three pieces of 16 KiB: `a` fills the first and half of the second, `b` the rest but for the
  /// last five bytes, which are `c`; `empty` has none.
  private static let lengths = [("a", 24_576), ("b", 20_000), ("c", 5), ("empty", 0)]

  private func tree(_ body: (URL) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let tree = folder.appendingPathComponent("tree")
      try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
      for (seed, (name, length)) in Self.lengths.enumerated() {
        try TransferFixture.bytes(length, seed: UInt64(seed + 1))
          .write(to: tree.appendingPathComponent(name))
      }
      let created = try ShoalBinary.run(
        ["create", "tree", "--v1", "--piece-length", "16K", "--quiet"], in: folder)
      try #require(created.exitCode == 0)
      try body(folder)
    }
  }

  /// Of a file under another name, and of a folder: what was right is not fetched again.
  @Test(arguments: [Harm.removed, .shortened, .lengthened, .flipped, .emptyRemoved])
  func whatIsWrongIsFetchedIntoItsPlace(harm: Harm) throws {
    try tree { folder in
      let (tree, moved) = (
        folder.appendingPathComponent("tree"), folder.appendingPathComponent("moved")
      )
      try FileManager.default.copyItem(at: tree, to: moved)
      try harm.apply(to: moved)
      let seed = ["seed", "tree.torrent", "--no-verify", "--json"] + TransferFixture.listen
      try RunningShoal.with(seed, in: folder) { seed in
        let peer = try #require(seed.event("started")["listen"] as? [String])[0]
        let words = ["verify", "tree.torrent", "moved", "--repair", "--json", "--peer", peer]
        let result = try RunningShoal.run(words + TransferFixture.listen, in: folder)
        #expect(result.exitCode == 0, "\(result.errors)")
        let complete = try JSONLines.objects(result.output).first {
          $0["event"] as? String == "complete"
        }
        let bad = harm.expected.badPieces.reduce(0) { $0 + $1[1] - $1[0] + 1 }
        let downloaded = try #require(complete?["downloaded"] as? Int)
        #expect(bad == 0 ? downloaded == 0 : (1...bad * 16_384).contains(downloaded))
      }
      #expect(try TransferFixture.isSame(tree, moved))
      let again = try ShoalBinary.run(["verify", "tree.torrent", "moved"], in: folder)
      #expect(again.exitCode == 0)
    }
  }

  enum Harm: String, CaseIterable {
    case none, removed, removedLast, shortened, lengthened, flipped, emptyRemoved, folderInstead

    func apply(to tree: URL) throws {
      let (a, b, c) = (
        tree.appendingPathComponent("a"), tree.appendingPathComponent("b"),
        tree.appendingPathComponent("c")
      )
      let files = FileManager.default
      switch self {
      case .none: break
      case .removed: try files.removeItem(at: a)
      case .removedLast: try files.removeItem(at: c)
      case .shortened: try Data(contentsOf: b).dropLast().write(to: b)
      case .lengthened: try (Data(contentsOf: c) + Data([0])).write(to: c)
      case .flipped:
        var data = try Data(contentsOf: a)
        data[0] ^= 1
        try data.write(to: a)
      case .emptyRemoved: try files.removeItem(at: tree.appendingPathComponent("empty"))
      case .folderInstead:
        try files.removeItem(at: b)
        try files.createDirectory(at: b, withIntermediateDirectories: false)
      }
    }

    /// The exit code, the files that are not right with their states, and the bad pieces.
    var expected: (exitCode: Int32, files: [String: String], badPieces: [[Int]]) {
      switch self {
      case .none: (0, [:], [])
      case .removed: (4, ["a": "missing", "b": "uncertain"], [[0, 1]])
      case .removedLast: (4, ["b": "uncertain", "c": "missing"], [[2, 2]])
      case .shortened: (4, ["b": "short", "c": "uncertain"], [[2, 2]])
      case .lengthened: (4, ["c": "long"], [])
      case .flipped: (4, ["a": "damaged"], [[0, 0]])
      case .emptyRemoved: (4, ["empty": "missing"], [])
      case .folderInstead: (5, [:], [])
      }
    }
  }

  @Test(arguments: Harm.allCases) func whatIsWrongIsNamedAndNothingIsTouched(harm: Harm) throws {
    try tree { folder in
      try harm.apply(to: folder.appendingPathComponent("tree"))
      let before = try marks(of: folder)
      let expected = harm.expected

      let json = try ShoalBinary.run(["verify", "--json", "tree.torrent", "."], in: folder)
      #expect(json.exitCode == expected.exitCode)
      #expect(json.errors.isEmpty)
      let events = try JSONLines.objects(json.output)
      let files = events.filter { $0["event"] as? String == "file" }
      #expect(
        files.map { "\($0["path"] ?? "") \($0["state"] ?? "")" }
          == expected.files.map { "tree/\($0.key) \($0.value)" }.sorted())
      let checked = events.first { $0["event"] as? String == "checked" }
      if expected.exitCode == 5 {
        #expect(checked == nil)
      } else {
        #expect(checked?["matches"] as? Bool == expected.files.isEmpty)
        #expect(checked?["badFiles"] as? Int == expected.files.count)
        #expect(checked?["badPieces"] as? [[Int]] == expected.badPieces)
        #expect(events.contains { $0["event"] as? String == "progress" })
      }

      let text = try ShoalBinary.run(["verify", "tree.torrent", "tree"], in: folder)
      #expect(text.exitCode == expected.exitCode)
      for (name, state) in expected.files {
        #expect(
          text.output.split(separator: "\n").contains {
            $0.hasPrefix("\(state) ") && $0.contains(" tree/\(name)")
          })
      }
      #expect(text.output.hasPrefix("verified tree") == (expected.exitCode == 0))
      #expect(text.errors.filter { $0 == "\n" }.count == (expected.exitCode == 0 ? 0 : 1))
      #expect(try marks(of: folder) == before)
    }
  }

  @Test func theDataIsFoundUnderAnotherNameAndBesideItsOwn() throws {
    try tree { folder in
      let files = FileManager.default
      let torrent = folder.appendingPathComponent("tree.torrent").path
      func exitCode(_ path: String, in place: URL? = nil) throws -> Int32 {
        try ShoalBinary.run(["verify", torrent, path], in: place ?? folder).exitCode
      }
      #expect(try exitCode("tree") == 0)
      #expect(try exitCode("tree/") == 0)
      #expect(try exitCode(".", in: folder.appendingPathComponent("tree")) == 0)
      // A folder of the torrent's own name inside the payload does not mislead.
      try files.createDirectory(
        at: folder.appendingPathComponent("tree/tree"), withIntermediateDirectories: true)
      #expect(try exitCode("tree") == 0)
      try files.moveItem(
        at: folder.appendingPathComponent("tree"), to: folder.appendingPathComponent("other"))
      #expect(try exitCode(".") == 4)
      #expect(try exitCode("other") == 0)
      try files.createSymbolicLink(
        atPath: folder.appendingPathComponent("link").path, withDestinationPath: "other")
      #expect(try exitCode("link") == 0)
      #expect(try exitCode("other/a") == 2)
      #expect(try exitCode("nowhere") == 2)

      let file = folder.appendingPathComponent("other/a").path
      #expect(try ShoalBinary.run(["create", file, "-q"], in: folder).exitCode == 0)
      try files.moveItem(atPath: file, toPath: folder.appendingPathComponent("renamed").path)
      #expect(
        try ShoalBinary.run(["verify", "a.torrent", "renamed"], in: folder).exitCode == 0)
      #expect(try ShoalBinary.run(["verify", "a.torrent", "other"], in: folder).exitCode == 4)
    }
  }

  @Test(arguments: [
    (["nothing.torrent", "."], Int32(2), "nothing.torrent: "), (["tree", "."], 2, "tree: "),
    (["tree/a", "."], 3, "tree/a: "), (["tree.torrent"], 2, "'verify' wants FILE.torrent PATH"),
    (["magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567", "."], 2, "a link has no"),
  ])
  func whatCannotBeCheckedIsOneLine(words: [String], exitCode: Int32, named: String) throws {
    try tree { folder in
      let result = try ShoalBinary.run(["verify"] + words, in: folder)
      #expect(result.exitCode == exitCode)
      #expect(result.errors.contains(named), "\(result.errors)")
      #expect(result.errors.filter { $0 == "\n" }.count == 1)
      #expect(result.output.isEmpty)
    }
  }

  @Test func anInterruptEndsItWithExitCodeEight() throws {
    try ShoalBinary.withFolder { folder in
      let file = folder.appendingPathComponent("large")
      try Data(repeating: 1, count: 256 << 20).write(to: file)
      try #require(try ShoalBinary.run(["create", "large", "-q"], in: folder).exitCode == 0)
      try RunningShoal.with(["verify", "--json", "large.torrent", "."], in: folder) { verify in
        _ = try verify.event("progress")
        verify.signal(SIGINT)
        let end = try verify.end()
        #expect(end.exitCode == 8)
        #expect(try JSONLines.objects(end.output).last?["kind"] as? String == "incomplete")
      }
    }
  }

  /// Everything below a folder with what a write would change.
  private func marks(of folder: URL) throws -> [String: String] {
    var marks: [String: String] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: folder.appendingPathComponent(path).path)
      marks[path] = "\(attributes[.size] ?? "") \(attributes[.modificationDate] ?? "")"
    }
    return marks
  }
}
