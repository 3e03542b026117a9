public import DeterministicCore
public import TorrentModel
import TrackerWire

/// Why bytes are no snapshot of a tracker.
public enum SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
  case notASnapshot
  /// It ends before what it announces; offset in bytes.
  case truncated(at: Int)
  /// Bytes follow its end; offset in bytes.
  case trailingBytes(at: Int)

  public var description: String {
    switch self {
    case .notASnapshot: "no snapshot of a tracker's swarms"
    case .truncated(let offset): "the snapshot ends early, at byte \(offset)"
    case .trailingBytes(let offset): "bytes behind the end of the snapshot, at byte \(offset)"
    }
  }
}

// The swarms as bytes, so that a restart forgets no peer. All numbers are big-endian:
//
//     "shoalsw1", wall clock u64, swarms u32, and for each swarm
//       info-hash 20, downloaded u32, IPv4 peers u32, IPv6 peers u32, and for each peer
//         peer id 20, seconds of silence u32, address 4 or 16, port u16, section and flag u8
//
// Times are kept as ages: the moments of one run mean nothing to the next.

private let magic = Array("shoalsw1".utf8)
private let countedFlag: UInt8 = 0x80

/// Puts the swarms of one tracker after another into one snapshot.
public struct SnapshotWriter: Sendable {
  private var bytes = magic
  private var swarmCount: UInt32 = 0
  /// Of IPv6.
  private static let longestPeer = 43

  /// - Parameters:
  ///   - wallClock: seconds since 1970, to tell later how long the tracker was away.
  ///   - swarms: how many there will be, about, and `peers` in them.
  public init(wallClock: UInt64, expecting swarms: Int = 0, peers: Int = 0) {
    bytes.reserveCapacity(magic.count + 12 + 32 * swarms + Self.longestPeer * peers)
    bytes.append(bigEndian: wallClock)
    bytes.append(bigEndian: swarmCount)
  }

  public mutating func append(_ tracker: borrowing Tracker, at now: Moment) {
    swarmCount += UInt32(tracker.torrentCount)
    for swarm in tracker.store.swarms {
      bytes.append(contentsOf: swarm.infoHash.bytes)
      bytes.append(bigEndian: swarm.downloaded)
      bytes.append(bigEndian: UInt32(swarm.v4.count))
      bytes.append(bigEndian: UInt32(swarm.v6.count))
      append(swarm.v4, at: now.wholeSeconds)
      append(swarm.v6, at: now.wholeSeconds)
    }
  }

  private mutating func append<Host>(_ peers: PeerVector<Host>, at second: UInt32) {
    for (index, record) in peers.records.enumerated() {
      bytes.append(contentsOf: PeerID(record.id).bytes)
      bytes.append(bigEndian: second &- record.lastSeen)
      bytes.append(contentsOf: record.endpoint.compact)
      let section = UInt8(peers.section(of: index).rawValue)
      bytes.append(record.isCounted ? section | countedFlag : section)
    }
  }

  public consuming func finish() -> [UInt8] {
    var count: [UInt8] = []
    count.append(bigEndian: swarmCount)
    bytes.replaceSubrange(magic.count + 8..<magic.count + 12, with: count)
    return bytes
  }
}

/// Reads a snapshot swarm by swarm.
public struct SnapshotReader: Sendable {
  private let snapshot: [UInt8]
  private var position: Int
  private var swarmsLeft: UInt32 = 0
  /// Seconds between the snapshot and now.
  fileprivate private(set) var away: UInt32 = 0

  /// - Parameter wallClock: seconds since 1970.
  public init(_ snapshot: [UInt8], wallClock: UInt64) throws(SnapshotError) {
    guard snapshot.starts(with: magic) else { throw .notASnapshot }
    self.snapshot = snapshot
    position = magic.count
    let saved: UInt64 = try number()
    // A clock that went backwards meanwhile says nothing.
    away = UInt32(clamping: wallClock > saved ? wallClock - saved : 0)
    swarmsLeft = try number()
  }

  /// The info-hash of the next swarm, which is then to be restored; `nil` behind the last.
  ///
  /// - Throws: when the bytes are not one whole snapshot.
  public mutating func nextSwarm() throws(SnapshotError) -> InfoHash? {
    guard swarmsLeft > 0 else {
      guard position == snapshot.count else { throw .trailingBytes(at: position) }
      return nil
    }
    swarmsLeft -= 1
    return InfoHash(bytes: try bytes(20))
  }

  fileprivate mutating func bytes(_ count: Int) throws(SnapshotError) -> ArraySlice<UInt8> {
    guard snapshot.count - position >= count else { throw .truncated(at: snapshot.count) }
    defer { position += count }
    return snapshot[position..<position + count]
  }

  fileprivate mutating func number<Number: FixedWidthInteger & UnsignedInteger>()
    throws(SnapshotError) -> Number
  {
    try bytes(Number.bitWidth / 8).reduce(0) { $0 << 8 | Number($1) }
  }
}

extension Tracker {
  /// The swarms of this tracker alone.
  ///
  /// - Parameter wallClock: seconds since 1970.
  public func snapshot(at now: Moment, wallClock: UInt64) -> [UInt8] {
    var writer = SnapshotWriter(wallClock: wallClock)
    writer.append(self, at: now)
    return writer.finish()
  }

  /// Takes back what a snapshot holds: the swarms that are tracked, and in them the peers whose time
  /// has not run out meanwhile. Torrents are to be registered before.
  ///
  /// - Throws: when the bytes are not one whole snapshot; what was read before the fault stays.
  /// - Returns: the number of peers taken back.
  @discardableResult
  public mutating func restore(
    _ snapshot: [UInt8], at now: Moment, wallClock: UInt64
  ) throws(SnapshotError) -> Int {
    let before = peerCount
    var reader = try SnapshotReader(snapshot, wallClock: wallClock)
    while let infoHash = try reader.nextSwarm() { try restore(infoHash, from: &reader, at: now) }
    return peerCount - before
  }

  /// Takes the peers of a swarm back whose time has not run out meanwhile, if the torrent is tracked.
  /// Torrents are to be registered before.
  ///
  /// - Throws: when the snapshot is not whole; what was read before the fault stays.
  public mutating func restore(
    _ infoHash: InfoHash, from reader: inout SnapshotReader, at now: Moment
  ) throws(SnapshotError) {
    let downloaded: UInt32 = try reader.number()
    let counts: [(AddressFamily, UInt32)] = [
      (.v4, try reader.number()), (.v6, try reader.number()),
    ]
    var swarm = store.find(infoHash)
    if swarm == nil, isTracked(infoHash), torrentCount < policy.mostTorrents {
      swarm = store.insert(infoHash, isRegistered: false)
    }
    // Whether the peers are all too old or end in a fault: no empty swarm stays behind.
    defer { if let swarm { store.forgetIfEmpty(swarm) } }
    if let swarm { store.setCounts(of: swarm, downloaded: downloaded) }
    for (family, count) in counts {
      for _ in 0..<count { try restorePeer(&reader, family, in: swarm, at: now) }
    }
  }

  /// Seconds; a day.
  private static var ageOfRestored: UInt32 { 86_400 }

  private mutating func restorePeer(
    _ reader: inout SnapshotReader, _ family: AddressFamily, in swarm: Int?, at now: Moment
  ) throws(SnapshotError) {
    let id = PeerID(bytes: try reader.bytes(20))
    let silence: UInt32 = try reader.number()
    let endpoint = Endpoint(compact: try reader.bytes(family.compactLength))
    let bits: UInt8 = try reader.number()
    let (age, overflow) = silence.addingReportingOverflow(reader.away)
    guard let swarm, let id, let endpoint, endpoint.isDialable,
      endpoint.address.family == family, !overflow, Double(age) <= policy.lifetime.seconds,
      let section = PeerSection(rawValue: Int(bits & ~countedFlag))
    else { return }
    let sighting = PeerSighting(
      endpoint: endpoint, id: id, section: section, completes: false,
      second: now.wholeSeconds &- age)
    // What sighted the first of the peers, and when, is not kept: swarms of an earlier run are old.
    let place = store.note(sighting, in: swarm, most: policy.mostPeers)
    store.setAge(of: swarm, firstSeen: now.wholeSeconds &- Self.ageOfRestored)
    if let place, bits & countedFlag != 0 { store.setCounted(place, family, in: swarm) }
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
    for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
