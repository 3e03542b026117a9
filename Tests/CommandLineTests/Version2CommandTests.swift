import Foundation
import Testing

/// BitTorrent v2 and hybrid torrents (BEP 52), as people meet them.
@Suite struct Version2CommandTests {
  private func tree(_ body: (URL) throws -> Void) throws {
    try ShoalBinary.withFolder { folder in
      let root = folder.appendingPathComponent("tree")
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent("sub"), withIntermediateDirectories: true)
      try Data(repeating: 7, count: 100_000).write(to: root.appendingPathComponent("a"))
      try Data(repeating: 7, count: 100_000).write(to: root.appendingPathComponent("b"))
      let program = root.appendingPathComponent("sub/run")
      try Data("hello".utf8).write(to: program)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: program.path)
      try body(folder)
    }
  }

  /// What `create` writes is for every client; what `share` hands out has to be read by the next one.
  @Test(arguments: [([], true, true), (["--v1"], true, false), (["--v2"], false, true)])
  func createWritesBothVersionsUnlessItIsToldOtherwise(
    flags: [String], hasV1: Bool, hasV2: Bool
  ) throws {
    try tree { folder in
      #expect(try ShoalBinary.run(["create", "tree", "-q"] + flags, in: folder).exitCode == 0)
      let magnet = try ShoalBinary.run(["magnet", "tree.torrent"], in: folder).output
      #expect(magnet.contains("xt=urn:btih:") == hasV1)
      #expect(magnet.contains("xt=urn:btmh:1220") == hasV2)
      #expect(try ShoalBinary.run(["verify", "tree.torrent", "tree"], in: folder).exitCode == 0)
    }
  }

  @Test(arguments: ["v2", "hybrid"])
  func aTreeIsCreatedShownNamedAndVerified(version: String) throws {
    try tree { folder in
      let words = ["create", "tree", "--\(version)", "--piece-length", "32K", "--json"]
      let event = try ShoalBinary.run(words, in: folder).output.split(separator: "\n").last
      let created = try #require(
        try JSONSerialization.jsonObject(with: Data((event ?? "").utf8)) as? [String: Any])
      let shown = try ShoalBinary.run(["show", "--json", "tree.torrent"], in: folder).json
      let hash = try #require(shown["infoHash"] as? String)
      let whole = try #require(shown["infoHashV2"] as? String)
      #expect(whole.count == 64)
      #expect(created["infoHash"] as? String == hash)
      #expect(created["infoHashV2"] as? String == whole)
      #expect(whole.hasPrefix(hash) == (version == "v2"))
      #expect(shown["size"] as? Int == 200_005)
      // Padding is nobody's file.
      let files = try #require(shown["files"] as? [[String: Any]])
      #expect(files.map { $0["path"] as? String } == ["tree/a", "tree/b", "tree/sub/run"])
      let roots = files.map { $0["piecesRoot"] as? String }
      #expect(roots[0]?.count == 64 && roots[0] == roots[1] && roots[1] != roots[2])
      #expect(files[2]["attributes"] as? [String] == ["executable"])

      let magnet = try ShoalBinary.run(["magnet", "tree.torrent"], in: folder).output
      let names = version == "v2" ? "" : "xt=urn:btih:\(hash)&"
      #expect(magnet == "magnet:?\(names)xt=urn:btmh:1220\(whole)&dn=tree\n")
      let table = try ShoalBinary.run(["show", "tree.torrent"], in: folder).output
      #expect(table.contains("info-hash     \(whole)\n"))
      #expect(table.contains("5 B  tree/sub/run  (executable)\n"))
      let link = try ShoalBinary.run(["show", "--json", magnet.trimmed], in: folder).json
      #expect(link["infoHashV2"] as? String == whole)

      #expect(try ShoalBinary.run(["verify", "tree.torrent", "tree"], in: folder).exitCode == 0)
      let handle = try FileHandle(forWritingTo: folder.appendingPathComponent("tree/b"))
      try handle.seek(toOffset: 50_000)
      try handle.write(contentsOf: Data([8]))
      try handle.close()
      let bad = try ShoalBinary.run(["verify", "tree.torrent", "tree"], in: folder)
      #expect(bad.exitCode == 4)
      #expect(bad.output.contains("damaged    tree/b  (piece 5)\n"))
    }
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
