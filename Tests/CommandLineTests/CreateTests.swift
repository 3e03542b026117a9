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
      let whole = try #require(shown["infoHashV2"] as? String)
      #expect(
        created.output == """
          left out link: a symbolic link
          left out sub/empty: an empty folder
          created tree.torrent: 97 KiB in 8 pieces of 16 KiB
          info-hash \(hash)
          info-hash \(whole)

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

  /// Some files stay open between a first look and the reading, then some folders do, then nothing.
  @Test func fewDescriptorsMakeTheSameTorrent() throws {
    try ShoalBinary.withFolder { folder in
      for number in 0..<60 {
        let inner = folder.appendingPathComponent("tree/\(number)/deep")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        for file in 0..<4 {
          try Data("\(number) \(file)".utf8).write(to: inner.appendingPathComponent("\(file)"))
        }
      }
      let words = ["create", "tree", "--v1", "--piece-length", "16KiB", "-o"]
      let usual = try ShoalBinary.run(words + ["usual.torrent"], in: folder)
      #expect(usual.exitCode == 0)
      let limited = try ShoalBinary.run(
        ["-c", "ulimit -n 330; exec \"$0\" \"$@\"", ShoalBinary.location.path] + words
          + ["limited.torrent"], in: folder, program: URL(fileURLWithPath: "/bin/bash"))
      #expect(limited.exitCode == 0, "\(limited.errors)")
      #expect(
        usual.output.split(separator: "\n").last == limited.output.split(separator: "\n").last)
    }
  }

  /// The paths of the torrent that `create` makes of `tree` with some flags, and those left out.
  private func content(_ words: [String], in folder: URL) throws -> (
    files: [String], skipped: [String], shown: [String: Any]
  ) {
    let made = try ShoalBinary.run(["create", "tree", "--json"] + words, in: folder)
    #expect(made.exitCode == 0, "\(made.output)")
    let created = try #require(try JSONLines.objects(made.output).last)
    let shown = try ShoalBinary.run(["show", "--json", "tree.torrent"], in: folder).json
    let files = try #require(shown["files"] as? [[String: Any]])
    return (
      files.compactMap { ($0["path"] as? String)?.dropFirst(5).description },
      try #require(created["skipped"] as? [String]), shown
    )
  }

  /// By its info-hash or its file, outside of the info dictionary: the info-hash stays.
  @Test func similarTorrentsAreNamedAndShown() throws {
    try tree { folder in
      _ = try ShoalBinary.run(["create", "tree", "-o", "old.torrent", "-q"], in: folder)
      let old = try ShoalBinary.run(["show", "--json", "old.torrent"], in: folder).json
      let hash = String(repeating: "ab", count: 20)
      let made = try ShoalBinary.run(
        ["create", "tree", "--similar", "old.torrent", "--similar", hash, "-q"], in: folder)
      #expect(made.exitCode == 0, "\(made.errors)")
      let shown = try ShoalBinary.run(["show", "--json", "tree.torrent"], in: folder).json
      let name = try #require(old["infoHash"] as? String)
      #expect(shown["similar"] as? [String] == [name, hash])
      #expect(shown["infoHash"] as? String == name)
      #expect(old["similar"] as? [String] == [])
      let table = try ShoalBinary.run(["show", "tree.torrent"], in: folder).output
      #expect(table.contains("similar to    \(hash)\n"))
      let wrong = try ShoalBinary.run(["create", "tree", "--similar", "nothing"], in: folder)
      #expect(wrong.exitCode == 2)
    }
  }

  @Test func whatIsExcludedOrHiddenStaysBehind() throws {
    try tree { folder in
      let root = folder.appendingPathComponent("tree")
      for path in [".git/x", "sub/.hidden", "sub/b.tmp", "deep/cache/y"] {
        let file = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(path.utf8).write(to: file)
      }
      let all = try content([], in: folder)
      #expect(
        all.files == [".git/x", "a", "deep/cache/y", "sub/.hidden", "sub/b", "sub/b.tmp", "zero"])
      let shown = try content(["--skip-hidden"], in: folder)
      #expect(shown.files == ["a", "deep/cache/y", "sub/b", "sub/b.tmp", "zero"])
      #expect(shown.skipped == [".git", "link", "sub/.hidden", "sub/empty"])
      let chosen = try content(
        ["--exclude", "*.tmp", "--exclude=.git", "--exclude", "deep/**"], in: folder)
      #expect(chosen.files == ["a", "sub/.hidden", "sub/b", "zero"])
      #expect(chosen.skipped == [".git", "deep/cache", "link", "sub/b.tmp", "sub/empty"])
      // Nobody is told of what was asked for.
      let quiet = try ShoalBinary.run(["create", "tree", "--exclude", "*.tmp"], in: folder)
      #expect(!quiet.output.contains("b.tmp") && quiet.output.contains("left out link:"))
    }
  }

  @Test(arguments: ["v1", "v2", "hybrid"])
  func linksAreLeftOutFollowedOrKept(version: String) throws {
    try tree { folder in
      let root = folder.appendingPathComponent("tree")
      let files = FileManager.default
      try files.createDirectory(
        at: folder.appendingPathComponent("outside"), withIntermediateDirectories: true)
      try Data("far away".utf8).write(to: folder.appendingPathComponent("outside/file"))
      for (path, target) in [
        ("sub/up", "../a"), ("folder", "sub"), ("out", "../outside"), ("dead", "nothing"),
        ("sub/loop", ".."), ("twice", "link"),
      ] {
        try files.createSymbolicLink(
          atPath: root.appendingPathComponent(path).path, withDestinationPath: target)
      }
      let flag = ["--\(version)"]

      let kept = try content(flag + ["--links", "keep"], in: folder)
      #expect(kept.files == ["a", "folder", "link", "sub/b", "sub/up", "zero"])
      #expect(Set(kept.skipped) == ["dead", "out", "sub/empty", "sub/loop", "twice"])
      let entries = try #require(kept.shown["files"] as? [[String: Any]])
      #expect(
        entries.map { $0["link"] as? String } == [nil, "sub", "a", nil, "a", nil])
      #expect(try ShoalBinary.run(["verify", "tree.torrent", "tree"], in: folder).exitCode == 0)

      let followed = try content(flag + ["--links=follow"], in: folder)
      #expect(
        followed.files == [
          "a", "folder/b", "folder/up", "link", "out/file", "sub/b", "sub/up", "twice", "zero",
        ])
      #expect(
        Set(followed.skipped) == [
          "dead", "folder/empty", "folder/loop", "sub/empty", "sub/loop",
        ])
      let seed = ["share", "tree", "--links", "follow", "--json"] + flag + TransferFixture.listen
      try RunningShoal.with(seed, in: folder) { share in
        let magnet = try #require(share.event("shared")["magnet"] as? String)
        let get = try RunningShoal.run(
          ["get", magnet, "-o", "copy"] + TransferFixture.listen, in: folder)
        #expect(get.exitCode == 0, "\(get.errors)")
      }
      for (path, text) in [("out/file", "far away"), ("folder/b", "hello")] {
        let copy = folder.appendingPathComponent("copy/tree/\(path)")
        #expect(try Data(contentsOf: copy) == Data(text.utf8))
      }
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
    (["tree", "--name", ".."], "--name"), (["tree", "--links", "all"], "--links"),
    (["tree", "--private", "--public"], "exclude"),
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
