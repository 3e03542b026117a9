/// What tells two runs apart: every event in order, folded into 64 bits (FNV-1a over words, with a
/// rotation so that high bits count, too).
struct TraceDigest {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  @inline(__always)
  mutating func fold(_ word: UInt64) {
    value = (value ^ word) &* 0x100_0000_01b3
    value = value << 23 | value >> 41
  }

  mutating func fold(_ event: Event, effects: Int) {
    fold(event.at)
    fold(UInt64(event.kind.rawValue) << 32 | UInt64(event.host))
    fold(UInt64(event.subject) << 32 | UInt64(effects))
  }
}
