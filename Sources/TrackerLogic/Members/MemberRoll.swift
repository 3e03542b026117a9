public import TorrentModel
public import TrackerWire

/// How much of a tracker a member may use at once; `nil` is without limit.
public struct MemberLimits: Hashable, Sendable {
  /// Torrents announced at the same time.
  public var torrents: Int?
  /// Addresses announced from at the same time; of IPv6 a /64 counts as one.
  public var addresses: Int?

  public init(torrents: Int? = nil, addresses: Int? = nil) {
    self.torrents = torrents
    self.addresses = addresses
  }

  var isNone: Bool { torrents == nil && addresses == nil }

  /// The highest limit there is: what a roll remembers of a member is bounded by it.
  public static let highest = 10_000
}

/// What decides whether a member is served.
public struct MemberStanding: Hashable, Sendable {
  public var id: MemberID
  /// Of the member's key; each new key is of the next.
  public var generation: UInt32
  public var isRevoked: Bool
  public var limits: MemberLimits

  public init(id: MemberID, generation: UInt32, isRevoked: Bool, limits: MemberLimits) {
    self.id = id
    self.generation = generation
    self.isRevoked = isRevoked
    self.limits = limits
  }
}

/// The members of a private tracker as its announces are checked against them: in memory, so that
/// no announce waits for a database, and whoever is revoked here is refused from then on.
///
/// Where a member with limits announces is remembered for as long as a peer lives; after a restart
/// it is learnt anew within an interval.
public struct MemberRoll: Sendable {
  private struct Entry {
    var standing: MemberStanding
    /// Empty for members without limits.
    var presences: [Presence] = []
  }

  private struct Presence {
    var infoHash: InfoHash
    var address: Address
    /// `Moment.wholeSeconds`.
    var lastSeen: UInt32
  }

  private var entries: [MemberID: Entry] = [:]

  public init() {}

  public var count: Int { entries.count }

  /// What a client is told whose announce URL holds no key, or none that anybody has.
  public static let noKey = TrackerFailure(
    "this tracker is private, and the announce URL holds no key of a member; "
      + "download the .torrent file again",
    retry: .never)

  /// From now on the member stands so.
  public mutating func set(_ standing: MemberStanding) {
    guard entries[standing.id] != nil else {
      entries[standing.id] = Entry(standing: standing)
      return
    }
    entries[standing.id]?.standing = standing
    if standing.limits.isNone { entries[standing.id]?.presences = [] }
  }

  /// Whose key it is.
  ///
  /// - Throws: for one that nobody has, or not any more.
  public func check(
    _ key: MemberKey, by authority: MemberKeyAuthority
  ) throws(TrackerFailure) -> MemberStanding {
    guard let standing = entries[key.member]?.standing,
      authority.isGenuine(key, generation: standing.generation)
    else { throw Self.noKey }
    guard !standing.isRevoked else { throw .revoked }
    return standing
  }

  /// Holds an announce of a member to the member's limits, and remembers it.
  ///
  /// - Parameters:
  ///   - second: `Moment.wholeSeconds`.
  ///   - lifetime: seconds after which a silent peer is gone.
  /// - Throws: when it would be one torrent or address too many.
  public mutating func note(
    _ request: AnnounceRequest, of member: MemberID, from source: Address, at second: UInt32,
    lifetime: UInt32
  ) throws(TrackerFailure) {
    guard var entry = entries[member], !entry.standing.limits.isNone else { return }
    let address = source.subscriber
    let infoHash = request.infoHash
    entry.presences.removeAll { presence in
      second &- presence.lastSeen > lifetime
        || presence.infoHash == infoHash && presence.address == address
    }
    defer { entries[member] = entry }
    // Whoever leaves is never one too many.
    guard request.event != .stopped else { return }
    let limits = entry.standing.limits
    if let most = limits.torrents, !entry.presences.contains(where: { $0.infoHash == infoHash }),
      Set(entry.presences.lazy.map(\.infoHash)).count >= most
    {
      throw .tooManyTorrents(most)
    }
    if let most = limits.addresses, !entry.presences.contains(where: { $0.address == address }),
      Set(entry.presences.lazy.map(\.address)).count >= most
    {
      throw .tooManyAddresses(most)
    }
    guard entry.presences.count < MemberLimits.highest else {
      throw .tooManyTorrents(MemberLimits.highest)
    }
    entry.presences.append(Presence(infoHash: infoHash, address: address, lastSeen: second))
  }
}

extension TrackerFailure {
  static let revoked = TrackerFailure("this member's key was revoked", retry: .never)

  static func tooManyTorrents(_ most: Int) -> TrackerFailure {
    TrackerFailure(
      "more than the \(most) torrents that this member may have active; stop one",
      retry: .after(minutes: 10))
  }

  static func tooManyAddresses(_ most: Int) -> TrackerFailure {
    TrackerFailure(
      "more than the \(most) addresses that this member may use at once; stop a client",
      retry: .after(minutes: 10))
  }
}
