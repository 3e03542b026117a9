import DeterministicCore
import Glibc

/// What part of some threads' time the program uses, measured every ten seconds.
struct LoadMeter {
  private var last: (time: Moment, used: Double)?

  private static let interval = TimeSpan.seconds(10)

  /// - Returns: 0…1 and a little more where other threads work as well; `nil` until it is time again.
  mutating func load(at now: Moment, threads: Int) -> Double? {
    if let last, now - last.time < Self.interval { return nil }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let used = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
    defer { last = (now, used) }
    guard let last else { return nil }
    return (used - last.used) / ((now - last.time).seconds * Double(threads))
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
  }
}
