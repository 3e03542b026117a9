public import DeterministicCore
import Hashing
public import TorrentModel

/// Issues and checks the connection IDs of the UDP protocol (BEP 15), which show that a client
/// receives what is sent to its source address.
///
/// An ID is 32 bits of time in seconds and 32 of a keyed hash over time and address, so none is
/// stored: a flood of connects costs no memory. A port is not part of it, since address translators
/// change ports between datagrams.
public struct ConnectionIDAuthority: Sendable {
  private var current: SipHash.Key
  private var previous: SipHash.Key?
  private let window: UInt32

  /// BEP 15 has trackers accept an ID for two minutes.
  public static let standardWindow = TimeSpan.minutes(2)

  public init(secret: TrackerSecret, window: TimeSpan = Self.standardWindow) {
    current = secret.key
    self.window = UInt32(clamping: window.nanoseconds / 1_000_000_000)
  }

  /// Signs with a new secret from now on. IDs signed with the one before stand until they are too
  /// old or the secret changes again.
  public mutating func rotate(to secret: TrackerSecret) {
    previous = current
    current = secret.key
  }

  public func issue(for source: Address, at now: Moment) -> UInt64 {
    let time = now.wholeSeconds
    return UInt64(time) << 32 | UInt64(Self.signature(time, source, current))
  }

  public func isValid(_ id: UInt64, from source: Address, at now: Moment) -> Bool {
    let time = UInt32(truncatingIfNeeded: id >> 32)
    // Times ahead of the clock come out as ages of more than a century.
    guard now.wholeSeconds &- time <= window else { return false }
    let signature = UInt32(truncatingIfNeeded: id)
    if signature == Self.signature(time, source, current) { return true }
    guard let previous else { return false }
    return signature == Self.signature(time, source, previous)
  }

  private static func signature(_ time: UInt32, _ source: Address, _ key: SipHash.Key) -> UInt32 {
    var hash = SipHash(key)
    switch source {
    case .v4(let word):
      hash.absorb(UInt64(time) << 32 | UInt64(word))
    case .v6(let high, let low):
      hash.absorb(high)
      hash.absorb(low)
      return UInt32(truncatingIfNeeded: hash.finish(tail: UInt64(time), tailLength: 4))
    }
    return UInt32(truncatingIfNeeded: hash.finish())
  }
}

extension Moment {
  /// Seconds as peers and connection IDs keep them: 32 bits, which wrap after 136 years and are
  /// compared by wrapping subtraction.
  public var wholeSeconds: UInt32 { UInt32(truncatingIfNeeded: nanoseconds / 1_000_000_000) }
}
