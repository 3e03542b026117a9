/// What became of every byte of payload that left an uplink.
///
/// The invariant: what was sent has landed, was discarded, was lost, or is under way.
struct Ledger {
  private(set) var sent: UInt64 = 0
  /// Into the buffer of a piece.
  private(set) var landed: UInt64 = 0
  /// Received and of no use.
  private(set) var discarded: UInt64 = 0
  /// Its connection was over.
  private(set) var lost: UInt64 = 0
  private(set) var underWay: UInt64 = 0

  mutating func send(_ bytes: UInt64) {
    sent += bytes
    underWay += bytes
  }

  mutating func land(_ bytes: UInt64) {
    landed += bytes
    underWay -= bytes
  }

  mutating func discard(_ bytes: UInt64) {
    discarded += bytes
    underWay -= bytes
  }

  mutating func lose(_ bytes: UInt64) {
    lost += bytes
    underWay -= bytes
  }
}
