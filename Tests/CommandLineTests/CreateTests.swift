import Foundation
import Testing
import TorrentModel

@Suite struct CreateTests {
  /// A tree with what trees have: folders, an empty file, a link, an empty folder.
  private func tree(_ body: (URL) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let root = folder.appendingPathComponent("tree")
      let files = FileManager.default
      try files.createDirectory(
        at: root.appendingPathComponent("sub/empty"), withIntermediateDirectories: true)
      try Data(repeating: 7, count: 100_000).write(to: root.appendingPathComponent("a"))
      try Data().write(to: root.appendingPathComponent("zero"))
      try Data("hello".utf8).write(to: root.appendingPathComponent("sub/b"))
      try files.createSymbolicLink(
        atPath: root.appendingPathComponent("link").path, withDestinationPath: "a")
      try body(folder)
    }
  }

  @Test func aTreeBecomesAFileThatShowReads() throws {
    try tree { folder in
      let created = try ShoalBinary.run(["create", "tree"], in: folder)
      #expect(created.exitCode == 0)
      #expect(created.errors.isEmpty)
      let shown = try ShoalBinary.run(["show", "--json", "tree.torrent"], in: folder).json
      let hash = try #require(shown["infoHash"] as? String)
      #expect(
        created.output == """
          left out link: a symbolic link
          left out sub/empty: an empty folder
          created tree.torrent: 97 KiB in 7 pieces of 16 KiB
          info-hash \(hash)

          """)
      let files = try #require(shown["files"] as? [[String: Any]])
      #expect(files.map { $0["path"] as? String } == ["tree/a", "tree/sub/b", "tree/zero"])
      #expect(files.map { $0["size"] as? Int } == [100_000, 5, 0])
      #expect(shown["private"] as? Bool == false)
      #expect(shown["trackers"] as? [[String]] == [])
      #expect((shown["createdBy"] as? String)?.hasPrefix("shoal ") == true)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(left == ["tree", "tree.torrent"])
    }
  }

  @Test func everyFlagStandsInTheFile() throws {
    try tree { folder in
      let event = try ShoalBinary.run(
        [
          "create", "tree", "-o", "out.torrent", "--name", "renamed", "--comment", "some words",
          "--source", "HERE", "--private", "--piece-length=64KiB", "--v1", "--web-seed",
          "http://w/",
          "--tracker", "http://a/announce", "--tracker", "udp://b:1", "--json",
        ], environment: ["SOURCE_DATE_EPOCH": "1709210096"], in: folder
      ).output.split(separator: "\n").last
      let created = try #require(
        try JSONSerialization.jsonObject(with: Data((event ?? "").utf8)) as? [String: Any])
      #expect(created["event"] as? String == "created")
      #expect(created["file"] as? String == "out.torrent")
      #expect(created["skipped"] as? [String] == ["link", "sub/empty"])
      let shown = try ShoalBinary.run(["show", "--json", "out.torrent"], in: folder).json
      for key in ["name", "infoHash", "magnet"] {
        #expect(shown[key] as? String == created[key] as? String)
      }
      #expect(shown["name"] as? String == "renamed")
      #expect(shown["comment"] as? String == "some words")
      #expect(shown["source"] as? String == "HERE")
      #expect(shown["private"] as? Bool == true)
      #expect(shown["pieceLength"] as? Int == 65_536)
      #expect(shown["pieces"] as? Int == 2)
      #expect(shown["webSeeds"] as? [String] == ["http://w/"])
      #expect(shown["trackers"] as? [[String]] == [["http://a/announce"], ["udp://b:1"]])
      #expect(shown["creationDate"] as? Int == 1_709_210_096)
    }
  }

  @Test func theSameTreeGivesTheSameBytes() throws {
    try tree { folder in
      for name in ["one", "two"] {
        let result = try ShoalBinary.run(
          ["create", "tree/", "-o", name], environment: ["SOURCE_DATE_EPOCH": "0"], in: folder)
        #expect(result.exitCode == 0)
      }
      let one = try Data(contentsOf: folder.appendingPathComponent("one"))
      #expect(one == (try Data(contentsOf: folder.appendingPathComponent("two"))))
      #expect(try Metainfo(Array(one)).info.name == "tree")
    }
  }

  @Test func aFileThereAlreadyIsReplacedAndKeptWhenNothingCanBeMade() throws {
    try tree { folder in
      let file = folder.appendingPathComponent("tree.torrent")
      try Data("old".utf8).write(to: file)
      #expect(
        try ShoalBinary.run(["create", "nowhere", "-o", file.path], in: folder).exitCode == 2)
      #expect(try Data(contentsOf: file) == Data("old".utf8))
      #expect(try ShoalBinary.run(["create", "tree"], in: folder).exitCode == 0)
      #expect(throws: Never.self) { try Metainfo(Array(try Data(contentsOf: file))) }
    }
  }

  @Test(arguments: [
    (["nowhere"], "nowhere"), (["tree/sub/empty"], "not a byte"),
    (["tree", "-o", "tree"], "tree: "),
    (["tree", "-o", "no/such/x.torrent"], "no/such/x.torrent: "),
    (["tree", "--v1", "--v2"], "exclude"),
    (["tree", "--piece-length", "20K"], "--piece-length"),
    (["tree", "--piece-length", "32M"], "--piece-length"), (["tree", "--name", "a/b"], "--name"),
    (["tree", "--name", ".."], "--name"), (["tree", "--private", "--public"], "exclude"),
    (["tree", "--tracker", "tracker.example"], "--tracker"), (["/dev/null"], "/dev/null"),
  ])
  func whatCannotBeMadeIsAUsageErrorAndLeavesNothing(words: [String], named: String) throws {
    try tree { folder in
      let result = try ShoalBinary.run(["create", "--quiet"] + words, in: folder)
      #expect(result.exitCode == 2)
      #expect(result.errors.contains(named))
      #expect(result.errors.filter { $0 == "\n" }.count == 1)
      #expect(result.output.isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["tree"])
    }
  }

  @Test func anInterruptEndsItWithExitCodeEightAndNoFile() throws {
    try ShoalBinary.withFolder { folder in
      let content = folder.appendingPathComponent("content")
      try FileManager.default.createDirectory(at: content, withIntermediateDirectories: true)
      try Data(repeating: 1, count: 256 << 20).write(to: content.appendingPathComponent("large"))
      let process = Process()
      let output = Pipe()
      process.executableURL = ShoalBinary.location
      process.arguments = ["create", "large", "--json"]
      process.currentDirectoryURL = content
      process.standardOutput = output
      try process.run()
      // The first event comes after the first megabytes.
      #expect(!output.fileHandleForReading.availableData.isEmpty)
      process.terminate()
      let rest = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationReason == .exit)
      #expect(process.terminationStatus == 8)
      #expect(String(decoding: rest, as: UTF8.self).contains(#""kind":"incomplete""#))
      #expect(try FileManager.default.contentsOfDirectory(atPath: content.path) == ["large"])
    }
  }
}
