import Foundation
import Testing

/// `shoal tracker` with members, and the verbs that administer it, as the program does both.
@Suite(.serialized) struct PrivateTrackerTests {
  private typealias Announce = PrivateTracker.Announce

  private func number(_ key: String, _ object: [String: Any]) -> UInt64? {
    (object[key] as? NSNumber)?.uint64Value
  }

  @Test func membersAloneAnnounceAndARevokedOneIsRefusedAtOnce() throws {
    try ShoalBinary.withFolder { folder in
      try PrivateTracker.with(folder) { tracker in
        let anna = try #require(try PrivateTracker.run("user", "add", "anna", in: folder).first)
        let key = try PrivateTracker.key(of: anna)
        let infoHash = try PrivateTracker.addTorrent("one", in: folder)
        let announce = Announce(infoHash: infoHash, event: "started")
        let roads: [PrivateTracker.Ask] = [tracker.http, tracker.udp]
        for ask in roads {
          #expect(try ask(announce, nil)?.contains("no key of a member") == true)
          #expect(
            try ask(announce, String(key.dropLast() + "x"))?.contains("no key") == true)
          #expect(try ask(announce, key) == nil)
          var strange = announce
          strange.infoHash = String(repeating: "0", count: 40)
          #expect(try ask(strange, key)?.contains("not registered") == true)
        }
        try PrivateTracker.run("user", "revoke", "anna", in: folder)
        for ask in roads {
          #expect(try ask(announce, key)?.contains("key was revoked") == true)
        }
        let again = try #require(try PrivateTracker.run("user", "rotate", "anna", in: folder).first)
        let next = try PrivateTracker.key(of: again)
        for ask in roads {
          #expect(try ask(announce, key)?.contains("no key of a member") == true)
          #expect(try ask(announce, next) == nil)
        }
        try PrivateTracker.run("torrent", "remove", infoHash, in: folder)
        for ask in roads {
          #expect(try ask(announce, next)?.contains("was removed") == true)
        }
      }
    }
  }

  @Test func aDownloadOfARevokedMemberEndsWhateverProtocolsItsFileNames() throws {
    try ShoalBinary.withFolder { folder in
      try PrivateTracker.with(folder) { _ in
        try PrivateTracker.run("user", "add", "anna", in: folder)
        let infoHash = try PrivateTracker.addTorrent("one", in: folder)
        try PrivateTracker.run(
          "torrent", "export", infoHash, "--user", "anna", "-o", "anna.torrent", in: folder)
        try PrivateTracker.run("user", "revoke", "anna", in: folder)
        let get = try RunningShoal.run(
          ["get", "anna.torrent", "-o", "mine", "--stall-timeout", "1m"] + TransferFixture.listen,
          in: folder)
        #expect(get.exitCode == 6, "\(get.errors)")
        #expect(get.errors.contains("key was revoked"))
      }
    }
  }

  @Test func whatMembersMoveIsCreditedByTheTermsOfTheTorrent() throws {
    try ShoalBinary.withFolder { folder in
      let anna = try #require(try PrivateTracker.run("user", "add", "anna", in: folder).first)
      let key = try PrivateTracker.key(of: anna)
      let plain = try PrivateTracker.addTorrent("plain", in: folder)
      let free = try PrivateTracker.addTorrent(
        "free", ["--freeleech", "--upload-percent", "200"], in: folder)
      try PrivateTracker.with(folder) { tracker in
        let roads: [(String, PrivateTracker.Ask)] = [(plain, tracker.http), (free, tracker.udp)]
        for (infoHash, ask) in roads {
          for (moved, event) in [(0, "started"), (100, ""), (150, "stopped")] {
            let announce = Announce(
              infoHash: infoHash, uploaded: UInt64(moved), downloaded: UInt64(moved * 2),
              event: event)
            let refusal = try ask(announce, key)
            #expect(refusal == nil)
          }
        }
      }
      let account = try PrivateTracker.member("anna", in: folder)
      #expect(number("movedUp", account) == 300)
      #expect(number("movedDown", account) == 600)
      #expect(number("uploaded", account) == 150 + 300)
      #expect(number("downloaded", account) == 300)
      #expect(account["ratio"] as? Double == 1.5)
      let stats = try #require(try PrivateTracker.run("stats", in: folder).first)
      #expect(number("movedDown", stats) == 600)
      #expect(number("torrents", stats) == 2)
    }
  }

  @Test func limitsAreInForceWhenTheVerbReturns() throws {
    try ShoalBinary.withFolder { folder in
      try PrivateTracker.with(folder) { tracker in
        let member = try #require(
          try PrivateTracker.run("user", "add", "ben", "--torrents", "1", in: folder).first)
        let key = try PrivateTracker.key(of: member)
        let hashes = try ["one", "two"].map { try PrivateTracker.addTorrent($0, in: folder) }
        #expect(try tracker.http(Announce(infoHash: hashes[0]), key: key) == nil)
        #expect(
          try tracker.udp(Announce(infoHash: hashes[1]), key: key)?.contains("more than the 1")
            == true)
        let changed = try #require(
          try PrivateTracker.run("user", "limit", "ben", "--torrents", "2", in: folder).first)
        #expect(changed["torrents"] as? Int == 2)
        #expect(changed["addresses"] is NSNull)
        #expect(try tracker.http(Announce(infoHash: hashes[1]), key: key) == nil)
      }
    }
  }

  @Test func noKeyReachesALogOrAnError() throws {
    try ShoalBinary.withFolder { folder in
      let anna = try #require(try PrivateTracker.run("user", "add", "anna", in: folder).first)
      let key = try PrivateTracker.key(of: anna)
      let words = PrivateTracker.words.filter { $0 != "--json" } + ["--verbose"]
      try RunningShoal.with(words, in: folder) { running in
        let line = try running.line(beginning: "announce to http://127.0.0.1:")
        let port = try #require(UInt16(line.prefix { $0.isNumber }))
        for target in [
          "/\(key)/announce", "/\(key)/announce?x", "/\(key)/nothing", "/\(key)/scrape",
        ] {
          let reply = try PlainHTTP.send(target, port: port)
          #expect(!reply.text.contains(key) && !reply.head.contains(key))
        }
        try PrivateTracker.run("user", "revoke", "anna", in: folder)
        running.signal(SIGTERM)
        let result = try running.end()
        #expect(!result.output.contains(key) && !result.errors.contains(key))
      }
    }
  }

  @Test func aMembersFileNamesTheMembersOwnURLs() throws {
    try ShoalBinary.withFolder { folder in
      try PrivateTracker.run("user", "add", "anna", in: folder)
      let infoHash = try PrivateTracker.addTorrent("one", in: folder)
      let words = PrivateTracker.words + ["--public-url", "https://tracker.example/"]
      try RunningShoal.with(words, in: folder) { running in
        _ = try running.event("started")
        running.signal(SIGTERM)
        #expect(try running.end().exitCode == 0)
      }
      try PrivateTracker.run(
        "torrent", "export", infoHash, "--user", "anna", "-o", "anna.torrent", in: folder)
      let key = try PrivateTracker.key(of: try PrivateTracker.member("anna", in: folder))
      let shown = try RunningShoal.run(["show", "anna.torrent", "--json"], in: folder).json
      #expect(
        shown["trackers"] as? [[String]] == [["https://tracker.example/\(key)/announce"]])
      #expect(shown["infoHash"] as? String == infoHash)
    }
  }

  @Test func torrentsAreListedAndSearched() throws {
    try ShoalBinary.withFolder { folder in
      _ = try PrivateTracker.addTorrent("tide", ["--tag", "film"], in: folder)
      _ = try PrivateTracker.addTorrent("harbour", ["--title", "A \u{1b}[1m quay"], in: folder)
      func names(_ words: String...) throws -> [String] {
        let result = try RunningShoal.run(
          ["tracker", "torrent", "list", "--data", "state", "--json"] + words, in: folder)
        return try JSONLines.objects(result.output).compactMap { $0["name"] as? String }
      }
      #expect(Set(try names()) == ["tide", "A \u{1b}[1m quay"])
      #expect(try names("FIL") == ["tide"])
      let text = try RunningShoal.run(
        ["tracker", "torrent", "list", "quay", "--data", "state"], in: folder)
      #expect(text.output.contains("A \\x1B[1m quay"))
      #expect(!text.output.contains("\u{1b}"))
    }
  }

  @Test(arguments: [
    (["user", "revoke", "nobody"], 2, "there is no member 'nobody'"),
    (["user", "add", "anna"], 2, "there is a member 'anna' already"),
    (["user", "add", "a\nb"], 2, "cannot be a member's name"),
    (["torrent", "remove", "zz"], 2, "no info-hash"),
    (
      ["torrent", "remove", "0123456789abcdef0123456789abcdef01234567"], 2, "there is no torrent"
    ),
    (["torrent", "add", "bad.torrent"], 3, "bad.torrent"),
    (["torrent", "add", "missing.torrent"], 2, "missing.torrent"),
    (["torrent", "export", "0123456789abcdef0123456789abcdef01234567"], 2, "--user is missing"),
    (["--open"], 2, "--open would serve everybody"),
    (["--torrents", "x"], 2, "no folder of torrents"),
    (["--public-url", "http://a/b"], 2, "--public-url wants"),
  ])
  func misuseIsOneLine(words: [String], exitCode: Int32, part: String) throws {
    try ShoalBinary.withFolder { folder in
      try PrivateTracker.run("user", "add", "anna", in: folder)
      try Data("x".utf8).write(to: folder.appendingPathComponent("bad.torrent"))
      let result = try RunningShoal.run(["tracker"] + words + ["--data", "state"], in: folder)
      #expect(result.exitCode == exitCode, "\(result.errors)")
      #expect(result.errors.contains(part), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
  }

  @Test func twoTrackersShareNoDataFolder() throws {
    try ShoalBinary.withFolder { folder in
      try PrivateTracker.with(folder) { _ in
        let second = try RunningShoal.run(PrivateTracker.words, in: folder)
        #expect(second.exitCode == 5)
        #expect((try second.json["message"] as? String)?.contains("already") == true)
      }
    }
  }

  @Test func aLookMakesNoAccounts() throws {
    try ShoalBinary.withFolder { folder in
      for words in [["user", "list"], ["torrent", "list"], ["stats"]] {
        let result = try RunningShoal.run(["tracker"] + words + ["--data", "state"], in: folder)
        #expect(result.exitCode == 2)
        #expect(result.errors.contains("there are no accounts"), "\(result.errors)")
      }
      #expect(
        !FileManager.default.fileExists(atPath: folder.appendingPathComponent("state").path))
    }
  }
}
