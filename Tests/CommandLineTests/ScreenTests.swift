import Foundation
import Testing
import TorrentModel

/// What a person at a terminal sees of `get`: a real terminal emulator shows it.
@Suite(
  .serialized, .enabled(if: TerminalSession.isAvailable, "tmux is not installed: make setup"))
struct ScreenTests {
  /// Shares files slowly, so that there is time to look, and runs a `get` of them on a terminal. The
  /// exit code and the terminal's settings are printed behind it.
  private func watch(
    _ names: [String], bytes: Int = 4 << 20, columns: Int = 100,
    _ body: (TerminalSession) throws -> Void
  ) throws {
    try ShoalBinary.withFolder { folder in
      for (seed, name) in names.enumerated() {
        try TransferFixture.bytes(bytes, seed: UInt64(seed + 1))
          .write(to: folder.appendingPathComponent(name))
      }
      let share = ["share", "--up", "200K/s"] + TransferFixture.listen
      try RunningShoal.with(share + names.map { "./\($0)" }, in: folder) { share in
        _ = try share.line(beginning: "page ")
        let torrents = try FileManager.default.contentsOfDirectory(atPath: folder.path)
          .filter { $0.hasSuffix(".torrent") }.sorted()
        let words = ["get", "-o", "copy"] + TransferFixture.listen + torrents.map { "./\($0)" }
        try Data(
          """
          trap : INT
          before=$(stty -g)
          "$0" "$@"
          echo "exit code $?"
          [ "$before" = "$(stty -g)" ] && echo settings kept
          sleep 60
          """.utf8
        ).write(to: folder.appendingPathComponent("watched.sh"))
        let command = (["sh", "-c", ". ./watched.sh", ShoalBinary.location.path] + words)
          .map { "'" + $0.replacingOccurrences(of: "'", with: #"'\''"#) + "'" }
        try TerminalSession.with(
          command.joined(separator: " "), in: folder, columns: columns, body)
      }
    }
  }

  private static func showsFigures(_ line: String) -> Bool {
    line.wholeMatch(
      of: /.* \d+(\.\d)?% of \d.* down \d.*\/s  up \d.*\/s  1 peer \(1 seed\)  ETA .+/) != nil
  }

  @Test func oneLineIsRedrawnInPlaceWhateverTheWindowDoes() throws {
    try watch(["slow.bin"]) { session in
      let first = try session.wait(for: "the figures") {
        $0.count == 1 && Self.showsFigures($0[0])
      }
      #expect(first[0].hasPrefix("slow.bin  "))
      try session.wait(for: "other figures") { $0.count == 1 && $0 != first }
      for columns in [60, 25, 100, 12, 120] {
        try session.resize(columns: columns)
        // The emulator breaks the line anew at once, and shoal draws it anew within 0.2 s.
        let cut = try session.wait(for: "one line in \(columns) columns") {
          $0.count == 1 && $0[0].hasPrefix("slow.bin ")
            && (columns >= 100) == !$0[0].hasSuffix("…")
        }
        #expect(cut[0].count < columns)
      }
      try session.type("C-c")
      let end = try session.wait(for: "the end") { $0.last == "settings kept" }
      #expect(end.filter { $0.hasPrefix("slow.bin") }.isEmpty, "\(end)")
      #expect(end.contains("exit code 8"))
      #expect(end.filter { $0.hasPrefix("shoal: ") }.count == 1)
    }
  }

  @Test func eachTorrentHasItsLineAndTheLastWordStays() throws {
    try watch(["one.bin", "two.bin"], bytes: 300_000) { session in
      try session.wait(for: "a line for each") { lines in
        lines.count == 2 && lines[0].hasPrefix("one.bin  ") && lines[1].hasPrefix("two.bin  ")
      }
      let end = try session.wait(for: "the end") { $0.last == "settings kept" }
      #expect(end.filter { $0.hasPrefix("complete ") && $0.hasSuffix(", verified") }.count == 2)
      #expect(end.suffix(2) == ["exit code 0", "settings kept"])
      #expect(end.count == 4, "\(end)")
    }
  }

  @Test func aNameCannotDrawOnTheScreenAndItsWidthIsKnown() throws {
    let name = "\u{1b}[31m漢字🚀\u{202e}é" + String(repeating: "潮", count: 30)
    try watch([name], columns: 140) { session in
      let lines = try session.wait(for: "the figures") {
        $0.count == 1 && Self.showsFigures($0[0])
      }
      #expect(lines[0].contains("漢字🚀"))
      #expect(!lines[0].unicodeScalars.contains { SafeText.isHidden($0) })
      try session.resize(columns: 40)
      try session.wait(for: "one line in 40 columns") { $0.count == 1 && $0[0].hasSuffix("…") }
      #expect(try !session.coloredScreen.contains("\u{1b}[31m"))
    }
  }
}
