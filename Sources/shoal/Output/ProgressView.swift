import DeterministicCore

/// Shows how transfers go: lines redrawn in place on a terminal, a line every ten seconds
/// elsewhere, `progress` events at most once a second in JSON mode.
///
/// The invariant: `drawn` lines of the terminal, right above the cursor, are ours to redraw.
struct ProgressView {
  /// How often each way of showing may speak.
  static let liveInterval = TimeSpan.milliseconds(200)
  static let eventInterval = TimeSpan.seconds(1)
  static let lineInterval = TimeSpan.seconds(10)

  private let console: Console
  private var nextShow: Moment = .zero
  private var drawn = 0

  init(_ console: Console) { self.console = console }

  /// Shows the torrents as they stand, unless it is too soon after the last time. Call it as often
  /// as there is news, and at least every second.
  mutating func update(_ snapshots: [TransferSnapshot], at now: Moment) {
    guard now >= nextShow else { return }
    if console.isJSON {
      nextShow = now + Self.eventInterval
      for snapshot in snapshots { console.event(snapshot.event) }
    } else if console.detail == .quiet {
      nextShow = .distantFuture
    } else if console.output.isInteractive {
      nextShow = now + Self.liveInterval
      redraw(snapshots.map(\.line))
    } else {
      // Nothing has happened yet at the very first call; the first line comes with the first news.
      let isFirst = nextShow == .zero
      nextShow = now + Self.lineInterval
      if !isFirst { for snapshot in snapshots { console.note(snapshot.line) } }
    }
  }

  /// Prints a line above the live ones.
  mutating func note(_ line: String) {
    erase()
    console.note(line)
    if console.output.isInteractive, !console.isJSON { nextShow = .zero }
  }

  /// Prints what somebody has to see to above the live lines. JSON mode has events for it, and a
  /// quiet command its exit code.
  mutating func warn(_ line: String) {
    guard !console.isJSON, console.detail >= .normal else { return }
    erase()
    console.warn(line)
    if console.output.isInteractive { nextShow = .zero }
  }

  /// Reports a finished download.
  mutating func finish(_ summary: TransferSummary) {
    erase()
    console.event(summary.event)
    console.result(summary.line)
  }

  /// Takes the live lines away, before something else is printed or the program ends.
  mutating func erase() {
    guard drawn > 0 else { return }
    console.output.write("\u{1b}[\(drawn)A\u{1b}[J")
    drawn = 0
  }

  /// One write for the whole picture, so that it never shows half drawn. More torrents than the
  /// screen has lines could not be redrawn in place: the rest is counted in a last line.
  private mutating func redraw(_ lines: [String]) {
    let room = max(1, console.output.height - 2)
    var lines = lines
    if lines.count > room {
      let hidden = lines.count - room + 1
      lines.removeLast(hidden)
      lines.append("… and \(hidden) more")
    }
    let width = console.output.width - 1
    var picture = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
    for line in lines { picture += "\r\u{1b}[K" + TextColumns.fit(line, in: width) + "\n" }
    picture += "\u{1b}[J"
    console.output.write(picture)
    drawn = lines.count
  }
}
