import Foundation
import Testing

@Suite struct ShowTests {
  /// A folder with a hostile name in it, made by hand so that every byte is known.
  private static let document = Data(
    ("d8:announce17:http://t/announce13:announce-listll17:http://t/announceel5:udp:/ee"
      + "7:comment9:words\u{1b}[1m10:created by4:test13:creation datei1709210096e"
      + "4:infod5:filesld6:lengthi10e4:pathl1:aeed6:lengthi0e4:pathl1:d6:\u{1b}[31mr"
      + "eee4:name4:root12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa7:privatei1e"
      + "6:source4:HEREe8:url-list9:http://w/e").utf8)

  private func file(_ document: Data = document, _ body: (String, URL) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let file = folder.appendingPathComponent("x.torrent")
      try document.write(to: file)
      try body(file.path, folder)
    }
  }

  @Test func programsGetOneObjectWithEveryKey() throws {
    try file { path, _ in
      let result = try ShoalBinary.run(["show", path, "--json"])
      #expect(result.exitCode == 0)
      #expect(!result.output.contains("\u{1b}"))
      let json = try result.json
      #expect(json["name"] as? String == "root")
      #expect(json["size"] as? Int == 10)
      #expect(json["pieceLength"] as? Int == 16384)
      #expect(json["pieces"] as? Int == 1)
      #expect(json["private"] as? Bool == true)
      #expect((json["infoHash"] as? String)?.count == 40)
      #expect(json["infoHashV2"] == nil)
      #expect(json["trackers"] as? [[String]] == [["http://t/announce"], ["udp:/"]])
      #expect(json["webSeeds"] as? [String] == ["http://w/"])
      #expect(json["comment"] as? String == "words\u{1b}[1m")
      #expect(json["createdBy"] as? String == "test")
      #expect(json["creationDate"] as? Int == 1_709_210_096)
      #expect(json["source"] as? String == "HERE")
      let hash = try #require(json["infoHash"] as? String)
      #expect((json["magnet"] as? String)?.hasPrefix("magnet:?xt=urn:btih:\(hash)&dn=root") == true)
      let files = try #require(json["files"] as? [[String: Any]])
      #expect(files.map { $0["path"] as? String } == ["root/a", "root/d/_[31mr"])
      #expect(files.map { $0["size"] as? Int } == [10, 0])
    }
  }

  @Test func peopleGetATableWithoutControlCharacters() throws {
    try file { path, _ in
      let result = try ShoalBinary.run(["show", path])
      #expect(result.exitCode == 0)
      for line in [
        "name          root\n", "size          10 B (10 bytes)\n", "pieces        1 of 16 KiB\n",
        "private       yes\n", "tracker 1     http://t/announce\n", "comment       words\\x1B[1m\n",
        "created       2024-02-29 12:34:56 UTC\n", "source        HERE\n", "2 files\n",
        "        10 B  root/a\n", "         0 B  root/d/_[31mr\n",
      ] {
        #expect(result.output.contains(line))
      }
      #expect(!result.output.contains("\u{1b}"))
    }
  }

  @Test func aFileIsReadFromStandardInputAndFromNamesWithDashes() throws {
    #expect(try ShoalBinary.run(["show", "-"], input: Self.document).exitCode == 0)
    try file { path, folder in
      let odd = folder.appendingPathComponent("--odd.torrent")
      try FileManager.default.moveItem(atPath: path, toPath: odd.path)
      #expect(try ShoalBinary.run(["show", "--", "--odd.torrent"], in: folder).exitCode == 0)
    }
  }

  @Test(arguments: [
    Data(), Data("hello".utf8), Data("de".utf8), Data("d4:infodee".utf8), document.dropLast(),
    document + Data("x".utf8), Data(repeating: UInt8(ascii: "l"), count: 300_000),
    Data(repeating: UInt8(ascii: "0"), count: 33 << 20),
  ])
  func aRefusedFileIsOneErrorAndExitCodeThree(document: Data) throws {
    try file(document) { path, _ in
      let result = try ShoalBinary.run(["show", path])
      #expect(result.exitCode == 3)
      #expect(result.errors.hasPrefix("shoal: \(path): "))
      #expect(result.errors.filter { $0 == "\n" }.count == 1)
      #expect(result.output.isEmpty)

      let json = try ShoalBinary.run(["show", "--json", path])
      #expect(json.exitCode == 3)
      #expect(json.errors.isEmpty)
      #expect(try json.json["event"] as? String == "error")
      #expect(try json.json["code"] as? Int == 3)
      #expect(try json.json["subject"] as? String == path)
    }
  }

  @Test func aPathThatIsNoFileIsAUsageError() throws {
    try ShoalBinary.withFolder { folder in
      for path in ["nowhere.torrent", folder.path] {
        let result = try ShoalBinary.run(["show", path], in: folder)
        #expect(result.exitCode == 2)
        #expect(result.errors.hasSuffix("; check the path\n"))
      }
    }
  }

  @Test func aMagnetLinkShowsWhatIsKnown() throws {
    let hash = "0123456789abcdef0123456789abcdef01234567"
    let link =
      "magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH&dn=a%1B%5B31mb&tr=udp%3A%2F%2Ft"
    let json = try ShoalBinary.run(["show", link, "--json"]).json
    #expect(json["infoHash"] as? String == hash)
    #expect(json["name"] as? String == "a\u{1b}[31mb")
    #expect(json["size"] is NSNull)
    #expect(json["trackers"] as? [[String]] == [["udp://t"]])
    #expect(try ShoalBinary.run(["show", link]).output.contains("name          a\\x1B[31mb\n"))
    #expect(try ShoalBinary.run(["show", "magnet:?xt=urn:btih:zz"]).exitCode == 3)
  }

  @Test func theMagnetVerbPrintsTheLinkAndNothingElse() throws {
    try file { path, _ in
      let result = try ShoalBinary.run(
        ["magnet", path, "--peer", "[::1]:6881", "--peer=host:1", "--tracker", "http://more/"])
      #expect(result.exitCode == 0)
      let json = try ShoalBinary.run(["show", "--json", path]).json
      let hash = try #require(json["infoHash"] as? String)
      #expect(
        result.output
          == "magnet:?xt=urn:btih:\(hash)&dn=root&tr=http%3A%2F%2Ft%2Fannounce&tr=udp%3A%2F"
          + "&tr=http%3A%2F%2Fmore%2F&ws=http%3A%2F%2Fw%2F&x.pe=[::1]:6881&x.pe=host:1\n")
      #expect(
        try ShoalBinary.run(["magnet", path, "--json"]).json["magnet"] as? String
          == json["magnet"] as? String)
    }
  }
}
