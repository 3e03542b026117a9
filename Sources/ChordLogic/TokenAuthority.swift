public import ChordWire
public import DeterministicCore
public import Hashing
public import TorrentModel

/// Issues and checks the tokens that show that a node receives what is sent to its address, and, for
/// writes, that it asked about the very key (BEP 5).
///
/// A token is a keyed hash over endpoint and target: none is stored, and a flood of questions costs
/// no memory.
public struct TokenAuthority: Sendable {
  private var current: SipHash.Key
  private var previous: SipHash.Key?

  /// How often the secret should change; a token stands for one to two of these (BEP 5).
  public static let rotation = TimeSpan.minutes(5)

  /// - Parameter secret: drawn from the system's generator, never from a seed.
  public init(secret: SipHash.Key) { current = secret }

  public mutating func rotate(to secret: SipHash.Key) {
    previous = current
    current = secret
  }

  /// - Parameter target: nil for a token that proves the address alone.
  public func issue(to endpoint: Endpoint, for target: Identifier?) -> WriteToken {
    WriteToken(Self.signature(endpoint, target, current))
  }

  public func isValid(
    _ token: WriteToken, from endpoint: Endpoint, for target: Identifier?
  ) -> Bool {
    if token.word == Self.signature(endpoint, target, current) { return true }
    guard let previous else { return false }
    return token.word == Self.signature(endpoint, target, previous)
  }

  private static func signature(
    _ endpoint: Endpoint, _ target: Identifier?, _ key: SipHash.Key
  ) -> UInt64 {
    var hash = SipHash(key)
    switch endpoint.address {
    case .v4(let word): hash.absorb(UInt64(word))
    case .v6(let high, let low):
      hash.absorb(high)
      hash.absorb(low)
    }
    if let target {
      hash.absorb(UInt64(target.high))
      hash.absorb(target.middle)
      hash.absorb(target.low)
    }
    // The families and the two kinds of token differ in length, which is part of the hash.
    return hash.finish(tail: UInt64(endpoint.port), tailLength: 2)
  }
}
