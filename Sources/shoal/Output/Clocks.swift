import DeterministicCore
import Glibc

/// The time of day, for events that leave the machine.
enum WallClock {
  /// Seconds since 1970, to the millisecond.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec / 1_000_000) / 1000
  }
}

/// The clock that never jumps, for measuring.
enum SteadyClock {
  static func now() -> Moment {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Moment(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }
}
