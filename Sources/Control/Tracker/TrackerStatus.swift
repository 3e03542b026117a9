import Accounts
import DeterministicCore
import Glibc
import Session
import TorrentModel
import TrackerLogic

/// How a tracker stands at one moment, and what it did since the moment before.
struct TrackerStatus {
  var time: Moment
  var answered: TrackerCounts
  var swarms: Int
  var peers: Int
  var waiting: Int
  var totals: AccountTotals
  /// Processor time of the program, in seconds.
  var processorTime: Double
  /// Bytes of memory in use.
  var memory: UInt64
  /// Announces a second.
  var announceRate = 0.0
  /// Processors in use.
  var load = 0.0

  init(
    _ monitor: TrackerMonitor, _ totals: AccountTotals, at time: Moment,
    after previous: TrackerStatus?
  ) {
    self.time = time
    self.totals = totals
    answered = monitor.answered
    swarms = monitor.swarms
    peers = monitor.peers
    waiting = monitor.waitingReports
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    processorTime = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
    memory = Self.residentMemory()
    guard let previous, case let elapsed = (time - previous.time).seconds, elapsed > 0 else {
      return
    }
    announceRate = Double(answered.announces - previous.answered.announces) / elapsed
    load = max(0, processorTime - previous.processorTime) / elapsed
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
  }

  /// The second number of /proc/self/statm, in pages.
  private static func residentMemory() -> UInt64 {
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &bytes, bytes.count)
    let fields = bytes.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
    guard fields.count > 1 else { return 0 }
    return (UInt64(String(decoding: fields[1], as: UTF8.self)) ?? 0)
      * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }

  var json: JSONValue {
    .object([
      ("members", .integer(Int64(totals.members))), ("revoked", .integer(Int64(totals.revoked))),
      ("torrents", .integer(Int64(totals.torrents))), ("swarms", .integer(Int64(swarms))),
      ("peers", .integer(Int64(peers))), ("active", .integer(Int64(totals.sessions))),
      ("announces", .unsigned(answered.announces)), ("refusals", .unsigned(answered.refusals)),
      ("announceRate", .decimal((announceRate * 10).rounded() / 10)),
      ("load", .decimal((load * 1000).rounded() / 1000)), ("memory", .unsigned(memory)),
      ("waiting", .integer(Int64(waiting))), ("movedUp", .unsigned(totals.movedUp)),
      ("movedDown", .unsigned(totals.movedDown)), ("completed", .integer(Int64(totals.completed))),
    ])
  }

  /// In the text format of Prometheus.
  func metrics(_ signals: [CheatSignal: Int]) -> String {
    var text = ""
    func add(
      _ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: String)]
    ) {
      text += "# HELP shoal_tracker_\(name) \(help)\n# TYPE shoal_tracker_\(name) \(kind)\n"
      for sample in samples { text += "shoal_tracker_\(name)\(sample.labels) \(sample.value)\n" }
    }
    func add(_ name: String, _ kind: String, _ help: String, _ value: some CustomStringConvertible)
    {
      add(name, kind, help, [("", "\(value)")])
    }
    add(
      "announces_total", "counter", "Announces since the start, by protocol.",
      [
        ("{protocol=\"http\"}", "\(answered.httpAnnounces)"),
        ("{protocol=\"udp\"}", "\(answered.udpAnnounces)"),
      ])
    add(
      "refusals_total", "counter", "Announces and scrapes that were told why not.",
      answered.refusals)
    add(
      "answers_alone_total", "counter",
      "Announces answered from memory while the store of the shared swarms was away.",
      answered.answersAlone)
    add("scrapes_total", "counter", "Scrapes since the start.", answered.scrapes)
    add("swarms", "gauge", "Torrents with peers.", swarms)
    add("peers", "gauge", "Peers in all swarms.", peers)
    add("members", "gauge", "Members that are served.", totals.members)
    add("torrents", "gauge", "Torrents of the catalogue.", totals.torrents)
    add("sessions", "gauge", "Sessions of members under way.", totals.sessions)
    add("uploaded_bytes", "gauge", "What all members say they uploaded.", totals.movedUp)
    add("downloaded_bytes", "gauge", "What all members say they downloaded.", totals.movedDown)
    add("completed", "gauge", "Downloads that became complete.", totals.completed)
    add(
      "waiting_reports", "gauge",
      "Announces that wait to be credited: more than a few seconds' "
        + "worth mean that the accounts cannot be written.", waiting)
    add(
      "cheat_signals", "gauge", "Cheat signals seen, by kind.",
      CheatSignal.allCases.map { ("{kind=\"\($0.rawValue)\"}", "\(signals[$0] ?? 0)") })
    add(
      "processor_seconds_total", "counter", "Processor time of the program.", processorTime)
    add("resident_memory_bytes", "gauge", "Memory in use.", memory)
    return text
  }
}
