import DeterministicCore
import Networking
import Synchronization
import TorrentModel
import TrackerLogic
import TrackerWire

/// The swarms of a tracker whose requests are served by several threads: shards, each a `Tracker` of
/// its own under a lock of its own, chosen by info-hash.
///
/// A lock that nobody holds costs some twenty nanoseconds, where handing a request to the thread that
/// owns its swarm would cost a wake-up; and with many more shards than threads two seldom meet. Each
/// shard's tables are small enough that no growth, purge or snapshot of one holds others up for long.
///
/// The invariant: all that is known of a torrent is in one shard, and the shards together hold no
/// more than the policy allows but for one for each shard, and for those that come while an earlier
/// run's are taken back.
final class SharedTracker: Sendable {
  static let shardCount = 64

  private let currentPolicy: Mutex<AnnouncePolicy>
  /// Proxies that say where a HTTP announce comes from.
  let trustedProxies: [Address]
  /// Where the swarms are kept together with those of other trackers; `nil` for a tracker alone.
  let store: RedisAddress?
  /// Who may announce and what; `nil` for a tracker without members.
  let membership: Membership?
  private let shards: InlineArray<64, Mutex<Tracker>>
  private let connectionIDs: Mutex<ConnectionIDAuthority>
  private let placement: TorrentPlacement
  private let counters = Mutex<[TrackerCounters]>([])

  init(
    _ policy: AnnouncePolicy, admission: Tracker.Admission, membership: Membership? = nil,
    trustedProxies: [Address] = [], store: RedisAddress? = nil
  ) {
    currentPolicy = Mutex(policy)
    self.store = store
    self.trustedProxies = trustedProxies
    self.membership = membership
    var system = SystemRandomNumberGenerator()
    placement = TorrentPlacement(secret: TrackerSecret(system.next(), system.next()))
    connectionIDs = Mutex(
      ConnectionIDAuthority(secret: TrackerSecret(system.next(), system.next())))
    shards = InlineArray { _ in
      var system = SystemRandomNumberGenerator()
      return Mutex(
        Tracker(
          policy: policy, admission: admission, seed: system.next(),
          secret: TrackerSecret(system.next(), system.next())))
    }
    allotRoom()
  }

  /// The tracker in whose care a torrent is, for as long as `body` runs.
  @inline(__always)
  func withTracker<Result>(
    of infoHash: InfoHash, _ body: (inout Tracker) -> Result
  ) -> Result {
    shards[placement.shard(of: infoHash, among: Self.shardCount)].withLock { body(&$0) }
  }

  func statistics(of infoHash: InfoHash) -> ScrapeStatistics? {
    withTracker(of: infoHash) { $0.statistics(of: infoHash) }
  }

  var peerCount: Int { total { $0.peerCount } }
  var torrentCount: Int { total { $0.torrentCount } }

  private func total(_ count: (borrowing Tracker) -> Int) -> Int {
    var sum = 0
    for shard in 0..<Self.shardCount { sum += shards[shard].withLock { count($0) } }
    return sum
  }

  // MARK: Policy

  var policy: AnnouncePolicy { currentPolicy.withLock { $0 } }

  /// How much is held at most stays as it was.
  func setPolicy(_ policy: AnnouncePolicy) {
    currentPolicy.withLock { current in
      let (mostPeers, mostTorrents) = (current.mostPeers, current.mostTorrents)
      let stretch = current.stretchPercent
      current = policy
      current.stretchPercent = stretch
      current.mostPeers = mostPeers
      current.mostTorrents = mostTorrents
    }
    for shard in 0..<Self.shardCount {
      shards[shard].withLock { tracker in
        let stretch = tracker.policy.stretchPercent
        tracker.policy = policy
        tracker.policy.stretchPercent = stretch
      }
    }
    allotRoom()
  }

  /// Peers are asked to wait so much longer than usual from now on.
  func setStretch(_ stretch: IntervalStretch) {
    guard policy.stretchPercent != stretch.percent else { return }
    currentPolicy.withLock { $0.stretchPercent = stretch.percent }
    for shard in 0..<Self.shardCount {
      shards[shard].withLock { $0.policy.stretchPercent = stretch.percent }
    }
  }

  // MARK: Counters

  /// One more thread that counts what it answers.
  func makeCounters() -> TrackerCounters {
    let made = TrackerCounters()
    counters.withLock { $0.append(made) }
    return made
  }

  /// What all threads have answered.
  var answered: TrackerCounts {
    counters.withLock { all in all.reduce(into: TrackerCounts()) { $1.add(to: &$0) } }
  }

  // MARK: Connection IDs

  /// One for all threads, so that an ID holds whichever thread issued it; to be asked for anew with
  /// each batch of datagrams.
  var connectionIDAuthority: ConnectionIDAuthority { connectionIDs.withLock { $0 } }

  func rotateConnectionIDs() {
    var system = SystemRandomNumberGenerator()
    let secret = TrackerSecret(system.next(), system.next())
    connectionIDs.withLock { $0.rotate(to: secret) }
  }

  // MARK: Upkeep

  /// Removes silent peers, looking at no more than `budget` of them, and allots the room that is
  /// left.
  func tidy(at now: Moment, budget: Int) {
    for shard in 0..<Self.shardCount {
      _ = shards[shard].withLock { $0.purge(at: now, budget: budget / Self.shardCount) }
    }
    allotRoom()
  }

  /// Gives each shard an equal part of the room that is left, in addition to what it holds. One that
  /// runs full before the next time refuses strangers meanwhile.
  private func allotRoom() {
    let policy = policy
    let peers = Self.part(of: policy.mostPeers - peerCount)
    let torrents = Self.part(of: policy.mostTorrents - torrentCount)
    for shard in 0..<Self.shardCount {
      shards[shard].withLock { tracker in
        tracker.policy.mostPeers = tracker.peerCount + peers
        tracker.policy.mostTorrents = tracker.torrentCount + torrents
      }
    }
  }

  private static func part(of room: Int) -> Int {
    (max(0, room) + shardCount - 1) / shardCount
  }

  // MARK: State

  /// The swarms as bytes. No shard is locked for longer than its own part takes, so room is made for
  /// all of them before: to move what has been written would take longer.
  func snapshot(at now: Moment, wallClock: UInt64) -> [UInt8] {
    var writer = SnapshotWriter(
      wallClock: wallClock, expecting: torrentCount + Self.shardCount, peers: peerCount)
    for shard in 0..<Self.shardCount { shards[shard].withLock { writer.append($0, at: now) } }
    return writer.finish()
  }

  /// Takes the swarms of an earlier run back; the torrents are to be registered before.
  ///
  /// - Throws: when the bytes are not one whole snapshot; what was read before the fault stays.
  /// - Returns: the number of peers taken back.
  func restore(
    _ snapshot: [UInt8], at now: Moment, wallClock: UInt64
  ) throws(SnapshotError) -> Int {
    defer { allotRoom() }
    var reader = try SnapshotReader(snapshot, wallClock: wallClock)
    let policy = policy
    var taken = 0
    while let infoHash = try reader.nextSwarm() {
      let room = policy.mostPeers - taken
      let (count, fault) = withTracker(of: infoHash) { tracker -> (Int, SnapshotError?) in
        let before = tracker.peerCount
        tracker.policy.mostPeers = before + room
        do throws(SnapshotError) {
          try tracker.restore(infoHash, from: &reader, at: now)
          return (tracker.peerCount - before, nil)
        } catch {
          return (tracker.peerCount - before, error)
        }
      }
      taken += count
      if let fault { throw fault }
    }
    return taken
  }
}
