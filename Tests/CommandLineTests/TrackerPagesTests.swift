import Foundation
import Testing

@testable import shoal

/// The pages and the API of a private tracker, asked over sockets as programs and browsers ask.
@Suite(.serialized) struct TrackerPagesTests {
  private static let words =
    PrivateTracker.words.filter { $0 != "--json" } + [
      "--admin", "127.0.0.1:0", "--pages", "127.0.0.1:0",
    ]

  /// A tracker with its pages, and a member.
  private struct Stage {
    let folder: URL
    let admin: UInt16
    let pages: UInt16
    let token: String
    let key: String

    /// - Parameter headers: besides Host and the token.
    func ask(
      _ method: String, _ path: String, _ headers: [String] = [], body: Data = Data(),
      host: String? = nil, token: String? = nil
    ) throws -> PlainHTTP.Reply {
      let all =
        ["Authorization: Bearer \(token ?? self.token)", "Content-Length: \(body.count)"] + headers
      return try PlainHTTP.send(
        path, method: method, host: host ?? "127.0.0.1:\(admin)", headers: all, body: body,
        port: admin)
    }

    func json(_ method: String, _ path: String, body: Data = Data()) throws -> Any {
      let reply = try ask(method, "/api/v1/\(path)", body: body)
      #expect(reply.status == 200 || reply.status == 201, "\(reply.text)")
      return try JSONSerialization.jsonObject(with: reply.body)
    }

    func page(_ path: String) throws -> PlainHTTP.Reply {
      try PlainHTTP.send("/\(key)/\(path)", port: pages)
    }
  }

  private func withStage(_ body: (Stage) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let anna = try #require(try PrivateTracker.run("user", "add", "anna", in: folder).first)
      try RunningShoal.with(Self.words, in: folder) { running in
        let admin = try PlainHTTP.port(in: try running.line(beginning: "admin page at http:"))
        let pages = try running.line(beginning: "members' pages at http:")
        let token = try String(
          contentsOf: folder.appendingPathComponent("state/admin.token"), encoding: .utf8)
        try body(
          Stage(
            folder: folder, admin: admin, pages: try PlainHTTP.port(in: pages),
            token: token.trimmingCharacters(in: .newlines), key: PrivateTracker.key(of: anna)))
        running.signal(SIGTERM)
        let result = try running.end()
        #expect(result.exitCode == 0)
        #expect(result.errors.isEmpty, "\(result.errors)")
      }
    }
  }

  @Test func nobodyWithoutTheTokenOrFromAnotherPageIsServed() throws {
    try withStage { stage in
      for path in ["/api/v1/stats", "/api/v1/events", "/metrics", "/api/v1/members"] {
        #expect(try stage.ask("GET", path, token: "wrong").status == 401)
        #expect(
          try stage.ask("GET", path, token: String(stage.token.dropLast() + "_")).status == 401)
        #expect(try stage.ask("GET", path, host: "evil.example").status == 403)
        #expect(try stage.ask("GET", path, ["Origin: http://evil.example"]).status == 403)
      }
      let own = "Origin: http://localhost:\(stage.admin)"
      #expect(
        try stage.ask("GET", "/api/v1/stats", [own], host: "localhost:\(stage.admin)").status
          == 200)
      let file = stage.folder.appendingPathComponent("state/admin.token").path
      let attributes = try FileManager.default.attributesOfItem(atPath: file)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func theAPIDoesWhatTheVerbsDo() throws {
    try withStage { stage in
      let ben = try #require(
        try stage.json("POST", "members?name=ben&torrents=3") as? [String: Any])
      #expect(ben["torrents"] as? Int == 3)
      #expect((ben["announce"] as? [String])?.count == 2)
      #expect(try PrivateTracker.member("ben", in: stage.folder)["torrents"] as? Int == 3)
      let limited = try #require(
        try stage.json("POST", "members/2/limit?torrents=0&addresses=2") as? [String: Any])
      #expect(limited["torrents"] is NSNull && limited["addresses"] as? Int == 2)
      let revoked = try #require(try stage.json("POST", "members/2/revoke") as? [String: Any])
      #expect(revoked["revoked"] as? Bool == true)
      #expect((try stage.json("GET", "members") as? [Any])?.count == 2)

      let infoHash = try PrivateTracker.addTorrent("tide", ["--tag", "film"], in: stage.folder)
      let document = try Data(contentsOf: stage.folder.appendingPathComponent("tide.torrent"))
      let added = try #require(
        try stage.json("POST", "torrents?tag=a&tag=b&downloadPercent=0", body: document)
          as? [String: Any])
      #expect(added["infoHash"] as? String == infoHash)
      #expect(added["tags"] as? [String] == ["a", "b"])
      #expect(added["downloadPercent"] as? Int == 0)
      #expect((try stage.json("GET", "torrents?q=tid") as? [Any])?.count == 1)
      #expect((try stage.json("GET", "torrents?q=none") as? [Any])?.isEmpty == true)
      _ = try stage.json("DELETE", "torrents/\(infoHash)")
      #expect((try stage.json("GET", "torrents") as? [Any])?.isEmpty == true)
      let stats = try #require(try stage.json("GET", "stats") as? [String: Any])
      #expect(stats["members"] as? Int == 1 && stats["revoked"] as? Int == 1)
    }
  }

  @Test(arguments: [
    ("POST", "members", 400), ("POST", "members?name=anna", 400),
    ("POST", "members?name=x&torrents=-1", 400), ("POST", "members/1/crown", 404),
    ("POST", "members/9/revoke", 400), ("POST", "members/x/revoke", 400),
    ("DELETE", "torrents/zz", 400),
    ("POST", "torrents", 400), ("GET", "nothing", 404), ("PUT", "members", 404),
  ])
  func misuseIsTold(method: String, path: String, status: Int) throws {
    try withStage { stage in
      let reply = try stage.ask(method, "/api/v1/\(path)")
      #expect(reply.status == status, "\(reply.text)")
      let error = try JSONSerialization.jsonObject(with: reply.body) as? [String: Any]
      #expect((error?["error"] as? String)?.isEmpty == false)
    }
  }

  @Test func theDescriptionNamesThePathsThereAre() throws {
    try withStage { stage in
      let reply = try stage.ask("GET", "/api/v1/openapi.json")
      let description = try #require(
        try JSONSerialization.jsonObject(with: reply.body) as? [String: Any])
      let paths = try #require(description["paths"] as? [String: [String: Any]])
      for (path, operations) in paths where operations["get"] != nil && path != "/api/v1/events" {
        let filled = path.replacingOccurrences(of: "{number}", with: "1")
        #expect(try stage.ask("GET", filled).status == 200, "\(path)")
      }
    }
  }

  @Test func thePageLoadsNothingFromElsewhere() throws {
    try withStage { stage in
      for path in ["/", "/page.css", "/page.js"] {
        let reply = try stage.ask("GET", path, token: "none")
        #expect(reply.status == 200)
        #expect(reply.head.contains("Content-Security-Policy: default-src 'none'"))
        #expect(!reply.text.contains("http://") && !reply.text.contains("https://"))
        #expect(!reply.text.contains("innerHTML"))
      }
    }
  }

  @Test func metricsAreInTheFormatOfPrometheus() throws {
    try withStage { stage in
      let lines = try stage.ask("GET", "/metrics").text.split(separator: "\n")
      #expect(lines.contains("shoal_tracker_members 1"))
      #expect(lines.contains { $0.hasPrefix("shoal_tracker_announces_total{protocol=\"udp\"} ") })
      var typed: Set<Substring> = []
      for line in lines {
        let words = line.split(separator: " ")
        if line.hasPrefix("# TYPE") { typed.insert(words[2]) }
        if line.hasPrefix("#") { continue }
        #expect(words.count == 2 && Double(words[1]) != nil, "\(line)")
        #expect(typed.contains(words[0].prefix { $0 != "{" }), "\(line)")
      }
    }
  }

  @Test func eventsComeByThemselves() throws {
    try withStage { stage in
      let text = try PlainHTTP.begin(
        "/api/v1/events", host: "127.0.0.1:\(stage.admin)",
        headers: ["Authorization: Bearer \(stage.token)"], port: stage.admin
      ) { $0.components(separatedBy: "data: {").count > 2 }
      #expect(text.contains("Content-Type: text/event-stream"))
      #expect(text.contains("\"announceRate\":"))
    }
  }

  // MARK: Members' pages

  @Test func aMemberSeesTheCatalogueAndTakesFilesWithTheKeyInThem() throws {
    try withStage { stage in
      let name = "<script>alert(1)</script> & \u{202e}tide"
      let infoHash = try PrivateTracker.addTorrent(
        "tide", ["--title", name, "--tag", "\"><b>"], in: stage.folder)
      for path in ["", "?q=tide", "?q=%22%3E%3Cscript%3E", "feed.xml"] {
        let reply = try stage.page(path)
        #expect(reply.status == 200)
        #expect(reply.head.contains("Content-Security-Policy: default-src 'none'"))
        #expect(reply.head.contains("Referrer-Policy: no-referrer"))
        #expect(!reply.text.contains("<script") && !reply.text.contains("<b>\""))
        #expect(!reply.text.contains("\u{202e}"))
      }
      #expect(try stage.page("").text.contains("&lt;script&gt;"))
      #expect(try stage.page("?q=nothing").text.contains("Nothing found"))
      let feed = try stage.page("feed.xml").text
      let url = "http://127.0.0.1/\(stage.key)/torrents/\(infoHash).torrent"
      #expect(feed.contains("<enclosure url=\"\(url)\" length="))

      let document = try stage.page("torrents/\(infoHash).torrent")
      try document.body.write(to: stage.folder.appendingPathComponent("mine.torrent"))
      let shown = try RunningShoal.run(["show", "mine.torrent", "--json"], in: stage.folder).json
      let trackers = try #require(shown["trackers"] as? [[String]])
      #expect(trackers.count == 2 && trackers.allSatisfy { $0[0].contains(stage.key) })
      #expect(shown["infoHash"] as? String == infoHash)
    }
  }

  @Test func whoHasNoKeySeesNothing() throws {
    try withStage { stage in
      try PrivateTracker.run("user", "revoke", "anna", in: stage.folder)
      #expect(try stage.page("").status == 404)
      for path in ["/", "/x/", "/\(String(repeating: "0", count: 32))/", "/api/v1/stats"] {
        let reply = try PlainHTTP.send(path, port: stage.pages)
        #expect(reply.status == 404 && !reply.text.contains("anna"))
      }
    }
  }

  @Test func aSearchFindsWhatTheCatalogueHas() throws {
    try withStage { stage in
      let infoHash = try PrivateTracker.addTorrent(
        "tide", ["--title", "Tide \u{1b}[1m pool", "--freeleech"], in: stage.folder)
      let address = "http://127.0.0.1:\(stage.pages)/\(stage.key)/"
      let found = try RunningShoal.run(
        ["search", "tid", "pool", "--tracker", address, "--json"], in: stage.folder
      ).json
      #expect(found["infoHash"] as? String == infoHash)
      #expect(found["free"] as? Bool == true)
      let fetched = try RunningShoal.run(
        ["show", try #require(found["document"] as? String), "--json"], in: stage.folder)
      #expect(try fetched.json["infoHash"] as? String == infoHash)
      let text = try RunningShoal.run(["search", "pool", "-t", address], in: stage.folder)
      #expect(text.output.contains("Tide \\x1B[1m pool") && !text.output.contains("\u{1b}"))
      let none = try RunningShoal.run(["search", "x", "-t", address], in: stage.folder)
      #expect(none.output == "nothing found\n")
      try PrivateTracker.run("user", "revoke", "anna", in: stage.folder)
      let refused = try RunningShoal.run(["search", "x", "-t", address], in: stage.folder)
      #expect(refused.exitCode == 6)
      #expect(!refused.errors.contains(stage.key), "\(refused.errors)")
    }
  }

  // MARK: Configuration

  @Test func aConfigurationIsReadAgainOnSIGHUP() throws {
    try ShoalBinary.withFolder { folder in
      let file = folder.appendingPathComponent("tracker.conf")
      func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
      try write(
        "# a comment\n\nlisten = 127.0.0.1:0\r\n open = yes\ninterval=10m\nyoung-interval = 10m\ndata = state\n"
      )
      try RunningShoal.with(["tracker", "--config", "tracker.conf"], in: folder) { running in
        let line = try running.line(beginning: "announce to http://127.0.0.1:")
        let port = try #require(UInt16(line.prefix { $0.isNumber }))
        func interval() throws -> Int {
          let reply = try PlainHTTP.send(
            "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=1",
            port: port)
          let digits = reply.text.components(separatedBy: "8:intervali").last?.prefix {
            $0.isNumber
          }
          return try #require(digits.flatMap { Int($0) })
        }
        #expect((600...660).contains(try interval()))
        try write(
          "listen = 127.0.0.1:0\nopen = yes\ninterval = 20m\nyoung-interval = 20m\ndata = state\n")
        running.signal(SIGHUP)
        _ = try RunningShoal.wait(for: "another interval") {
          (1200...1320).contains(try interval()) ? true : nil
        }
        try write("intervall = 20m\n")
        running.signal(SIGHUP)
        usleep(200_000)
        #expect((1200...1320).contains(try interval()))
        running.signal(SIGTERM)
        let result = try running.end()
        #expect(result.exitCode == 0)
        #expect(
          result.errors.contains("line 1: unknown key 'intervall'; did you mean 'interval'?"),
          "\(result.errors)")
      }
    }
  }

  @Test func aTrustedProxyTellsWhereAnAnnounceComesFrom() throws {
    try ShoalBinary.withFolder { folder in
      let words = ["tracker", "--open", "--data", "state", "--json"] + TransferFixture.listen
      func answer(_ proxies: [String], _ headers: [String]) throws -> String {
        try RunningShoal.with(words + proxies, in: folder) { running in
          let listen = try #require(running.event("started")["listen"] as? [String])
          let reply = try PlainHTTP.send(
            "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=1",
            headers: headers, port: try PlainHTTP.port(in: listen[0]))
          return String(decoding: reply.body, as: Unicode.ASCII.self)
            .replacingOccurrences(of: "\u{fffd}", with: "?")
            + reply.body.map { String($0, radix: 16) }.joined(separator: ".")
        }
      }
      let trusted = ["--trusted-proxy", "127.0.0.1"]
      let header = ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 8.8.8.8, 203.0.113.7"]
      let cases: [([String], [String], String)] = [
        (trusted, header, "cb.0.71.7"), ([], header, "7f.0.0.1"),
        (["--trusted-proxy", "192.0.2.1"], header, "7f.0.0.1"),
        (trusted, [], "proxy does not say"),
        (trusted, ["X-Forwarded-For: unknown"], "proxy does not say"),
        (trusted, ["X-Forwarded-For: 1.2.3.4,"], "proxy does not say"),
      ]
      for (proxies, headers, part) in cases {
        let text = try answer(proxies, headers)
        #expect(text.contains(part), "\(proxies) \(headers)")
      }
    }
  }

  @Test(arguments: [
    ("listen", "a line wants 'key = value'"), ("open = maybe", "'open' wants yes or no"),
    ("min-intrval = 3s", "did you mean 'min-interval'?"), ("json = yes", "unknown key 'json'"),
    ("config = x", "unknown key 'config'"), ("interval = soon", "--interval wants a time"),
  ])
  func aSlipInTheConfigurationIsAnError(line: String, part: String) throws {
    try ShoalBinary.withFolder { folder in
      try Data("\(line)\n".utf8).write(to: folder.appendingPathComponent("c"))
      let result = try RunningShoal.run(["tracker", "--config", "c"], in: folder)
      #expect(result.exitCode == 2)
      #expect(result.errors.contains(part), "\(result.errors)")
    }
  }

  @Test func theExampleConfigurationIsOne() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("tracker/shoal-tracker.conf").path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    _ = try ConfigurationFile.read(path, flags: TrackerOptions.configurable)
    // What is commented out is an example as well.
    let examples = text.split(separator: "\n").filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") }
      .map { $0.dropFirst() }.joined(separator: "\n")
    let read = try ConfigurationFile.parse(
      examples, on: path, flags: TrackerOptions.configurable)
    #expect(read.count > 5)
  }
}
