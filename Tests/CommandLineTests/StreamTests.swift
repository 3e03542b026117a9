import Foundation
import Testing

/// Downloads that are read while they load.
@Suite(.serialized) struct StreamTests {
  private static let listen = TransferFixture.listen + ["--no-local-discovery"]
  private static let size = 8 << 20

  /// Shares a file at a rate of which a fetch of all of it takes eight seconds.
  private func withShare(_ body: (URL, Data) throws -> Void) throws {
    try TransferFixture.withFile(Self.size, named: "film one.mkv") { folder in
      let share = ["share", "film one.mkv", "--up", "1MiB/s"] + Self.listen
      try RunningShoal.with(share, in: folder) { share in
        _ = try share.line(beginning: "page ")
        try body(folder, try Data(contentsOf: folder.appendingPathComponent("film one.mkv")))
      }
    }
  }

  @Test func aPlayerReadsHeadAndTailAndSeeksWhileItLoads() throws {
    try withShare { folder, original in
      let get = ["get", "film one.mkv.torrent", "-o", "copy", "--json", "--stream", "127.0.0.1:0"]
      try RunningShoal.with(get + Self.listen, in: folder) { get in
        let url = try #require(try get.event("stream")["url"] as? String)
        #expect(url.hasSuffix("/film%20one.mkv"))
        let port = try PlainHTTP.port(in: String(url.dropLast("/film%20one.mkv".count)))
        func read(_ range: String) throws -> PlainHTTP.Reply {
          try PlainHTTP.send("/film%20one.mkv", headers: ["Range: bytes=\(range)"], port: port)
        }
        let head = try read("0-65535")
        #expect(head.status == 206 && head.body == original.prefix(65_536))
        #expect(head.head.contains("Content-Range: bytes 0-65535/\(Self.size)"))
        #expect(head.head.contains("Content-Type: video/x-matroska"))
        let tail = try read("-100000")
        #expect(tail.status == 206 && tail.body == original.suffix(100_000))
        let middle = try read("5000000-5099999")
        #expect(middle.status == 206 && middle.body == original[5_000_000..<5_100_000])
        // What was read was here long before the rest: a twentieth of the file and some windows.
        #expect(!(try get.text.contains("\"complete\"")))

        #expect(try read("\(Self.size)-").status == 416)
        #expect(try PlainHTTP.send("/other.mkv", port: port).status == 404)
        #expect(
          try PlainHTTP.send("/film%20one.mkv", host: "evil.example", port: port).status == 421)
        let outline = try PlainHTTP.send("/film%20one.mkv", method: "HEAD", port: port)
        #expect(outline.status == 200 && outline.body.isEmpty)
        #expect(outline.head.contains("Content-Length: \(Self.size)"))

        // Once it is complete it is served on, until nobody wants it any more.
        _ = try get.event("complete")
        #expect(try PlainHTTP.send("/film%20one.mkv", port: port).body == original)
        get.signal(SIGINT)
        #expect(try get.end().exitCode == 0)
      }
    }
  }

  @Test func aPipeGetsTheWholeFileInOrder() throws {
    try withShare { folder, original in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      let words = ["get", "film one.mkv.torrent", "-o", "copy", "--stream", "-"] + Self.listen
      process.arguments =
        ["-c", "\"$0\" \"$@\" 2>errors | cat >piped", ShoalBinary.location.path]
        + words
      process.currentDirectoryURL = folder
      process.environment = ["XDG_STATE_HOME": folder.appendingPathComponent(".state").path]
      try process.run()
      defer { if process.isRunning { process.terminate() } }
      _ = try RunningShoal.wait(for: "the end of the pipe", within: 30) {
        process.isRunning ? nil : true
      }
      #expect(try Data(contentsOf: folder.appendingPathComponent("piped")) == original)
      let words2 = try String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8)
      #expect(words2.contains("complete film one.mkv"))
    }
  }

  /// A player that is closed ends the download, which can go on later.
  @Test func aPlayerThatLeavesEndsIt() throws {
    try withShare { folder, original in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        [
          "-c", "{ \"$0\" \"$@\" 2>/dev/null; echo $? >code; } | head -c 100000 >piped",
          ShoalBinary.location.path, "get", "film one.mkv.torrent", "-o", "copy", "--stream", "-",
        ] + Self.listen
      process.currentDirectoryURL = folder
      process.environment = ["XDG_STATE_HOME": folder.appendingPathComponent(".state").path]
      try process.run()
      defer { if process.isRunning { process.terminate() } }
      let code = try RunningShoal.wait(for: "the end of the download") {
        try? String(contentsOf: folder.appendingPathComponent("code"), encoding: .utf8)
      }
      #expect(code == "8\n")
      #expect(
        try Data(contentsOf: folder.appendingPathComponent("piped")) == original.prefix(100_000))
    }
  }

  @Test func onlyThisMachineIsServed() throws {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "elsewhere:80"] {
      let result = try ShoalBinary.run(["get", "x.torrent", "--stream", address])
      #expect(result.exitCode == 2)
    }
  }
}
