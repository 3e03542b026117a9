import Foundation
import Testing

/// `--ip-filter`, over loopback.
@Suite(.serialized) struct IPFilterTests {
  @Test(
    arguments: [
      (nil, "there is no such IP filter; check the path"),
      (
        "192.0.2.0/24\n<html>\n",
        "line 2 is no range of addresses; write it as p2p, dat or CIDR lines; # begins a remark"
      ),
    ] as [(String?, String)])
  func aFilterThatCannotBeReadIsAMistake(list: String?, complaint: String) throws {
    try TransferFixture.withReef { folder in
      _ = try ShoalBinary.run(["create", "reef", "-q"], in: folder)
      try list.map { try Data($0.utf8).write(to: folder.appendingPathComponent("list")) }
      let words = ["get", "reef.torrent", "-o", "copy", "--ip-filter", "list"]
      let result = try RunningShoal.run(words + TransferFixture.listen, in: folder)
      #expect(result.exitCode == 2)
      #expect(result.errors == "shoal: list: \(complaint)\n")
    }
  }

  @Test func whoIsInTheFilterIsNotServedAndReadingItAgainEndsItsConnections() throws {
    try TransferFixture.withReef { folder in
      _ = try ShoalBinary.run(["create", "reef", "-q"], in: folder)
      let list = folder.appendingPathComponent("list")
      try Data("somebody else:192.0.2.0-192.0.2.255\n".utf8).write(to: list)
      let seed = ["seed", "reef.torrent", "--no-verify", "--json", "--up", "100K/s"]
      let filtered = seed + ["--ip-filter", "list"] + TransferFixture.listen
      try RunningShoal.with(filtered, in: folder) { seed in
        let peer = try #require(seed.event("started")["listen"] as? [String])[0]
        let get =
          ["get", "reef.torrent", "--stall-timeout", "2s", "--json", "--peer", peer]
          + TransferFixture.listen
        try RunningShoal.with(get + ["-o", "copy"], in: folder) { get in
          _ = try RunningShoal.wait(for: "some progress") {
            try get.text.contains(#""event":"progress""#) ? true : nil
          }
          try Data("127.0.0.0/8\n".utf8).write(to: list)
          seed.signal(SIGHUP)
          #expect(try get.end().exitCode == 7)
        }
        #expect(try RunningShoal.run(get + ["-o", "other"], in: folder).exitCode == 7)

        // What cannot be read changes nothing.
        try Data("words\n".utf8).write(to: list)
        seed.signal(SIGHUP)
        #expect(try RunningShoal.run(get + ["-o", "other"], in: folder).exitCode == 7)
      }
    }
  }
}
