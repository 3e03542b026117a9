import Foundation
import Testing

/// The pages of a private tracker in a browser: Tests/Support/browse-tracker uses them as a person does.
/// SHOAL_SCREENSHOTS names a folder for pictures of them.
@Suite struct TrackerBrowserTests {
  private static let script = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Support/browse-tracker")

  @Test(.enabled(if: TerminalSession.tool("chromium") != nil, "chromium is not installed"))
  func aPersonAdministersTheTrackerAndAMemberTakesATorrent() throws {
    try ShoalBinary.withFolder { folder in
      let anna = try #require(try PrivateTracker.run("user", "add", "anna", in: folder).first)
      try Data("payload".utf8).write(to: folder.appendingPathComponent("tide.bin"))
      let made = try RunningShoal.run(
        [
          "create", "tide.bin", "-o", "tide.torrent", "--private", "--name",
          "tide <img src=x onerror=alert(1)>",
        ], in: folder)
      #expect(made.exitCode == 0, "\(made.errors)")
      let words =
        PrivateTracker.words.filter { $0 != "--json" } + [
          "--admin", "127.0.0.1:0", "--pages", "127.0.0.1:0",
        ]
      try RunningShoal.with(words, in: folder) { running in
        let admin = try PlainHTTP.port(in: try running.line(beginning: "admin page at http:"))
        let pages = try PlainHTTP.port(
          in: try running.line(beginning: "members' pages at http:"))
        let token = try String(
          contentsOf: folder.appendingPathComponent("state/admin.token"), encoding: .utf8)
        let result = try browse([
          "http://127.0.0.1:\(admin)/", token.trimmingCharacters(in: .newlines),
          "http://127.0.0.1:\(pages)/\(try PrivateTracker.key(of: anna))/",
          folder.appendingPathComponent("tide.torrent").path,
        ])
        #expect(result.hasSuffix("verified\n"), "\(result)")
      }
    }
  }

  private func browse(_ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = Self.script
    let pictures = ProcessInfo.processInfo.environment["SHOAL_SCREENSHOTS"]
    process.arguments = words + (pictures.map { ["--screenshots", $0] } ?? [])
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }
}
