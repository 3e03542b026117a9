import Hashing
import TorrentModel

/// How many peers of each section are twins.
struct TwinCounts: Sendable {
  private var downloaders: UInt32 = 0
  private var partialSeeds: UInt32 = 0
  private var seeds: UInt32 = 0

  var total: Int { Int(downloaders) + Int(partialSeeds) + Int(seeds) }

  subscript(section: PeerSection) -> UInt32 {
    get {
      switch section {
      case .downloader: downloaders
      case .partialSeed: partialSeeds
      case .seed: seeds
      }
    }
    set {
      switch section {
      case .downloader: downloaders = newValue
      case .partialSeed: partialSeeds = newValue
      case .seed: seeds = newValue
      }
    }
  }
}

// A client that announces over both internets is one peer at two addresses (BEP 7): it is named at
// both and counted once. Of such a pair the IPv6 record is the twin.
//
// The invariant: `twins` counts the records of `v6` that are marked, by section, and a record is
// marked only while one of `v4` has the same identity, as far as they are looked through: who is new
// is looked for among so many of the other family, and beyond counts twice.
extension SwarmEntry {
  /// Some 16 KiB, which takes a microsecond.
  private static let mostLookedThrough = 512

  func identity(of host: HostV4, port: UInt16, _ key: SipHash.Key) -> PeerIdentity? {
    v4.find(host, port: port, key: key).map { v4.records[$0].identity }
  }

  /// An IPv4 peer has announced, which was another or nobody before.
  mutating func joined(_ identity: PeerIdentity, before: PeerIdentity?) {
    if let before {
      guard before != identity else { return }
      separate(before)
    }
    guard identity.id != .zero, v6.count <= Self.mostLookedThrough else { return }
    for index in v6.records.indices
    where v6.records[index].identity == identity && !v6.records[index].isTwin {
      mark(index)
    }
  }

  /// An IPv4 peer is gone, or somebody else now.
  mutating func separate(_ identity: PeerIdentity) {
    guard twins.total > 0, !isAmongV4(identity) else { return }
    for index in v6.records.indices.prefix(Self.mostLookedThrough * 8)
    where v6.records[index].isTwin && v6.records[index].identity == identity {
      v6.setTwin(false, at: index)
      twins[v6.section(of: index)] -= 1
    }
  }

  /// An IPv6 peer is about to announce: it counts for itself until it has.
  ///
  /// - Returns: who it was, where it was a twin.
  mutating func takeTwin(_ host: HostV6, port: UInt16, _ key: SipHash.Key) -> PeerIdentity? {
    guard let index = v6.find(host, port: port, key: key), v6.records[index].isTwin else {
      return nil
    }
    v6.setTwin(false, at: index)
    twins[v6.section(of: index)] -= 1
    return v6.records[index].identity
  }

  /// An IPv6 peer has announced.
  ///
  /// - Parameter twin: who it was before, where it was a twin.
  mutating func compare(at index: Int, after twin: PeerIdentity?) {
    let identity = v6.records[index].identity
    guard identity.id != .zero else { return }
    if identity == twin {
      mark(index)
    } else if v4.count <= Self.mostLookedThrough, isAmongV4(identity) {
      mark(index)
    }
  }

  private func isAmongV4(_ identity: PeerIdentity) -> Bool {
    v4.records.prefix(Self.mostLookedThrough).contains { $0.identity == identity }
  }

  private mutating func mark(_ index: Int) {
    v6.setTwin(true, at: index)
    twins[v6.section(of: index)] += 1
  }
}
