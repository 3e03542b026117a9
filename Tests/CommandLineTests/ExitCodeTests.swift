import Foundation
import Testing

@testable import shoal

/// The exit codes that other tests do not meet on their way. 0, 2, 3, 5, 6, 7 and 8 of `get` are in
/// TransferCommandTests and TransferFailureTests, those of `create` and `verify` in their own suites,
/// and 5 of a full disk in FaultTests.
@Suite(.serialized) struct ExitCodeTests {
  private static let listen = TransferFixture.listen

  /// Port 1 of this machine, where nobody listens, and an address that no machine has (RFC 5737).
  private static let failures: [[String]] = [
    ["get", "http://127.0.0.1:1/x.torrent"] + listen,
    ["get", "file.bin.torrent", "--listen", "192.0.2.1:0"],
    ["seed", "file.bin.torrent", "--listen", "192.0.2.1:0"],
    ["share", "file.bin", "--listen", "192.0.2.1:0"],
    ["show", "http://127.0.0.1:1/x.torrent"],
    ["magnet", "http://127.0.0.1:1/x.torrent"],
    ["verify", "http://127.0.0.1:1/x.torrent", "."],
    ["tracker", "--listen", "192.0.2.1:0"],
  ]

  @Test func whatNobodyExpectedIsExitCodeOneAndOneLine() throws {
    try TransferFixture.withFile(40_000) { folder in
      try #require(try ShoalBinary.run(["create", "file.bin", "-q"], in: folder).exitCode == 0)
      for words in Self.failures {
        let result = try RunningShoal.run(words, in: folder)
        #expect(result.exitCode == 1, "\(words)")
        #expect(result.errors.hasPrefix("shoal: "))
        #expect(result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)")
        let json = try RunningShoal.run(words + ["--json"], in: folder)
        #expect(json.exitCode == 1)
        #expect(json.errors.isEmpty)
        #expect(try JSONLines.objects(json.output).last?["kind"] as? String == "failure")
      }
    }
  }

  @Test func aDownloadWhoseOnlySourceSendsBadDataIsExitCodeFour() throws {
    try TransferFixture.withFile(400_000) { folder in
      try #require(try ShoalBinary.run(["create", "file.bin", "-q"], in: folder).exitCode == 0)
      let file = folder.appendingPathComponent("file.bin")
      try Data(repeating: 0, count: 400_000).write(to: file)
      let seed = ["seed", "file.bin.torrent", "--no-verify", "--json"] + Self.listen
      try RunningShoal.with(seed, in: folder) { seed in
        let peer = try #require(seed.event("started")["listen"] as? [String])[0]
        let get = try RunningShoal.run(
          [
            "get", "file.bin.torrent", "-o", "copy", "--peer", peer, "--stall-timeout", "2s",
            "--json",
          ] + Self.listen, in: folder)
        #expect(get.exitCode == 4)
        let events = try JSONLines.objects(get.output)
        let names = Set(events.compactMap { $0["event"] as? String })
        #expect(names.isSuperset(of: ["started", "piece-failed", "peer-banned", "error"]))
        #expect(events.last?["code"] as? Int == 4)
      }
    }
  }

  @Test func aDocumentedCodeIsPrintedWithItsWord() throws {
    let words = ExitCode.allCases.map(\.word)
    #expect(Set(words).count == words.count)
    #expect(ExitCode.allCases.map(\.rawValue) == Array(0...8))
  }
}
