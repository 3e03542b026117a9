import TorrentModel

/// Networks that belong together, by label: the racks of a hall, the buildings of a campus. Peers of
/// one site are named to each other before all others.
public struct SiteMap: Hashable, Sendable {
  struct Network: Hashable, Sendable {
    let address: Address
    /// Leading bits that an address has in common with it.
    let length: Int
    let site: Int

    func contains(_ other: Address) -> Bool {
      switch (address, other) {
      case (.v4(let own), .v4(let word)):
        length == 0 || (own ^ word) >> UInt32(32 - length) == 0
      case (.v6(let high, let low), .v6(let otherHigh, let otherLow)):
        if length <= 64 {
          length == 0 || (high ^ otherHigh) >> UInt64(64 - length) == 0
        } else {
          high == otherHigh && (low ^ otherLow) >> UInt64(128 - length) == 0
        }
      default: false
      }
    }
  }

  /// The longest first, so that the first that holds an address is the one.
  private var networks: [Network] = []
  private var labels: [String] = []

  public init() {}

  public var isEmpty: Bool { networks.isEmpty }

  /// A few hundred networks are looked through for every peer of an answer.
  private static let mostNetworks = 256

  /// Adds the networks of `LABEL=NETWORK[,NETWORK…]`, each an address and perhaps a length behind a
  /// slash.
  ///
  /// - Returns: false, and nothing is added, for any other text, and for too many networks.
  public mutating func add(_ text: String) -> Bool {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return false }
    let label = String(parts[0])
    let site = labels.firstIndex(of: label) ?? labels.count
    var added: [Network] = []
    for text in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard let address = halves.first.flatMap({ Address(text: String($0)) }) else { return false }
      let most = address.isV4 ? 32 : 128
      guard let length = halves.count == 2 ? Int(halves[1]) : most, (0...most).contains(length)
      else { return false }
      added.append(Network(address: address, length: length, site: site))
    }
    guard networks.count + added.count <= Self.mostNetworks else { return false }
    if site == labels.count { labels.append(label) }
    networks += added
    networks.sort { $0.length > $1.length }
    return true
  }

  /// The number of the site an address belongs to.
  func site(of address: Address) -> Int? {
    networks.first { $0.contains(address) }?.site
  }
}

extension PeerVector {
  /// Of a sample the positions to be named, to somebody of a site: its own peers first, up to three
  /// quarters, so that no site loses sight of the others.
  ///
  /// - Parameter most: positions wanted; the sample is larger.
  func preferring(
    _ site: Int, of sites: SiteMap, _ most: Int, in sample: PeerSample
  ) -> [Int] {
    var sample = sample
    var near: [Int] = []
    var far: [Int] = []
    while let position = sample.next() {
      if sites.site(of: records[position].host.address) == site {
        near.append(position)
      } else {
        far.append(position)
      }
    }
    let share = min(near.count, max(most - most / 4, most - far.count))
    return Array((near.prefix(share) + far).prefix(most))
  }
}
