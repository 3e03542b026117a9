import Hashing

/// Sixteen bytes that a tracker keeps to itself: without them nobody can forge a connection ID or
/// choose peers that collide in its tables.
///
/// Drawn by whoever runs the tracker from the system's generator, never from a seed.
public struct TrackerSecret: Hashable, Sendable {
  let key: SipHash.Key

  public init(_ low: UInt64, _ high: UInt64) { key = SipHash.Key(low: low, high: high) }
}
