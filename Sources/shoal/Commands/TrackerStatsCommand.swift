import Accounts
import TorrentModel
import TrackerLogic

extension Verb {
  private static let mostSignals = 20

  static let trackerStats = Verb(
    "tracker stats", "Prints the accounts of a private tracker in numbers.", operands: .none,
    groups: [AccountsCommand.group],
    details: [
      "Cheat signals are what honest clients do not say: rates that no line carries, uploads while "
        + "nobody was downloading, torrents of which more was sent than received. They are reported "
        + "and decide nothing.",
      "--json prints one object.",
    ],
    examples: [.init("shoal tracker stats", "of the tracker with its data in ./tracker-data")],
    exitCodes: [.done, .usage, .disk], events: [.error],
    object: [
      .init("members", "that are served"), .init("revoked", "members that are not"),
      .init("torrents", "that are tracked"), .init("active", "sessions under way"),
      .init("movedUp", "bytes that all members say they uploaded"),
      .init("movedDown", "bytes that all members say they downloaded"),
      .init("completed", "downloads that became complete"),
      .init(
        "signals",
        "the latest, each with signal, meaning, name (of the member; null without one), infoHash, "
          + "count, bytes and lastSeen"),
    ]
  ) { arguments, console throws(CommandError) in
    let (totals, signals) = try AccountsCommand.look(arguments) {
      accounts throws(AccountsError) in
      (try accounts.totals(), try accounts.signals(limit: mostSignals))
    }
    if console.isJSON {
      console.output.write(json(totals, signals).text + "\n")
    } else {
      show(totals, signals, console)
    }
    return .done
  }

  private static func show(
    _ totals: AccountTotals, _ signals: [ReportedSignal], _ console: Console
  ) {
    console.result("members     \(totals.members), and \(totals.revoked) revoked")
    console.result("torrents    \(totals.torrents)")
    console.result("active      \(Format.count(totals.sessions, "session"))")
    console.result("uploaded    \(Format.size(totals.movedUp))")
    console.result("downloaded  \(Format.size(totals.movedDown))")
    console.result("completed   \(Format.count(totals.completed, "download"))")
    for signal in signals {
      let member = signal.member.isEmpty ? "somebody" : SafeText.visible(signal.member)
      console.result(
        "signal      \(member) \(signal.signal.meaning): \(Format.size(signal.amount)) of "
          + "\(SafeText.visible(signal.title)), \(Format.count(signal.count, "time"))")
    }
  }

  private static func json(_ totals: AccountTotals, _ signals: [ReportedSignal]) -> JSONValue {
    .object([
      ("members", .integer(Int64(totals.members))), ("revoked", .integer(Int64(totals.revoked))),
      ("torrents", .integer(Int64(totals.torrents))),
      ("active", .integer(Int64(totals.sessions))),
      ("movedUp", .unsigned(totals.movedUp)), ("movedDown", .unsigned(totals.movedDown)),
      ("completed", .integer(Int64(totals.completed))),
      (
        "signals",
        .array(
          signals.map { signal in
            .object([
              ("signal", .string(signal.signal.rawValue)),
              ("meaning", .string(signal.signal.meaning)),
              ("name", signal.member.isEmpty ? .null : .string(signal.member)),
              ("infoHash", .string(signal.infoHash.description)),
              ("count", .integer(Int64(signal.count))), ("bytes", .unsigned(signal.amount)),
              ("lastSeen", .integer(signal.lastSeen)),
            ])
          })
      ),
    ])
  }
}
