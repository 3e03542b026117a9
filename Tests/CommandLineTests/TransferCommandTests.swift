import Foundation
import Testing

/// `share` and `get` as people and scripts run them, over loopback.
@Suite(.serialized) struct TransferCommandTests {
  private static let listen = TransferFixture.listen

  @Test func aShareIsAPageATorrentAndALinkThatGetFollows() throws {
    try TransferFixture.withReef { folder in
      try RunningShoal.with(["share", "reef"] + Self.listen, in: folder) { share in
        let magnet = try share.line(beginning: "magnet ")
        #expect(try share.line(beginning: "torrent ") == "reef.torrent")
        let port = try PlainHTTP.port(in: try share.line(beginning: "page "))
        try checkPage(port: port, folder)

        let get = ["get", magnet, "-o", "copy"] + Self.listen
        let first = try RunningShoal.run(get, in: folder)
        #expect(first.exitCode == 0)
        let last = try #require(first.output.split(separator: "\n").last)
        #expect(
          last.wholeMatch(
            of: /complete reef 1\.5 MiB in \d+\.\ds \(\d[\d.]* [KM]iB\/s\), 1 peers, verified/)
            != nil, "\(last)")
        #expect(
          try TransferFixture.isSame(
            folder.appendingPathComponent("reef"), folder.appendingPathComponent("copy/reef")))

        let again = try RunningShoal.run(get + ["--json"], in: folder)
        #expect(again.exitCode == 0)
        let complete = try JSONLines.objects(again.output).first {
          $0["event"] as? String == "complete"
        }
        #expect(complete?["downloaded"] as? Int == 0)

        share.signal(SIGINT)
        #expect(try share.end().exitCode == 0)
      }
    }
  }

  /// The ceiling holds pieces back, and never stops them: one at a time is always granted.
  @Test(arguments: ["1", "64K", "1G"])
  func aDownloadNeedsMemoryForOnePieceOnly(memory: String) throws {
    try TransferFixture.withReef { folder in
      try #require(
        try ShoalBinary.run(["create", "reef", "--piece-length", "32KiB", "-q"], in: folder)
          .exitCode == 0)
      let seed = ["seed", "reef.torrent", "--no-verify", "--json"] + Self.listen
      try RunningShoal.with(seed, in: folder) { seed in
        let peer = try #require(seed.event("started")["listen"] as? [String])[0]
        let get = try RunningShoal.run(
          ["get", "reef.torrent", "-o", "copy", "--peer", peer, "--memory", memory, "-q"]
            + Self.listen, in: folder)
        #expect(get.exitCode == 0, "\(get.errors)")
        #expect(
          try TransferFixture.isSame(
            folder.appendingPathComponent("reef"), folder.appendingPathComponent("copy/reef")))
      }
    }
  }

  private func checkPage(port: UInt16, _ folder: URL) throws {
    let shown = try ShoalBinary.run(["show", "--json", "reef.torrent"], in: folder).json
    let infoHash = try #require(shown["infoHash"] as? String)

    let page = try PlainHTTP.send("/", port: port)
    #expect(page.status == 200)
    #expect(page.head.contains("Content-Security-Policy: default-src 'none'"))
    #expect(page.text.contains(infoHash))
    #expect(page.text.contains("&lt;b&gt;x&amp;"))
    #expect(!page.text.contains("<b>x"))
    #expect(!page.text.contains("\u{1b}"))

    let status = try PlainHTTP.send("/status.json", port: port)
    let counts = try #require(
      try JSONSerialization.jsonObject(with: status.body) as? [String: [String: Any]])
    #expect(counts[infoHash]?["seeders"] as? Int == 1)
    let document = try PlainHTTP.send("/torrents/\(infoHash).torrent", port: port)
    #expect(document.body == (try Data(contentsOf: folder.appendingPathComponent("reef.torrent"))))
    #expect(try PlainHTTP.send("/nothing/here", port: port).status == 404)
    #expect(try PlainHTTP.send("/", method: "POST", port: port).status == 405)

    let url = "http://127.0.0.1:\(port)/torrents/\(infoHash).torrent"
    let get = try RunningShoal.run(["get", url, "-o", "by-url"] + Self.listen, in: folder)
    #expect(get.exitCode == 0)
    #expect(
      try TransferFixture.isSame(
        folder.appendingPathComponent("reef"), folder.appendingPathComponent("by-url/reef")))
  }

  @Test func theEventsOfShareAndGetComeInOrderAndAShareEndsAfterItsCopies() throws {
    try TransferFixture.withFile(3_000_000) { folder in
      let words = ["share", "file.bin", "--until-copies", "1", "--json"] + Self.listen
      try RunningShoal.with(words, in: folder) { share in
        let shared = try share.event("shared")
        #expect(shared["file"] as? String == "file.bin.torrent")
        let magnet = try #require(shared["magnet"] as? String)
        let get = try RunningShoal.run(
          ["get", magnet, "-o", "copy", "--json"] + Self.listen, in: folder)
        #expect(get.exitCode == 0)
        #expect(get.errors.isEmpty)
        try expectEvents(get.output, ["started", "metadata", "complete", "stopped"])
        let complete = try #require(
          try JSONLines.objects(get.output).first { $0["event"] as? String == "complete" })
        #expect(
          Set(complete.keys) == [
            "event", "time", "name", "infoHash", "size", "downloaded", "seconds", "rate", "peers",
            "fromPeers", "fromWebSeeds",
          ])
        #expect(complete["name"] as? String == "file.bin")
        #expect(complete["size"] as? Int == 3_000_000)
        #expect(complete["downloaded"] as? Int == 3_000_000)
        #expect(complete["peers"] as? Int == 1)

        let end = try share.end()
        #expect(end.exitCode == 0)
        #expect(end.errors.isEmpty)
        try expectEvents(end.output, ["started", "metadata", "shared", "stopped"])
      }
    }
  }

  /// Every line is an event with a time, and the named ones come in this order.
  private func expectEvents(_ text: String, _ order: [String]) throws {
    let events = try JSONLines.objects(text)
    #expect(text.hasSuffix("\n"))
    #expect(events.allSatisfy { $0["time"] is Double })
    let names = events.compactMap { $0["event"] as? String }
    #expect(names.count == events.count)
    #expect(names.filter(order.contains) == order)
    let others = Set(names).subtracting(order)
    #expect(others.isSubset(of: ["progress", "tracker"]), "\(others)")
  }

  @Test func severalSourcesAreFetchedByOneCommand() throws {
    try TransferFixture.withReef { folder in
      let words = ["share", "reef/a.bin", "reef/b.bin"] + Self.listen
      try RunningShoal.with(words, in: folder) { share in
        _ = try share.line(beginning: "page ")
        let get = try RunningShoal.run(
          ["get", "a.bin.torrent", "b.bin.torrent", "-o", "copy", "--sequential"] + Self.listen,
          in: folder)
        #expect(get.exitCode == 0)
        #expect(get.output.split(separator: "\n").count { $0.hasPrefix("complete ") } == 2)
        for name in ["a.bin", "b.bin"] {
          #expect(
            try TransferFixture.isSame(
              folder.appendingPathComponent("reef/\(name)"),
              folder.appendingPathComponent("copy/\(name)")))
        }
      }
    }
  }

  @Test func onlyChosenFilesAreFetched() throws {
    try TransferFixture.withReef { folder in
      try RunningShoal.with(["share", "reef"] + Self.listen, in: folder) { share in
        _ = try share.line(beginning: "page ")
        let get = try RunningShoal.run(
          ["get", "reef.torrent", "-o", "copy", "--select", "b.*", "--json"] + Self.listen,
          in: folder)
        #expect(get.exitCode == 0)
        let (reef, copy) = (
          folder.appendingPathComponent("reef"), folder.appendingPathComponent("copy/reef")
        )
        #expect(
          try TransferFixture.isSame(
            reef.appendingPathComponent("b.bin"), copy.appendingPathComponent("b.bin")))
        let whole = try? Data(contentsOf: copy.appendingPathComponent("a.bin"))
        #expect(try whole != Data(contentsOf: reef.appendingPathComponent("a.bin")))
        let complete = try JSONLines.objects(get.output).first {
          $0["event"] as? String == "complete"
        }
        let downloaded = try #require(complete?["downloaded"] as? Int)
        #expect(downloaded >= 1 << 19 && downloaded < 1 << 20)
      }
    }
  }

  @Test(arguments: ["--up", "--down"]) func ratesAreHeld(flag: String) throws {
    let (size, rate) = (4 << 20, 2 << 20)
    try TransferFixture.withFile(size) { folder in
      let limit = [flag, "2MiB/s"]
      let share = ["share", "file.bin"] + Self.listen + (flag == "--up" ? limit : [])
      try RunningShoal.with(share, in: folder) { share in
        _ = try share.line(beginning: "page ")
        let get = try RunningShoal.run(
          ["get", "file.bin.torrent", "-o", "copy", "--json"] + Self.listen
            + (flag == "--down" ? limit : []), in: folder)
        #expect(get.exitCode == 0)
        let events = try JSONLines.objects(get.output)
        let complete = events.first { $0["event"] as? String == "complete" }
        let seconds = try #require(complete?["seconds"] as? Double)
        let expected = Double(size) / Double(rate)
        #expect(seconds > expected * 0.8 && seconds < expected * 1.2, "\(seconds) s")
      }
    }
  }

  @Test func aCompleteDownloadIsSeededAsLongAsAsked() throws {
    try TransferFixture.withFile(100_000) { folder in
      try RunningShoal.with(["share", "file.bin"] + Self.listen, in: folder) { share in
        _ = try share.line(beginning: "page ")
        let get = ["get", "file.bin.torrent", "-o", "one", "--json"] + Self.listen
        let timed = try RunningShoal.run(get + ["--seed-time", "1s"], in: folder)
        #expect(timed.exitCode == 0)
        let events = try JSONLines.objects(timed.output)
        let times = ["complete", "stopped"].compactMap { name in
          events.first { $0["event"] as? String == name }?["time"] as? Double
        }
        try #require(times.count == 2)
        #expect(times[1] - times[0] >= 1 && times[1] - times[0] < 3)

        try RunningShoal.with(get + ["--seed-ratio", "1"], in: folder) { giver in
          let port = try #require(giver.event("started")["listen"] as? [String])[0]
          _ = try giver.event("complete")
          share.signal(SIGINT)
          #expect(try share.end().exitCode == 0)
          let taker = try RunningShoal.run(
            ["get", "file.bin.torrent", "-o", "two", "--peer", port] + Self.listen, in: folder)
          #expect(taker.exitCode == 0)
          #expect(try giver.end().exitCode == 0)
        }
      }
    }
  }

  @Test func anInterruptedDownloadGoesOnWhereItStopped() throws {
    try TransferFixture.withFile(4 << 20) { folder in
      try RunningShoal.with(["share", "file.bin"] + Self.listen, in: folder) { share in
        _ = try share.line(beginning: "page ")
        let get = ["get", "file.bin.torrent", "-o", "copy", "--json"] + Self.listen
        try RunningShoal.with(get + ["--down", "1MiB/s"], in: folder) { interrupted in
          _ = try RunningShoal.wait(for: "some of the file") {
            try JSONLines.objects(try interrupted.text).first { ($0["done"] as? Int ?? 0) > 0 }
          }
          interrupted.signal(SIGINT)
          let end = try interrupted.end()
          #expect(end.exitCode == 8)
          let error = try JSONLines.objects(end.output).last { $0["event"] as? String == "error" }
          #expect(error?["code"] as? Int == 8)
        }
        let rest = try RunningShoal.run(get, in: folder)
        #expect(rest.exitCode == 0)
        let complete = try JSONLines.objects(rest.output).first {
          $0["event"] as? String == "complete"
        }
        let downloaded = try #require(complete?["downloaded"] as? Int)
        #expect(downloaded > 0 && downloaded < 4 << 20)
        #expect(
          try TransferFixture.isSame(
            folder.appendingPathComponent("file.bin"),
            folder.appendingPathComponent("copy/file.bin")))
      }
    }
  }
}
