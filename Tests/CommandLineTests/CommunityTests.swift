import Foundation
import Testing

/// Several trackers that serve one community, over the real servers.
@Suite(.serialized, .enabled(if: StoreServer.areInstalled)) struct CommunityTests {
  private typealias Announce = PrivateTracker.Announce

  /// Two trackers over one Redis and one PostgreSQL, and a member with a torrent.
  private struct Stage {
    let folder: URL
    let redis: StoreServer
    let postgres: StoreServer
    let words: [String]
    let infoHash: String
    let key: String

    /// Runs one of `shoal tracker`'s verbs on the shared accounts.
    @discardableResult
    func run(_ words: String..., exitCode: Int32 = 0) throws -> [[String: Any]] {
      let result = try RunningShoal.run(
        ["tracker"] + words + ["--accounts", postgres.postgresURL, "--json"], in: folder)
      #expect(result.exitCode == exitCode, "\(words): \(result.output)\(result.errors)")
      return try JSONLines.objects(result.output)
    }

    func member() throws -> [String: Any] { try #require(try run("user", "list", "anna").first) }

    func uploaded() throws -> UInt64? { (try member()["uploaded"] as? NSNumber)?.uint64Value }

    /// Waits for the credit, and for a second batch that could add to it once more.
    func expectUploaded(_ bytes: UInt64) throws {
      _ = try RunningShoal.wait(for: "\(bytes) bytes of credit") {
        try uploaded() == bytes ? true : nil
      }
      usleep(1_200_000)
      #expect(try uploaded() == bytes)
    }

    func tracker(_ name: String, _ body: (PrivateTracker, RunningShoal) throws -> Void) throws {
      try RunningShoal.with(
        ["tracker", "--data", name, "--json"] + words + TransferFixture.listen, in: folder
      ) { running in
        try body(PrivateTracker(folder, running), running)
      }
    }

    /// The peers that an announce by HTTP names, by port, and how many there are.
    func peers(
      _ announce: Announce, at tracker: PrivateTracker, from address: String? = nil
    ) throws -> (ports: Set<Int>, count: Int) {
      let headers = address.map { ["X-Forwarded-For: \($0)"] } ?? []
      let body = try PlainHTTP.send(
        "/\(key)/announce?\(announce.query)&compact=1", headers: headers, port: tracker.port
      ).body
      let text = String(decoding: body, as: UTF8.self)
      #expect(text.contains("8:interval"), "\(text)")
      func number(_ name: String) -> Int {
        guard let range = text.range(of: "\(name)i") else { return 0 }
        return Int(text[range.upperBound...].prefix { $0.isNumber }) ?? 0
      }
      var ports: Set<Int> = []
      for (name, length) in [("5:peers", 6), ("6:peers6", 18)] {
        guard let start = body.range(of: Data(name.utf8))?.upperBound,
          let colon = body[start...].firstIndex(of: UInt8(ascii: ":")),
          let count = Int(String(decoding: body[start..<colon], as: UTF8.self))
        else { continue }
        let list = Array(body[(colon + 1)...].prefix(count))
        for place in stride(from: 0, to: list.count, by: length) {
          ports.insert(Int(list[place + length - 2]) << 8 | Int(list[place + length - 1]))
        }
      }
      return (ports, number("8:complete") + number("10:incomplete"))
    }
  }

  private func withStage(_ words: [String] = [], _ body: (Stage) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      try StoreServer.with(.redis) { redis in
        try StoreServer.with(.postgres) { postgres in
          let shared = ["--accounts", postgres.postgresURL]
          func run(_ words: [String]) throws -> [String: Any] {
            let result = try RunningShoal.run(words + shared + ["--json"], in: folder)
            #expect(result.exitCode == 0, "\(result.errors)")
            return try result.json
          }
          let anna = try run(["tracker", "user", "add", "anna"])
          try Data("one".utf8).write(to: folder.appendingPathComponent("one"))
          let made = try RunningShoal.run(
            ["create", "one", "-o", "one.torrent", "--private"], in: folder)
          #expect(made.exitCode == 0, "\(made.errors)")
          let torrent = try run(["tracker", "torrent", "add", "one.torrent"])
          try body(
            Stage(
              folder: folder, redis: redis, postgres: postgres,
              words: shared + ["--swarms", redis.redisURL] + words,
              infoHash: try #require(torrent["infoHash"] as? String),
              key: try PrivateTracker.key(of: anna)))
        }
      }
    }
  }

  @Test func twoTrackersAreOneAndOneIsEnough() throws {
    try withStage { stage in
      try stage.tracker("b") { second, _ in
        try stage.tracker("a") { first, running in
          var one = Announce(infoHash: stage.infoHash, peer: 1, event: "started")
          #expect(try stage.peers(one, at: first).ports == [])
          let two = Announce(infoHash: stage.infoHash, peer: 2, event: "started")
          // Each is told of whoever announced to the other, by either protocol.
          let seen = try stage.peers(two, at: second)
          #expect(seen.ports == [1001] && seen.count == 2)
          #expect(
            try second.udp(Announce(infoHash: stage.infoHash, peer: 3), key: stage.key) == nil)
          #expect(try stage.peers(one, at: first).ports == [1002, 1003])
          let scrape = try PlainHTTP.send(
            "/\(stage.key)/scrape?info_hash=\(one.escapedInfoHash)", port: first.port
          ).text
          #expect(scrape.contains("10:incompletei3e"), "\(scrape)")

          // Credit goes on where it was, whichever tracker hears the next announce, and even if both
          // hear the same.
          (one.uploaded, one.event) = (100, "")
          _ = try stage.peers(one, at: first)
          try stage.expectUploaded(100)
          one.uploaded = 250
          _ = try stage.peers(one, at: second)
          _ = try stage.peers(one, at: first)
          try stage.expectUploaded(250)

          // What a verb changes is in force with both when it returns.
          try stage.run("user", "revoke", "anna")
          for tracker in [first, second] {
            #expect(try tracker.http(one, key: stage.key)?.contains("revoked") == true)
          }
          try stage.run("user", "rotate", "anna")
          running.signal(SIGKILL)
        }
        // The other knows every peer, though this one never announced to it.
        let listed = try stage.run("user", "list", "anna", "--keys")
        let key = try PrivateTracker.key(of: try #require(listed.first))
        let last = Announce(infoHash: stage.infoHash, peer: 1, uploaded: 400)
        let text = try PlainHTTP.send("/\(key)/announce?\(last.query)&compact=1", port: second.port)
        #expect(text.text.contains("10:incompletei3e"), "\(text.text)")
        try stage.expectUploaded(400)
      }
    }
  }

  @Test func aPeerAtBothInternetsCountsOnce() throws {
    try withStage(["--trusted-proxy", "127.0.0.1"]) { stage in
      try stage.tracker("a") { tracker, _ in
        let one = Announce(infoHash: stage.infoHash, peer: 1, event: "started")
        #expect(try stage.peers(one, at: tracker, from: "192.0.2.1").count == 1)
        #expect(try stage.peers(one, at: tracker, from: "2001:db8::1").count == 1)
        let two = Announce(infoHash: stage.infoHash, peer: 2, left: 0)
        let seen = try stage.peers(two, at: tracker, from: "2001:db8::2")
        #expect(seen.count == 2 && seen.ports == [1001])
        var gone = one
        gone.event = "stopped"
        _ = try stage.peers(gone, at: tracker, from: "192.0.2.1")
        _ = try stage.peers(gone, at: tracker, from: "2001:db8::1")
        let alone = try stage.peers(two, at: tracker, from: "2001:db8::2")
        #expect(alone.ports.isEmpty && alone.count == 1)
      }
    }
  }

  @Test func aStoreMayDieAndReturn() throws {
    try withStage { stage in
      try stage.tracker("a") { first, running in
        try stage.tracker("b") { second, _ in
          var one = Announce(infoHash: stage.infoHash, peer: 1, event: "started")
          let two = Announce(infoHash: stage.infoHash, peer: 2, event: "started")
          _ = try stage.peers(one, at: first)
          #expect(try stage.peers(two, at: second).ports == [1001])

          // Held still, the store costs an announce half a second at most, and the next ones nothing;
          // dead, it costs nothing. Each tracker goes on with the peers that announce to it.
          try stage.redis.holdStill()
          let begin = Date()
          for _ in 0..<5 { #expect(try stage.peers(one, at: first).count == 1) }
          #expect(Date().timeIntervalSince(begin) < 4)
          try stage.redis.goOn()
          try stage.redis.kill()
          #expect(try stage.peers(two, at: second).count == 1)
          try stage.redis.start(forgets: true)
          // Who has announced since is known to all again.
          _ = try RunningShoal.wait(for: "the shared swarms") {
            _ = try stage.peers(one, at: first)
            return try stage.peers(two, at: second).ports == [1001] ? true : nil
          }

          // Without the accounts members are served and nothing is credited; then all of it is, once.
          (one.uploaded, one.event) = (100, "")
          _ = try stage.peers(one, at: first)
          try stage.expectUploaded(100)
          try stage.postgres.kill()
          for uploaded in [200, 300] {
            one.uploaded = UInt64(uploaded)
            _ = try stage.peers(one, at: first)
            _ = try stage.peers(one, at: second)
            usleep(1_100_000)
          }
          let refused = try RunningShoal.run(
            ["tracker", "user", "revoke", "anna", "--accounts", stage.postgres.postgresURL],
            in: stage.folder)
          #expect(refused.exitCode == 5 && refused.errors.contains("postgres://127.0.0.1"))
          try stage.postgres.start()
          try stage.expectUploaded(300)
          try stage.run("user", "revoke", "anna")
          #expect(try first.http(one, key: stage.key)?.contains("revoked") == true)
        }
        running.signal(SIGTERM)
        let result = try running.end()
        #expect(result.exitCode == 0)
        #expect(result.errors.contains("out of reach") && result.errors.contains("there again"))
        #expect(result.errors.contains("nothing is credited until"))
      }
    }
  }

  @Test(arguments: [
    ("--swarms", "redis://"), ("--swarms", "http://127.0.0.1"), ("--accounts", "mysql://a/b"),
    ("--swarms", "redis://a b"), ("--swarms", "redis://host:0"),
  ]) func whatIsNoStoreIsAMisuse(flag: String, value: String) throws {
    let result = try RunningShoal.run(
      ["tracker", flag, value, "--listen", "127.0.0.1:0"],
      in: FileManager.default.temporaryDirectory)
    #expect(result.exitCode == 2 && result.errors.contains(flag))
  }

  @Test func aPasswordIsNeverShown() throws {
    try ShoalBinary.withFolder { folder in
      let result = try RunningShoal.run(
        ["tracker", "user", "list", "--accounts", "postgres://anna:s3cret@127.0.0.1:1/x"],
        in: folder)
      #expect(result.exitCode == 5)
      #expect(!result.errors.contains("s3cret") && result.errors.contains("127.0.0.1"))
    }
  }
}
