import Foundation
import Testing

@testable import shoal

/// A ring of real processes on loopback, as people run them.
@Suite(.serialized) struct RingCommandTests {
  private static let ring = ["--ring", "open:test"]
  /// Each process remembers its nodes for itself.
  private static func state(_ name: String, in folder: URL) -> [String: String] {
    ["XDG_STATE_HOME": folder.appendingPathComponent(".state-\(name)").path]
  }

  /// Runs `body` beside so many nodes; it is given the endpoint of the first.
  private func withRing(
    of count: Int, in folder: URL, known: [String] = [], _ body: (String) throws -> Void
  ) throws {
    guard known.count < count else { return try body(known[0]) }
    let bootstrap = known.first.map { ["--bootstrap", $0] } ?? []
    let words = ["ring", "serve", "--json"] + Self.ring + TransferFixture.listen + bootstrap
    let state = Self.state("\(known.count)", in: folder)
    try RunningShoal.with(words, in: folder, environment: state) { node in
      let started = try node.event("started")
      let endpoint = try #require((started["listen"] as? [String])?.first)
      _ = try RunningShoal.wait(for: "the node to join") {
        try JSONLines.objects(node.text).first { $0["state"] as? String == "joined" }
      }
      try withRing(of: count, in: folder, known: known + [endpoint], body)
      if known.isEmpty {
        node.signal(SIGTERM)
        #expect(try node.end().exitCode == 0)
      }
    }
  }

  @Test func aTorrentIsSharedAndFetchedThroughARingAndNoTracker() throws {
    try TransferFixture.withFile(1_000_000) { folder in
      try withRing(of: 3, in: folder) { node in
        let flags = Self.ring + ["--bootstrap", node] + TransferFixture.listen
        let words = ["share", "file.bin"] + flags
        try RunningShoal.with(words, in: folder, environment: Self.state("share", in: folder)) {
          share in
          let magnet = try share.line(beginning: "magnet ")
          #expect(magnet.contains("&x.ring=open-9f86d081884c7d65&x.rb=\(node)"))
          #expect(!magnet.contains("&tr=") && !magnet.contains("&x.pe="))
          let shown = try ShoalBinary.run(["show", "--json", "file.bin.torrent"], in: folder).json
          #expect(shown["ring"] as? String == "open-9f86d081884c7d65")
          #expect((shown["ringNodes"] as? [String])?.first == node)
          #expect(shown["private"] as? Bool == false)
          #expect((shown["trackers"] as? [[String]])?.isEmpty == true)

          for (source, name) in [(magnet, "link"), ("file.bin.torrent", "file")] {
            let get = try RunningShoal.run(
              ["get", source, "-o", name, "--json"] + TransferFixture.listen, in: folder,
              environment: Self.state(name, in: folder))
            #expect(get.exitCode == 0, "\(get.output)")
            #expect(
              try TransferFixture.isSame(
                folder.appendingPathComponent("file.bin"),
                folder.appendingPathComponent("\(name)/file.bin")))
            let states = try JSONLines.objects(get.output).compactMap { $0["state"] as? String }
            #expect(states.contains("found"))
          }
          try checkQuestions(of: node, shown["infoHash"] as? String ?? "", in: folder)
          try checkPublishing(by: node, in: folder)
          // The nodes met are remembered: a ring's name is enough now.
          let again = try RunningShoal.run(
            ["ring", "lookup", "00000000000000000000000000000000000000ff"] + Self.ring,
            in: folder, environment: Self.state("link", in: folder))
          #expect(again.exitCode == 0, "\(again.errors)")
          share.signal(SIGINT)
          #expect(try share.end().exitCode == 0)
        }
      }
    }
  }

  private func checkQuestions(of node: String, _ infoHash: String, in folder: URL) throws {
    let flags = Self.ring + ["--bootstrap", node, "--json"]
    let nodes = try RunningShoal.wait(for: "the ring to be whole") { () -> [[String: Any]]? in
      let status = try ShoalBinary.run(["ring", "status"] + flags, in: folder)
      let json = try status.json
      let nodes = json["nodes"] as? [[String: Any]]
      return json["isWhole"] as? Bool == true && nodes?.count == 3 ? nodes : nil
    }
    #expect(nodes.allSatisfy { $0["state"] as? String == "member" })
    #expect(abs(nodes.compactMap { $0["share"] as? Double }.reduce(0, +) - 1) < 1e-6)
    let lookup = try ShoalBinary.run(["ring", "lookup", infoHash] + flags, in: folder).json
    let ids = nodes.compactMap { $0["id"] as? String }.sorted()
    #expect(lookup["owner"] as? String == ids.first { $0 >= infoHash } ?? ids[0])
  }

  private func checkPublishing(by node: String, in folder: URL) throws {
    let flags = Self.ring + ["--bootstrap", node, "--json"]
    let key = ["--key", "publisher.key"]
    let shown = try ShoalBinary.run(["show", "--json", "file.bin.torrent"], in: folder).json
    let published = try ShoalBinary.run(
      ["ring", "publish", "file.bin.torrent"] + key + flags, in: folder
    ).json
    // Two words, and the pair of them.
    #expect(published["stored"] as? Int == 3)
    for words in [["file"], ["BIN", "file"]] {
      let found = try ShoalBinary.run(["ring", "search"] + words + flags, in: folder).json
      let torrents = try #require(found["torrents"] as? [[String: Any]])
      #expect(torrents.count == 1)
      #expect(torrents.first?["infoHash"] as? String == shown["infoHash"] as? String)
      #expect(torrents.first?["publisher"] as? String == published["publisher"] as? String)
      #expect((torrents.first?["magnet"] as? String)?.contains("&x.ring=open-") == true)
    }
    let moved = try ShoalBinary.run(
      ["ring", "publish", "file.bin.torrent", "--channel"] + key + flags, in: folder
    ).json
    let channel = try #require(moved["channel"] as? String)
    #expect(channel == "ring:\(published["publisher"] as? String ?? "")")
    let get = try RunningShoal.run(
      ["get", channel, "-o", "channel", "--json"] + Self.ring + ["--bootstrap", node]
        + TransferFixture.listen, in: folder)
    #expect(get.exitCode == 0, "\(get.output)")
    let none = try ShoalBinary.run(["ring", "search", "file", "other"] + flags, in: folder).json
    #expect((none["torrents"] as? [Any])?.isEmpty == true)
  }

  @Test func aShareThatKnowsNobodyFoundsItsRing() throws {
    try TransferFixture.withFile(100_000) { folder in
      let words = ["share", "file.bin"] + Self.ring + TransferFixture.listen
      try RunningShoal.with(words, in: folder, environment: Self.state("share", in: folder)) {
        share in
        let magnet = try share.line(beginning: "magnet ")
        #expect(magnet.contains("&x.rb=127.0.0.1:"))
        let get = try RunningShoal.run(
          ["get", magnet, "-o", "copy"] + TransferFixture.listen, in: folder,
          environment: Self.state("get", in: folder))
        #expect(get.exitCode == 0, "\(get.errors)")
        share.signal(SIGINT)
        #expect(try share.end().exitCode == 0)
      }
    }
  }

  @Test func whatCannotBeDoneInARingIsRefusedInOneLine() throws {
    try TransferFixture.withFile(1000) { folder in
      let cases: [(words: [String], code: Int32, part: String)] = [
        (["share", "file.bin", "--private"] + Self.ring, 2, "an open ring exclude each other"),
        (["get", "x.torrent", "--bootstrap", "127.0.0.1:9"], 2, "wants a --ring"),
        (["ring", "serve"], 2, "'ring serve' wants --ring RING"),
        (["ring", "serve", "--ring", "harbour"], 2, "--ring wants a ring: open:WORD"),
        (["ring", "status"] + Self.ring, 7, "no node of the ring is known"),
        (["ring", "lookup", "x"] + Self.ring, 2, "x"),
      ]
      for (words, code, part) in cases {
        let result = try ShoalBinary.run(
          words, environment: Self.state("none", in: folder), in: folder)
        #expect(result.exitCode == code, "\(words)")
        #expect(result.errors.contains(part), "\(result.errors)")
        #expect(result.errors.filter { $0 == "\n" }.count == 1)
      }
    }
  }
}
