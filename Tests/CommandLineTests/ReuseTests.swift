import Foundation
import Testing

/// `get` where an earlier version of the torrent's files is on the disk.
@Suite(.serialized) struct ReuseTests {
  private static let pieceLength = 32 << 10
  private static let newLength = 100_000

  /// `old/reef` and, as a torrent in `new`, `reef` with a byte changed, a file moved and one added.
  private func withVersions(_ version: String, _ body: (URL) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let (old, new) = (
        folder.appendingPathComponent("old/reef"), folder.appendingPathComponent("new/reef")
      )
      for parent in [old, new.appendingPathComponent("moved")] {
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
      }
      let files = [("a.bin", 1 << 20), ("b.bin", 1 << 19), ("c.bin", 300_001)]
      for (seed, (name, count)) in files.enumerated() {
        var bytes = TransferFixture.bytes(count, seed: UInt64(seed + 1))
        try bytes.write(to: old.appendingPathComponent(name))
        if name == "b.bin" { bytes[200_000] ^= 1 }
        try bytes.write(
          to: new.appendingPathComponent(name == "c.bin" ? "moved/d.bin" : name))
      }
      try TransferFixture.bytes(Self.newLength, seed: 9)
        .write(to: new.appendingPathComponent("new.bin"))
      let create = try ShoalBinary.run(
        ["create", "new/reef", "--\(version)", "--piece-length", "32K", "-q"], in: folder)
      try #require(create.exitCode == 0, "\(create.errors)")
      try body(folder)
    }
  }

  /// Fetches from a seed and returns the events.
  private func get(_ words: [String], in folder: URL) throws -> [[String: Any]] {
    let seed = ["seed", "reef.torrent", "--data", "new", "--json"] + TransferFixture.listen
    return try RunningShoal.with(seed, in: folder) { seed in
      let peer = try #require(seed.event("started")["listen"] as? [String])[0]
      let get = try RunningShoal.run(
        ["get", "reef.torrent", "--peer", peer, "--json"] + words + TransferFixture.listen,
        in: folder)
      #expect(get.exitCode == 0, "\(get.output) \(get.errors)")
      return try JSONLines.objects(get.output)
    }
  }

  /// What changed, to the byte where each file begins a piece; of version 1 a few pieces more, which
  /// lie in two files.
  private func expectChangesOnly(_ events: [[String: Any]], _ version: String) throws {
    let complete = try #require(events.first { $0["event"] as? String == "complete" })
    let downloaded = try #require(complete["downloaded"] as? Int)
    let changed = Self.pieceLength + Self.newLength
    if version == "v1" {
      #expect(downloaded >= Self.newLength && downloaded <= changed + 8 * Self.pieceLength)
    } else {
      #expect(downloaded == changed)
    }
    #expect(complete["fromPeers"] as? Int == downloaded)
    let reused = try #require(events.first { $0["event"] as? String == "reused" })
    #expect(reused["message"] is NSNull)
    #expect((reused["bytes"] as? Int ?? 0) > 0)
  }

  @Test(arguments: ["v1", "v2", "hybrid"])
  func anEarlierVersionElsewhereIsCopiedFromAndLeftAlone(version: String) throws {
    try withVersions(version) { folder in
      let old = folder.appendingPathComponent("old")
      let before = try attributes(of: old)
      let events = try get(["-o", "copy", "--reuse", "old"], in: folder)
      try expectChangesOnly(events, version)
      #expect(
        try TransferFixture.isSame(
          folder.appendingPathComponent("new/reef"), folder.appendingPathComponent("copy/reef")))
      #expect(try attributes(of: old) == before)
    }
  }

  @Test(arguments: ["v1", "v2"])
  func anEarlierVersionInPlaceIsBroughtUpToDate(version: String) throws {
    try withVersions(version) { folder in
      try expectChangesOnly(try get(["-o", "old"], in: folder), version)
      let verify = try ShoalBinary.run(["verify", "reef.torrent", "old"], in: folder)
      #expect(verify.exitCode == 0, "\(verify.output)")
    }
  }

  /// Of each file its length, inode, number of links and time of change.
  private func attributes(of folder: URL) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted().map { path in
      var status = stat()
      #expect(lstat(folder.appendingPathComponent(path).path, &status) == 0)
      return "\(path) \(status.st_size) \(status.st_ino) \(status.st_nlink) "
        + "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }
  }

  /// Under another name, and on again there after an interruption by the name that was given.
  @Test(arguments: ["v1", "hybrid"])
  func aDownloadMayHaveANameOfItsOwn(version: String) throws {
    try withVersions(version) { folder in
      _ = try get(["-o", "copy", "--as", "mine"], in: folder)
      #expect(
        try TransferFixture.isSame(
          folder.appendingPathComponent("new/reef"), folder.appendingPathComponent("copy/mine")))
      let again = try get(["-o", "copy", "--as", "mine"], in: folder)
      #expect(again.first { $0["event"] as? String == "complete" }?["downloaded"] as? Int == 0)
      try FileManager.default.moveItem(
        at: folder.appendingPathComponent("copy/mine"), to: folder.appendingPathComponent("moved"))
      let moved = try get(["-o", ".", "--as", "moved"], in: folder)
      #expect(moved.first { $0["event"] as? String == "complete" }?["downloaded"] as? Int == 0)
    }
  }

  @Test func aSingleFileMayHaveANameOfItsOwn() throws {
    try TransferFixture.withFile(100_000) { folder in
      _ = try ShoalBinary.run(["create", "file.bin", "-o", "reef.torrent", "-q"], in: folder)
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("new"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: folder.appendingPathComponent("file.bin"),
        to: folder.appendingPathComponent("new/file.bin"))
      _ = try get(["-o", "copy", "--as", "other name"], in: folder)
      #expect(
        try TransferFixture.isSame(
          folder.appendingPathComponent("file.bin"),
          folder.appendingPathComponent("copy/other name")))
    }
  }

  @Test(arguments: [["--as", "a/b"], ["--as", ".."], ["--as", "x", "y.torrent"]])
  func aNameIsOneNameOfOneTorrent(words: [String]) throws {
    let result = try ShoalBinary.run(["get", "x.torrent"] + words)
    #expect(result.exitCode == 2 && result.errors.contains("--as"), "\(result.errors)")
  }

  @Test func aFolderThatIsNotThereIsAUsageError() throws {
    try ShoalBinary.withFolder { folder in
      try Data().write(to: folder.appendingPathComponent("file"))
      for name in ["absent", "file"] {
        let result = try ShoalBinary.run(
          ["get", "magnet:?xt=urn:btih:\(String(repeating: "a", count: 40))", "--reuse", name],
          in: folder)
        #expect(result.exitCode == 2)
        #expect(result.errors.contains(name))
      }
    }
  }
}
