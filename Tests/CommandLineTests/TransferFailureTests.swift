import Foundation
import Testing

/// How `get`, `seed` and `tracker` end, and what they say, when not all is well.
@Suite(.serialized) struct TransferFailureTests {
  private static let listen = TransferFixture.listen

  /// A file and its torrent, with nobody sharing it.
  private func withTorrent(_ body: (URL) throws -> Void) throws {
    try TransferFixture.withFile(200_000) { folder in
      let created = try RunningShoal.run(["create", "file.bin", "--quiet"], in: folder)
      #expect(created.exitCode == 0)
      try Data("no torrent".utf8).write(to: folder.appendingPathComponent("bad.torrent"))
      try body(folder)
    }
  }

  private static let misuses: [(words: [String], exitCode: Int32, named: String)] = [
    (["--selct", "x", "file.bin.torrent"], 2, "did you mean '--select'?"),
    (["missing.torrent"], 2, "missing.torrent: "),
    (["bad.torrent"], 3, "bad.torrent: "),
    (["magnet:?xt=urn:btih:zz"], 3, "magnet:?xt=urn:btih:zz: "),
    (["file.bin.torrent", "-o", "file.bin"], 5, "file.bin"),
    (["file.bin.torrent", "-o", "file.bin/below"], 5, "file.bin"),
    (["file.bin.torrent", "-o", "/proc/shoal"], 5, "/proc/shoal"),
    (["file.bin.torrent", "-o", "copy", "--stall-timeout", "1s"], 7, "no peers were found"),
  ]

  @Test(arguments: misuses) func whatGoesWrongHasItsExitCodeAndOneLine(
    words: [String], exitCode: Int32, named: String
  ) throws {
    try withTorrent { folder in
      let get = try RunningShoal.run(["get"] + words + Self.listen, in: folder)
      #expect(get.exitCode == exitCode)
      #expect(get.errors.hasPrefix("shoal: "))
      #expect(get.errors.contains(named), "\(get.errors)")
      #expect(get.errors.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test(.enabled(if: getuid() != 0, "nothing is read-only to root"))
  func
    aReadOnlyFolderIsTheDisksFault() throws
  {
    try withTorrent { folder in
      let path = folder.appendingPathComponent("fixed").path
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o555])
      let get = try RunningShoal.run(
        ["get", "file.bin.torrent", "-o", path] + Self.listen, in: folder)
      #expect(get.exitCode == 5)
    }
  }

  @Test func seedServesWhatIsRightAndEndsWithoutAny() throws {
    try withTorrent { folder in
      let seed = ["seed", "file.bin.torrent"] + Self.listen
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("partial"), withIntermediateDirectories: true)
      let missing = try RunningShoal.run(seed + ["--data", "partial"], in: folder)
      #expect(missing.exitCode == 4)
      #expect(missing.errors.contains("none of its data is in the folder"))

      var data = try Data(contentsOf: folder.appendingPathComponent("file.bin"))
      data[0] ^= 1
      try data.write(to: folder.appendingPathComponent("partial/file.bin"))
      try RunningShoal.with(seed + ["--data", "partial", "--json"], in: folder) { partial in
        let peer = try #require(partial.event("started")["listen"] as? [String])[0]
        let get = try RunningShoal.run(
          ["get", "file.bin.torrent", "-o", "copy", "--peer", peer, "--stall-timeout", "1s"]
            + Self.listen, in: folder)
        #expect(get.exitCode == 7)
        let copy = try Data(contentsOf: folder.appendingPathComponent("copy/file.bin"))
        #expect(copy.count == data.count)
        #expect(copy.dropFirst(16 << 10) == data.dropFirst(16 << 10))
        partial.signal(SIGINT)
        #expect(try partial.end().exitCode == 0)
      }

      // What is still missing comes from whoever has it all.
      try RunningShoal.with(seed + ["--json"], in: folder) { whole in
        let peer = try #require(whole.event("started")["listen"] as? [String])[0]
        let get = try RunningShoal.run(
          ["get", "file.bin.torrent", "-o", "copy", "--peer", peer, "--json"] + Self.listen,
          in: folder)
        #expect(get.exitCode == 0)
        let complete = try JSONLines.objects(get.output).first {
          $0["event"] as? String == "complete"
        }
        #expect(complete?["downloaded"] as? Int == 16 << 10)
      }
    }
  }

  @Test func aTrackerKnowsTheTorrentsOfItsFolderAndItsSwarmsOverARestart() throws {
    try withTorrent { folder in
      let shown = try ShoalBinary.run(["show", "--json", "file.bin.torrent"], in: folder).json
      let hash = try #require(shown["infoHash"] as? String)
      let words = ["tracker", "--data", "state", "--json"] + Self.listen
      try RunningShoal.with(words, in: folder) { tracker in
        let port = try port(of: tracker)
        let refused = try announce(hash, seedOn: 6881, port: port)
        #expect(refused.contains("14:failure reason"))
        #expect(refused.contains("not registered"), "\(refused)")
        let get = try RunningShoal.run(
          [
            "get", "file.bin.torrent", "-o", "copy", "--tracker",
            "http://127.0.0.1:\(port)/announce",
          ]
            + Self.listen, in: folder)
        #expect(get.exitCode == 6)
        #expect(get.errors.contains("the tracker refused: "))

        let torrents = folder.appendingPathComponent("state/torrents")
        try FileManager.default.createDirectory(at: torrents, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          at: folder.appendingPathComponent("file.bin.torrent"),
          to: torrents.appendingPathComponent("one.torrent"))
        let taken = try RunningShoal.wait(for: "the torrent to be picked up") {
          let reply = try announce(hash, seedOn: 6881, port: port)
          return reply.contains("failure reason") ? nil : reply
        }
        #expect(taken.contains("8:completei1e"))
        tracker.signal(SIGTERM)
        #expect(try tracker.end().exitCode == 0)
      }
      try RunningShoal.with(words, in: folder) { tracker in
        let reply = try announce(hash, seedOn: 6882, port: try port(of: tracker))
        #expect(reply.contains("8:completei2e"), "\(reply)")
        tracker.signal(SIGTERM)
        #expect(try tracker.end().exitCode == 0)
      }
    }
  }

  private func port(of tracker: RunningShoal) throws -> UInt16 {
    try PlainHTTP.port(in: try #require(tracker.event("started")["listen"] as? [String])[0])
  }

  /// Announces a seed that listens on a port of its own.
  private func announce(_ hash: String, seedOn seedPort: UInt16, port: UInt16) throws -> String {
    let digits = Array(hash)
    let escaped = stride(from: 0, to: digits.count, by: 2).map { "%\(digits[$0])\(digits[$0 + 1])" }
    let reply = try PlainHTTP.send(
      "/announce?info_hash=\(escaped.joined())&peer_id=-SH0000-000000000000"
        + "&port=\(seedPort)&uploaded=0&downloaded=0&left=0&compact=1", port: port)
    #expect(reply.status == 200)
    return reply.text
  }
}
