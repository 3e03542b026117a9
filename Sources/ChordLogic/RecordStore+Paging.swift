import ChordWire
import DeterministicCore
import TorrentModel
import TrackerLogic

/// Records on their way from keeper to keeper: in pages of one datagram, in the order of their
/// names, so that a cursor means the same while records come and go.
extension RecordStore {
  /// A record's place in the order: its key, its kind, and what tells it from others of the key.
  private struct Name: Comparable {
    var key: Identifier
    var rest: [UInt8]

    var bytes: [UInt8] { key.bytes + rest }

    static func < (left: Name, right: Name) -> Bool {
      left.key != right.key ? left.key < right.key : left.rest.lexicographicallyPrecedes(right.rest)
    }

    init(_ key: Identifier, kind: UInt8, _ rest: [UInt8]) {
      self.key = key
      self.rest = [kind] + rest
    }

    init?(cursor: [UInt8]) {
      guard let key = Identifier(bytes: cursor.prefix(Identifier.length)) else { return nil }
      self.key = key
      rest = Array(cursor.dropFirst(Identifier.length))
    }
  }

  /// Bytes of records in one datagram; the rest is its envelope.
  private static let pageLength = 800

  /// The next page of an arc, and the cursor of the one behind it unless this is the last.
  func page(
    _ request: RecordRequest, at now: Moment
  ) -> (records: [StoredRecord], cursor: [UInt8]?) {
    let start = Name(cursor: request.cursor)
    var page: [StoredRecord] = []
    var length = 0
    var last: Name?
    for (name, record) in entries(in: request.arc, at: now) {
      if let start, name <= start { continue }
      let cost = Self.append(record, to: &page, room: Self.pageLength - length)
      guard let cost else { return (page, last?.bytes) }
      length += cost
      last = name
    }
    return (page, nil)
  }

  /// - Returns: the bytes it takes; nil when there is no room.
  private static func append(
    _ record: StoredRecord, to page: inout [StoredRecord], room: Int
  ) -> Int? {
    // Peers of one swarm share its name.
    if case .peers(let infoHash, let added) = record, case .peers(infoHash, let peers)? = page.last
    {
      let cost = added[0].endpoint.address.isV4 ? 9 : 21
      guard cost <= room else { return nil }
      page[page.count - 1] = .peers(infoHash, peers + added)
      return cost
    }
    let cost = record.encodedLength + 8
    guard cost <= room || page.isEmpty, page.count < 60 else { return nil }
    page.append(record)
    return cost
  }

  private func entries(in arc: Arc, at now: Moment) -> [(name: Name, record: StoredRecord)] {
    var entries: [(name: Name, record: StoredRecord)] = []
    for infoHash in peers.infoHashes {
      let key = Identifier(infoHash.digest)
      guard arc.contains(key) else { continue }
      for peer in peers.peers(of: infoHash) {
        let age = now.second &- peer.lastSeen
        guard age < UInt32(Self.wholePeerLife - Self.longestTransfer) else { continue }
        let life = Self.wholePeerLife - Self.longestTransfer - UInt16(age)
        let stored = StoredPeer(peer.endpoint, isSeed: peer.isSeed, life: life)
        entries.append(
          (Name(key, kind: 0, peer.endpoint.compact), .peers(infoHash, [stored])))
      }
    }
    for (key, kept) in items where arc.contains(key) && kept.until > now {
      entries.append(
        (Name(key, kind: 1, []), .item(kept.item, life: Self.life(kept.until - now))))
    }
    for (key, records) in keywords where arc.contains(key) {
      for kept in records where kept.until > now {
        let rest = kept.record.infoHash.bytes + kept.record.publisher.bytes
        entries.append(
          (
            Name(key, kind: 2, rest),
            .keyword(key, kept.record, life: Self.life(kept.until - now))
          ))
      }
    }
    return entries.sorted { $0.name < $1.name }
  }

  /// The seconds that a copy is given of what is left of a record's life.
  static func life(_ span: TimeSpan) -> UInt32 {
    let left = span.seconds - Double(longestTransfer)
    return UInt32(min(max(left, 0), Double(StoredRecord.longestLife)))
  }

  /// All records of an arc, in pages.
  func pages(of arc: Arc, at now: Moment) -> [[StoredRecord]] {
    var pages: [[StoredRecord]] = []
    var request = RecordRequest(arc)
    while true {
      let (page, cursor) = page(request, at: now)
      if !page.isEmpty { pages.append(page) }
      guard let cursor else { return pages }
      request.cursor = cursor
    }
  }

  /// Takes a copy: checked like the original, and no longer lived than it.
  mutating func take(_ record: StoredRecord, at now: Moment) {
    switch record {
    case .peers(let infoHash, let copies):
      for peer in copies { keep(peer, of: infoHash, at: now) }
    case .item(let item, let life):
      let span = min(TimeSpan.seconds(Int(life)), Self.itemLife)
      _ = put(item, until: now + span)
    case .keyword(let word, let record, let life):
      let span = min(TimeSpan.seconds(Int(life)), Self.keywordLife)
      _ = put(record, under: word, until: now + span)
    }
  }
}
