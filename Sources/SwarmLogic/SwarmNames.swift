public import PeerWire
public import TorrentModel

/// What the swarm of a torrent is called: a hybrid torrent has a name of each version, and its peers
/// meet under both (BEP 52).
public struct SwarmNames: Hashable, Sendable {
  /// What we dial and announce with first.
  public let primary: InfoHash
  /// The name by version 1 or 2, where it is known: `primary` is one of them.
  public var v1: InfoHash?
  public var v2: InfoHash?

  public init(_ primary: InfoHash, v1: InfoHash? = nil, v2: InfoHash? = nil) {
    self.primary = primary
    self.v1 = v1
    self.v2 = v2
  }

  /// All names, `primary` first.
  public var all: [InfoHash] {
    [primary] + [v1, v2].compactMap { $0 }.filter { $0 != primary }
  }

  /// The other name, where there are two.
  func other(than name: InfoHash) -> InfoHash? { all.first { $0 != name } }

  public func contains(_ infoHash: InfoHash) -> Bool {
    infoHash == primary || infoHash == v1 || infoHash == v2
  }

  /// What a handshake of ours may claim beside what all do.
  public var reserved: ReservedBits {
    ReservedBits(word: ReservedBits.ours.word | (v2 == nil ? 0 : ReservedBits.version2.word))
  }

  /// The name to answer a handshake with: a peer that says that it knows version 2 is answered so,
  /// which makes the connection one of version 2.
  public func answer(to handshake: Handshake) -> InfoHash {
    guard let v2, handshake.reserved.contains(.version2) else { return handshake.infoHash }
    return v2
  }

  /// Whether a connection that a peer made is of version 2, on which nodes of hash trees are
  /// exchanged.
  func isVersion2(accepted handshake: Handshake) -> Bool { answer(to: handshake) == v2 }

  /// Whether a connection that we made is: the answer names the torrent so.
  func isVersion2(answered handshake: Handshake) -> Bool { handshake.infoHash == v2 }
}
