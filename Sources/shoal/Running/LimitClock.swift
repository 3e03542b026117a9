import Glibc
import SwarmLogic

/// Looks at the local time of day and says when other limits are due.
///
/// The invariant: `changed` tells each change once, and the limits it began with are not one.
struct LimitClock {
  private let schedule: LimitSchedule
  private(set) var limits: LimitSchedule.Limits
  /// Seconds since 1970, of the time looked at last.
  private var lookedAt: time_t

  init(_ schedule: LimitSchedule, at now: time_t = time(nil)) {
    self.schedule = schedule
    limits = Self.limits(schedule, at: now)
    lookedAt = now
  }

  /// The limits from now on where they are others than before. A look in the same second costs nothing.
  mutating func changed(at now: time_t = time(nil)) -> LimitSchedule.Limits? {
    guard !schedule.isEmpty, now != lookedAt else { return nil }
    lookedAt = now
    let due = Self.limits(schedule, at: now)
    guard due != limits else { return nil }
    limits = due
    return due
  }

  private static func limits(_ schedule: LimitSchedule, at now: time_t) -> LimitSchedule.Limits {
    var (now, local) = (now, tm())
    localtime_r(&now, &local)
    // Sunday is 0 there.
    return schedule.limits(
      day: (Int(local.tm_wday) + 6) % 7, minute: Int(local.tm_hour * 60 + local.tm_min))
  }
}
