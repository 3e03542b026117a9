import Hashing
import TorrentModel

/// The peers of one swarm and one address family, side by side in one array.
///
/// The invariant: downloaders come first, then partial seeds, then seeds, so that "everyone" and
/// "those who want something" are each one range and a reply is a copy of slices. A peer is found by
/// its endpoint: by looking through a small array, by hash in a larger one.
struct PeerVector<Host: PeerHost>: Sendable {
  private(set) var records: [PeerRecord<Host>] = []
  private var table = HandleTable()
  private var partialStart: UInt32 = 0
  private var seedStart: UInt32 = 0

  /// Up to this many records are looked through faster than hashed.
  private static var longestScan: Int { 16 }

  var count: Int { records.count }
  var downloaderCount: Int { Int(partialStart) }
  var seedCount: Int { records.count - Int(seedStart) }

  func section(of index: Int) -> PeerSection {
    index < Int(partialStart) ? .downloader : index < Int(seedStart) ? .partialSeed : .seed
  }

  func find(_ host: Host, port: UInt16, key: SipHash.Key) -> Int? {
    if table.isEmpty {
      return records.firstIndex { $0.host == host && $0.port == port }
    }
    return table.find(hash: host.hash(port: port, key: key)) {
      records[$0].host == host && records[$0].port == port
    }
  }

  /// What became of a sighting.
  struct Noted {
    var index: Int
    var isNew: Bool
    /// This is the moment the peer's download counts: it came without everything, says that it
    /// completed, and was not counted before.
    var countsDownload: Bool
  }

  /// Adds the peer or brings what is known of it up to date; `nil` when it is new and there is no
  /// room.
  mutating func note(
    _ host: Host, _ sighting: PeerSighting, hasRoom: Bool, key: SipHash.Key
  ) -> Noted? {
    let port = sighting.endpoint.port
    guard let index = find(host, port: port, key: key) else {
      guard hasRoom else { return nil }
      let record = PeerRecord(host, sighting)
      let index = insert(record, in: sighting.section, key: key)
      return Noted(index: index, isNew: true, countsDownload: false)
    }
    records[index].id = sighting.id.digest
    records[index].keyTag = sighting.keyTag
    records[index].lastSeen = sighting.second
    let counts =
      sighting.completes && section(of: index) != .seed && !records[index].isCounted
    if counts { records[index].isCounted = true }
    let place = move(index, to: sighting.section, key: key)
    return Noted(index: place, isNew: false, countsDownload: counts)
  }

  /// The peer's download has been counted in an earlier run.
  mutating func setCounted(at index: Int) { records[index].isCounted = true }

  mutating func setTwin(_ isTwin: Bool, at index: Int) { records[index].isTwin = isTwin }

  private mutating func insert(
    _ record: PeerRecord<Host>, in section: PeerSection, key: SipHash.Key
  ) -> Int {
    let index = records.count
    // Doubling would leave up to half of a large swarm's memory unused.
    if index == records.capacity { records.reserveCapacity(index + max(2, index / 4)) }
    records.append(record)
    if table.isEmpty {
      if records.count > Self.longestScan { table.rebuild(for: records, key: key) }
    } else if table.isTooSmall(for: records.count) {
      table.rebuild(for: records, key: key)
    } else {
      table.insert(index, in: records, key: key)
    }
    return move(index, to: section, key: key)
  }

  mutating func remove(at index: Int, key: SipHash.Key) {
    let last = records.count - 1
    let place = move(index, to: .seed, key: key)
    exchange(place, last, key: key)
    if !table.isEmpty { table.removeLast(last, in: records, key: key) }
    records.removeLast()
    shrink(key)
  }

  /// Carries a peer over to another section by exchanging it with the one at each border between.
  private mutating func move(_ index: Int, to target: PeerSection, key: SipHash.Key) -> Int {
    var place = index
    while true {
      let section = section(of: place)
      if section == target { return place }
      let border: Int
      switch (section, section.rawValue < target.rawValue) {
      case (.downloader, _):
        partialStart -= 1
        border = Int(partialStart)
      case (.partialSeed, true):
        seedStart -= 1
        border = Int(seedStart)
      case (.partialSeed, false):
        border = Int(partialStart)
        partialStart += 1
      case (.seed, _):
        border = Int(seedStart)
        seedStart += 1
      }
      exchange(place, border, key: key)
      place = border
    }
  }

  private mutating func exchange(_ first: Int, _ second: Int, key: SipHash.Key) {
    guard first != second else { return }
    if !table.isEmpty { table.exchange(first, second, in: records, key: key) }
    records.swapAt(first, second)
  }

  /// Gives memory back once three quarters of it hold nothing.
  private mutating func shrink(_ key: SipHash.Key) {
    if records.count <= Self.longestScan / 2 {
      table.removeAll()
    } else if table.isTooLarge(for: records.count) {
      table.rebuild(for: records, key: key)
    }
    if records.isEmpty {
      records = []
    } else if records.capacity > 2 * Self.longestScan && records.count * 4 < records.capacity {
      var smaller: [PeerRecord<Host>] = []
      smaller.reserveCapacity(records.count * 2)
      smaller.append(contentsOf: records)
      records = smaller
    }
  }
}
