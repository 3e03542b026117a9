import Foundation
import Testing

/// `get --watch`, over loopback.
@Suite(.serialized) struct WatchTests {
  private static func completed(_ get: RunningShoal) throws -> [String] {
    try JSONLines.objects(get.text).filter { $0["event"] as? String == "complete" }
      .compactMap { $0["name"] as? String }
  }

  @Test func whatIsPutIntoTheFolderIsFetchedWhileItWatches() throws {
    try ShoalBinary.withFolder { folder in
      for (name, seed) in [("a.bin", 1), ("b.bin", 2)] {
        try TransferFixture.bytes(200_000, seed: UInt64(seed))
          .write(to: folder.appendingPathComponent(name))
        _ = try ShoalBinary.run(["create", name, "-q"], in: folder)
      }
      let inbox = folder.appendingPathComponent("inbox")
      try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
      func put(_ name: String) throws {
        try FileManager.default.copyItem(
          at: folder.appendingPathComponent(name), to: inbox.appendingPathComponent(name))
      }
      func seed(_ name: String, _ body: (String) throws -> Void) throws {
        let words = ["seed", name, "--no-verify", "--json"] + TransferFixture.listen
        try RunningShoal.with(words, in: folder) { seed in
          try body(try #require(seed.event("started")["listen"] as? [String])[0])
        }
      }
      try seed("a.bin.torrent") { first in
        try seed("b.bin.torrent") { second in
          let get =
            ["get", "--watch", "inbox", "-o", "copy", "--json", "--peer", first, "--peer", second]
            + TransferFixture.listen
          try RunningShoal.with(get, in: folder) { get in
            try put("a.bin.torrent")
            _ = try RunningShoal.wait(for: "the first") {
              try Self.completed(get) == ["a.bin"] ? true : nil
            }
            try Data("d4:info".utf8).write(to: inbox.appendingPathComponent("half.torrent"))
            try put("b.bin.torrent")
            _ = try RunningShoal.wait(for: "the second") {
              try Self.completed(get) == ["a.bin", "b.bin"] ? true : nil
            }
            get.signal(SIGINT)
            let result = try get.end()
            #expect(result.exitCode == 0)
            #expect(result.errors.contains("passed over half.torrent"))
          }
        }
      }
      for name in ["a.bin", "b.bin"] {
        #expect(
          try TransferFixture.isSame(
            folder.appendingPathComponent(name), folder.appendingPathComponent("copy/\(name)")))
      }
    }
  }

  @Test func thereHasToBeSomethingToFetch() throws {
    let result = try ShoalBinary.run(["get"])
    #expect(result.exitCode == 2)
    #expect(
      result.errors
        == "shoal: 'get' wants SOURCE…, a --list of them, or a folder to --watch; see 'shoal get --help'\n"
    )
  }
}
