import DeterministicCore
import TorrentModel

/// Shows how transfers go: lines redrawn in place on a terminal, a line every ten seconds
/// elsewhere, `progress` events at most once a second in JSON mode.
///
/// The invariant: while `isDrawn`, the cursor stands at the start of the first of the live lines, and
/// nothing but they lies from there on. A terminal that is made narrower may break them anew, but
/// keeps the cursor where it was in the text: what is erased from it on is ours in any case.
struct ProgressView {
  /// How often each way of showing may speak.
  static let liveInterval = TimeSpan.milliseconds(200)
  static let eventInterval = TimeSpan.seconds(1)
  static let lineInterval = TimeSpan.seconds(10)

  private let console: Console
  private var nextShow: Moment = .zero
  private var isDrawn = false

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
      redraw(snapshots)
    } else {
      // Nothing has happened yet at the very first call; the first line comes with the first news.
      let isFirst = nextShow == .zero
      nextShow = now + Self.lineInterval
      if !isFirst { for snapshot in snapshots { console.note(snapshot.line()) } }
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
    if let sources = summary.sources { console.note(sources) }
    console.result(summary.line)
  }

  /// Takes the live lines away, before something else is printed or the program ends.
  mutating func erase() {
    guard isDrawn else { return }
    console.output.write("\r\u{1b}[J")
    isDrawn = false
  }

  /// One write for the whole picture, so that it never shows half drawn. The size of the screen is
  /// asked for each time, which is soon enough to follow a window that is being resized. More
  /// torrents than the screen has lines could not be redrawn in place: the rest is counted in a last
  /// line. The last column stays free: a line that fills it leaves the cursor where terminals
  /// disagree.
  private mutating func redraw(_ snapshots: [TransferSnapshot]) {
    let width = max(1, console.output.width - 1)
    let room = max(1, console.output.height - 1)
    let shown = snapshots.count > room ? room - 1 : snapshots.count
    var lines = snapshots.prefix(shown).map { $0.line(in: width) }
    if shown < snapshots.count {
      lines.append(TextColumns.fit("… and \(snapshots.count - shown) more", in: width))
    }
    guard !lines.isEmpty else { return erase() }
    // Without automatic wrapping (DECAWM): a window may be narrower by now than it was just asked.
    var picture = "\u{1b}[?7l\r" + lines.joined(separator: "\u{1b}[K\n") + "\u{1b}[J\r"
    if lines.count > 1 { picture += "\u{1b}[\(lines.count - 1)A" }
    console.output.write(picture + "\u{1b}[?7h")
    isDrawn = true
  }
}
