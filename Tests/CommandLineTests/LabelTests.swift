import Foundation
import Testing

@testable import shoal

/// Lists of sources, and labels with limits of their own, over loopback.
@Suite(.serialized) struct LabelTests {
  private static let listen = TransferFixture.listen + ["--no-local-discovery"]
  private static let filmSize = 400 << 10

  /// Makes and seeds files of so many bytes; `body` gets the folder and the words that name the seeds.
  private func withSeeds(
    _ sizes: [(name: String, bytes: Int)], flags: [String] = [],
    _ body: (URL, [String]) throws -> Void
  ) throws {
    try ShoalBinary.withFolder { folder in
      for (number, file) in sizes.enumerated() {
        try TransferFixture.bytes(file.bytes, seed: UInt64(number + 1))
          .write(to: folder.appendingPathComponent(file.name))
        let created = try ShoalBinary.run(["create", file.name, "-q"], in: folder)
        try #require(created.exitCode == 0, "\(created.errors)")
      }
      try seed(sizes.map(\.name)[...], flags, [], folder, body)
    }
  }

  private func seed(
    _ names: ArraySlice<String>, _ flags: [String], _ peers: [String], _ folder: URL,
    _ body: (URL, [String]) throws -> Void
  ) throws {
    guard let name = names.first else { return try body(folder, peers) }
    let words = ["seed", "\(name).torrent", "--no-verify", "--json"] + flags + Self.listen
    try RunningShoal.with(words, in: folder) { running in
      let listen = try #require(try running.event("started")["listen"] as? [String])
      try seed(names.dropFirst(), flags, peers + ["--peer", listen[0]], folder, body)
    }
  }

  private static func time(_ event: [String: Any]?) throws -> Double {
    try #require(event?["time"] as? Double)
  }

  @Test func theTorrentsOfALabelShareItsLimit() throws {
    let files = [("a.bin", Self.filmSize), ("b.bin", Self.filmSize), ("c.bin", 6 << 20)]
    try withSeeds(files) { folder, peers in
      try """
      # what is to be fetched
      c.bin.torrent

        [films]
      a.bin.torrent
      b.bin.torrent
      """.write(to: folder.appendingPathComponent("list"), atomically: true, encoding: .utf8)
      let get = try RunningShoal.run(
        [
          "get", "--list", "list", "-o", "copy", "--label", "music", "--json", "--limit-label",
          "films=0,400K/s",
        ] + peers + Self.listen, in: folder)
      #expect(get.exitCode == 0, "\(get.errors)")
      for (name, _) in files {
        #expect(
          try TransferFixture.isSame(
            folder.appendingPathComponent(name), folder.appendingPathComponent("copy/\(name)")))
      }
      let events = try JSONLines.objects(get.output)
      let begun = try Self.time(events.first { $0["event"] as? String == "started" })
      func end(_ name: String) throws -> Double {
        try Self.time(
          events.first { $0["event"] as? String == "complete" && $0["name"] as? String == name })
          - begun
      }
      // Both take two seconds together, and each would take one by itself; the third, which is not of
      // their label, would take fifteen.
      #expect(max(try end("a.bin"), try end("b.bin")) > 1.5)
      #expect(try end("c.bin") < 10)
      let labels = Dictionary(
        events.filter { $0["event"] as? String == "progress" }
          .map { ($0["name"] as? String ?? "", $0["label"] as? String ?? "") },
        uniquingKeysWith: { $1 })
      #expect(labels["a.bin"] == "films" && labels["b.bin"] == "films")
      #expect(labels["c.bin"].map { $0 == "music" } ?? true)
    }
  }

  @Test func whatALabelSendsIsLimitedToo() throws {
    let flags = ["--label", "films", "--limit-label", "films=200K/s,0"]
    try withSeeds([("a.bin", Self.filmSize)], flags: flags) { folder, peers in
      let get = try RunningShoal.run(
        ["get", "a.bin.torrent", "-o", "copy", "--json"] + peers + Self.listen, in: folder)
      #expect(get.exitCode == 0, "\(get.errors)")
      let complete = try JSONLines.objects(get.output).first {
        $0["event"] as? String == "complete"
      }
      #expect(try #require(complete?["seconds"] as? Double) > 1.5)
    }
  }

  @Test func theLabelIsShownBesideTheName() {
    var snapshot = TransferSnapshot(
      name: "a.bin", infoHash: nil, phase: .downloading, bytesDone: 1, bytesTotal: 2, downRate: 0,
      upRate: 0, peers: 0, seeds: 0, uploaded: 0)
    #expect(snapshot.line().hasPrefix("a.bin  "))
    snapshot.label = "films"
    #expect(snapshot.line().hasPrefix("a.bin [films]  "))
  }

  @Test func aListIsReadFromStandardInput() throws {
    try withSeeds([("a.bin", 1000)]) { folder, peers in
      let get = try ShoalBinary.run(
        ["get", "--list", "-", "-o", "copy", "-q"] + peers + Self.listen,
        input: Data("a.bin.torrent\n".utf8),
        environment: ["XDG_STATE_HOME": folder.appendingPathComponent(".state").path], in: folder)
      #expect(get.exitCode == 0, "\(get.errors)")
      #expect(
        try TransferFixture.isSame(
          folder.appendingPathComponent("a.bin"), folder.appendingPathComponent("copy/a.bin")))
    }
  }

  @Test(arguments: [
    (["--label", "two words"], "--label wants a label"),
    (["--label", ""], "--label wants a label"),
    (["--limit-label", "films=1M/s"], "--limit-label wants a label and two rates"),
    (["--limit-label", "=1M,1M"], "--limit-label wants a label and two rates"),
    (["--limit-label", "a=1,1", "--limit-label", "a=2,2"], "limits 'a' twice"),
  ])
  func aSlipIsToldOf(flags: [String], message: String) throws {
    let result = try ShoalBinary.run(["get", "x.torrent"] + flags)
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test(arguments: [
    ("# nothing\n", 2, "list: the list names no source"),
    ("\nmagnet:?xt=urn:btih:1\n", 3, "list: line 2: "),
    ("[no label]\nx.torrent\n", 2, "list, line 1: a heading wants a label"),
  ])
  func aListThatIsWrongSaysWhere(text: String, code: Int32, message: String) throws {
    try ShoalBinary.withFolder { folder in
      try text.write(to: folder.appendingPathComponent("list"), atomically: true, encoding: .utf8)
      let result = try ShoalBinary.run(["get", "--list", "list"], in: folder)
      #expect(result.exitCode == code)
      #expect(result.errors.contains(message), "\(result.errors)")
    }
  }
}
