import Foundation
import Testing

@Suite struct EditTests {
  private static let trackers = ["http://a/announce", "udp://b:1"]

  /// A torrent with two trackers, a web seed and a comment.
  private func torrent(_ body: (URL) throws -> Void) throws {
    try TransferFixture.withFile(40_000) { folder in
      let created = try ShoalBinary.run(
        ["create", "file.bin", "-q", "--comment", "words", "--web-seed", "http://w/"]
          + Self.trackers.flatMap { ["-t", $0] }, in: folder)
      try #require(created.exitCode == 0)
      try body(folder)
    }
  }

  private func shown(_ file: String, _ folder: URL) throws -> [String: Any] {
    try ShoalBinary.run(["show", "--json", file], in: folder).json
  }

  private static let edits: [(words: [String], key: String, value: String, changed: [String])] = [
    (["-t", "http://c/"], "trackers", "http://a/announce,udp://b:1,http://c/", ["announce-list"]),
    (["-t", "udp://b:1"], "trackers", "http://a/announce,udp://b:1", []),
    (["--remove-tracker", "udp://b:1"], "trackers", "http://a/announce", ["announce-list"]),
    (["--clear-trackers"], "trackers", "", ["announce-list"]),
    (["--clear-trackers", "-t", "http://c/"], "trackers", "http://c/", ["announce-list"]),
    (["--web-seed", "http://v/"], "webSeeds", "http://w/,http://v/", ["url-list"]),
    (["--remove-web-seed", "http://w/"], "webSeeds", "", ["url-list"]),
    (["--clear-web-seeds"], "webSeeds", "", ["url-list"]),
    (["--comment", "more \u{1b}[31m"], "comment", "more \u{1b}[31m", ["comment"]),
    (["--comment="], "comment", "<null>", ["comment"]),
    (["--created-by", "me"], "createdBy", "me", ["created by"]),
  ]

  @Test(arguments: edits) func anOuterFieldChangesAndTheInfoHashDoesNot(
    words: [String], key: String, value: String, changed: [String]
  ) throws {
    try torrent { folder in
      let before = try shown("file.bin.torrent", folder)
      let event = try ShoalBinary.run(
        ["edit", "file.bin.torrent", "--json"] + words, in: folder
      ).json
      #expect(event["event"] as? String == "edited")
      #expect(event["changed"] as? [String] == changed)
      let after = try shown("file.bin.torrent", folder)
      for key in ["infoHash", "previousInfoHash"] {
        #expect(event[key] as? String == before["infoHash"] as? String)
      }
      #expect(after["infoHash"] as? String == before["infoHash"] as? String)
      let found =
        switch after[key] {
        case let tiers as [[String]]: tiers.map { $0.joined(separator: "+") }.joined(separator: ",")
        case let list as [String]: list.joined(separator: ",")
        case let other?: "\(other)"
        case nil: "absent"
        }
      #expect(found == value)
      for other in ["name", "size", "creationDate"] {
        #expect("\(after[other] ?? "")" == "\(before[other] ?? "")")
      }
    }
  }

  @Test func theInfoDictionaryChangesOnlyWhenThatIsSaid() throws {
    try torrent { folder in
      let before = try shown("file.bin.torrent", folder)
      for words in [["--private"], ["--public"], ["--source", "HERE"]] {
        let refused = try ShoalBinary.run(["edit", "file.bin.torrent"] + words, in: folder)
        #expect(refused.exitCode == 2)
        #expect(refused.errors.contains("\(words[0]) changes the info-hash"))
        #expect(refused.errors.contains("--new-info-hash"))
      }
      let edited = try ShoalBinary.run(
        [
          "edit", "file.bin.torrent", "--private", "--source", "HERE", "--new-info-hash", "-o",
          "other.torrent",
        ], in: folder)
      #expect(edited.exitCode == 0)
      let after = try shown("other.torrent", folder)
      #expect(after["private"] as? Bool == true)
      #expect(after["source"] as? String == "HERE")
      let hashes = [after, before].compactMap { $0["infoHash"] as? String }
      #expect(
        edited.output == """
          edited other.torrent: private, source
          info-hash \(hashes[0]), another torrent; it was \(hashes[1])

          """)
      #expect(try shown("file.bin.torrent", folder)["infoHash"] as? String == hashes[1])
      #expect(try ShoalBinary.run(["verify", "other.torrent", "."], in: folder).exitCode == 0)
    }
  }

  @Test func theFileIsReplacedWhereItIsAndStaysAsPrivateAsItWas() throws {
    try torrent { folder in
      let files = FileManager.default
      let file = folder.appendingPathComponent("file.bin.torrent")
      try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
      try files.createSymbolicLink(
        atPath: folder.appendingPathComponent("link").path, withDestinationPath: file.path)
      #expect(
        try ShoalBinary.run(["edit", "link", "--comment", "new"], in: folder).exitCode == 0)
      #expect(try shown("file.bin.torrent", folder)["comment"] as? String == "new")
      let attributes = try files.attributesOfItem(atPath: file.path)
      #expect((attributes[.posixPermissions] as? Int) == 0o600)
      #expect(try files.destinationOfSymbolicLink(atPath: folder.path + "/link") == file.path)

      let piped = try ShoalBinary.run(
        ["edit", "-", "-o", "piped.torrent", "--comment", "piped"],
        input: try Data(contentsOf: file), in: folder)
      #expect(piped.exitCode == 0)
      #expect(try shown("piped.torrent", folder)["comment"] as? String == "piped")
      #expect(
        try files.contentsOfDirectory(atPath: folder.path).sorted()
          == ["file.bin", "file.bin.torrent", "link", "piped.torrent"])
    }
  }

  @Test(arguments: [
    (["file.bin.torrent"], Int32(2), "nothing is to be changed"),
    (["file.bin.torrent", "--remove-tracker", "http://no/"], 2, "it has no tracker 'http://no/'"),
    (["file.bin.torrent", "--remove-web-seed", "http://no/"], 2, "it has no web seed"),
    (["file.bin.torrent", "--tracker", "nonsense"], 2, "--tracker wants a URL"),
    (["file.bin.torrent", "--private", "--public"], 2, "exclude each other"),
    (["file.bin", "--comment", "x"], 3, "file.bin: no usable .torrent file"),
    (["missing.torrent", "--comment", "x"], 2, "missing.torrent: "),
    (["-", "--comment", "x"], 2, "name one with --output"),
    (["file.bin.torrent", "--comment", "x", "-o", "/sys/x.torrent"], 5, "/sys/x.torrent: "),
  ])
  func whatCannotBeDoneLeavesTheFileAlone(words: [String], exitCode: Int32, named: String) throws {
    try torrent { folder in
      let file = folder.appendingPathComponent("file.bin.torrent")
      let before = try Data(contentsOf: file)
      let result = try ShoalBinary.run(["edit"] + words, in: folder)
      #expect(result.exitCode == exitCode)
      #expect(result.errors.contains(named), "\(result.errors)")
      #expect(result.errors.filter { $0 == "\n" }.count == 1)
      #expect(try Data(contentsOf: file) == before)
    }
  }
}
