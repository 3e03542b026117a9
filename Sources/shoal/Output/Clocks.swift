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
