import DeterministicCore
import Foundation
import Hashing
import Testing
import TorrentModel

@testable import shoal

@Suite struct ProgressViewTests {
  private static func snapshot(_ phase: TransferSnapshot.Phase) -> TransferSnapshot {
    TransferSnapshot(
      name: "film\u{1b}[2J", infoHash: InfoHash(.zero), phase: phase, bytesDone: 512 << 20,
      bytesTotal: 1 << 30, downRate: 3 << 20, upRate: 2048, peers: 4, seeds: 1, uploaded: 5 << 20,
      eta: .seconds(171))
  }

  @Test(arguments: [
    (TransferSnapshot.Phase.metadata, "film\\x1B[2J  looking for metadata  4 peers (1 seed)"),
    (.checking, "film\\x1B[2J  checking 50.0% of 1.0 GiB  3.0 MiB/s  ETA 2m 51s"),
    (.hashing, "film\\x1B[2J  hashing 50.0% of 1.0 GiB  3.0 MiB/s  ETA 2m 51s"),
    (
      .downloading,
      "film\\x1B[2J  50.0% of 1.0 GiB  down 3.0 MiB/s  up 2.0 KiB/s  4 peers (1 seed)  ETA 2m 51s"
    ),
    (
      .seeding,
      "film\\x1B[2J  seeding 1.0 GiB  up 2.0 KiB/s  4 peers (1 seed)  uploaded 5.0 MiB"
    ),
  ])
  func eachPhaseHasItsLine(phase: TransferSnapshot.Phase, line: String) {
    #expect(Self.snapshot(phase).line() == line)
  }

  /// What a view writes when it is updated every 100 ms for a number of seconds.
  private func output(
    isJSON: Bool, detail: Console.Detail = .normal, isInteractive: Bool = false, seconds: Int
  ) throws -> String {
    let pipe = Pipe()
    var terminal = Terminal(pipe.fileHandleForWriting.fileDescriptor, color: .never)
    terminal.isInteractive = isInteractive
    var view = ProgressView(
      Console(isJSON: isJSON, detail: detail, output: terminal, errors: terminal))
    for step in 0..<seconds * 10 {
      view.update(
        [Self.snapshot(.downloading)], at: Moment(nanoseconds: 5) + .milliseconds(step * 100))
    }
    view.finish(
      TransferSummary(
        name: "film", infoHash: InfoHash(.zero), size: 1 << 30, downloaded: 1 << 29,
        time: .seconds(16), peers: 3))
    try pipe.fileHandleForWriting.close()
    return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  private static let lastLine = "complete film 1.0 GiB in 16s (32 MiB/s), 3 peers, verified\n"

  @Test func withoutATerminalALineComesEveryTenSeconds() throws {
    let line = Self.snapshot(.downloading).line() + "\n"
    #expect(try output(isJSON: false, seconds: 35) == line + line + line + Self.lastLine)
  }

  @Test func quietSaysOnlyHowItEnded() throws {
    #expect(try output(isJSON: false, detail: .quiet, seconds: 35) == Self.lastLine)
  }

  @Test func programsGetAnEventASecond() throws {
    let events = try output(isJSON: true, seconds: 5).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(
      events.map { $0["event"] as? String } == Array(repeating: "progress", count: 5) + ["complete"]
    )
    for event in events {
      let outline: EventOutline = event["event"] as? String == "progress" ? .progress : .complete
      #expect(Set(event.keys) == Set(outline.keys.map(\.name) + ["event", "time"]))
    }
    #expect(events[0]["done"] as? Int == 512 << 20)
    #expect(events[0]["eta"] as? Double == 171)
    #expect(events[5]["rate"] as? Int == 32 << 20)
  }

  @Test func onATerminalTheLineIsRedrawnAndTakenAwayAtTheEnd() throws {
    let text = try output(isJSON: false, isInteractive: true, seconds: 1)
    let line = Self.snapshot(.downloading).line(in: 79)
    #expect(
      text == String(repeating: "\u{1b}[?7l\r\(line)\u{1b}[J\r\u{1b}[?7h", count: 5) + "\r\u{1b}[J"
        + Self.lastLine)
    #expect(!text.contains("\u{1b}[2J"))
  }

  @Test(arguments: [1, 8, 20, 60, 79, 85, 90, 200]) func theNameGivesWayToTheFigures(width: Int) {
    var snapshot = Self.snapshot(.downloading)
    snapshot.name = String(repeating: "漢", count: 60)
    let line = snapshot.line(in: width)
    #expect(TextColumns.count(line) <= width)
    #expect(line.contains("漢") == (width >= 3))
    if width >= 85 { #expect(line.hasSuffix("ETA 2m 51s")) }
  }

  @Test(arguments: [
    ("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("😀", 2), ("🚀", 2), ("⚡", 2), ("❤️", 2), ("한글", 4),
    ("שלום", 4), ("🀄", 2),
  ])
  func columnsAreThoseOfATerminal(text: String, columns: Int) {
    #expect(TextColumns.count(text) == columns)
  }
}
