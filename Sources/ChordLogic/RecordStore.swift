import ChordWire
public import DeterministicCore
import Hashing
import TorrentModel
import TrackerLogic

/// The records a node keeps: peers of swarms, items (BEP 44), and torrents under words.
///
/// The invariant: every record has an end of life that no copying moves back, and the number of
/// records is bounded for each key and in all; whatever is signed was checked before it was taken.
public struct RecordStore: ~Copyable, Sendable {
  struct KeptItem: Sendable {
    var item: Item
    var until: Moment
  }

  struct KeptKeyword: Sendable {
    var record: KeywordRecord
    var until: Moment
  }

  let verifier: any SignatureVerifier
  var peers: PeerStore
  var items: [Identifier: KeptItem] = [:]
  var keywords: [Identifier: [KeptKeyword]] = [:]
  var generator: SeededGenerator

  /// Peers announce themselves every 15 minutes: two announces may be lost.
  public static let peerLife = TimeSpan.minutes(45)
  /// BEP 44 has items put again every hour and dropped after two.
  public static let itemLife = TimeSpan.minutes(120)
  /// Torrents are published anew every day.
  public static let keywordLife = TimeSpan.seconds(86400)
  public static let mostPeersPerKey = 500
  static let mostPeers = 1_000_000
  static let mostItems = 20_000
  static let mostWords = 20_000
  static let mostKeywordsPerWord = 200
  /// Of one publisher under one word.
  static let mostKeywordsPerPublisher = 50

  init(verifier: any SignatureVerifier, secret: UInt64) {
    self.verifier = verifier
    var generator = SeededGenerator(seed: secret)
    peers = PeerStore(secret: TrackerSecret(generator.next(), generator.next()))
    self.generator = generator
  }

  public var count: Int {
    peers.peerCount + items.count + keywords.values.reduce(0) { $0 + $1.count }
  }

  // MARK: Peers

  /// Takes an announce from the address it came from.
  mutating func announce(
    _ announcement: PeerAnnouncement, from source: Endpoint, at now: Moment
  ) {
    let peer = Endpoint(source.address, port: announcement.port ?? source.port)
    if announcement.isGone {
      peers.forget(peer, of: announcement.infoHash)
    } else {
      keep(
        StoredPeer(peer, isSeed: announcement.isSeed, life: Self.wholePeerLife),
        of: announcement.infoHash, at: now)
    }
  }

  static let wholePeerLife = UInt16(peerLife.seconds)
  /// Seconds that a copy may be on its way, sent again and again: taken off its life when it leaves,
  /// so that none lives longer than what it was copied from.
  static let longestTransfer: UInt16 = 4

  mutating func keep(_ peer: StoredPeer, of infoHash: InfoHash, at now: Moment) {
    guard peer.life > 0 else { return }
    let age = UInt32(Self.wholePeerLife - min(peer.life, Self.wholePeerLife))
    peers.keep(
      KeptPeer(peer.endpoint, isSeed: peer.isSeed, lastSeen: now.second &- age), of: infoHash,
      mostInSwarm: Self.mostPeersPerKey, most: Self.mostPeers)
  }

  mutating func forget(_ peer: Endpoint, of infoHash: InfoHash) {
    peers.forget(peer, of: infoHash)
  }

  /// Peers whose life is not over.
  mutating func peers(of infoHash: InfoHash, most: Int, at now: Moment) -> [Endpoint] {
    peers.sample(
      most, of: infoHash, at: now.second, lifetime: UInt32(Self.wholePeerLife), using: &generator)
  }

  // MARK: Items

  /// - Parameter cas: the sequence number the item to be replaced must have.
  /// - Returns: why the item is not taken, by the codes of BEP 44; nil when it is.
  mutating func put(_ item: Item, cas: Int64? = nil, until moment: Moment) -> ChordFailure? {
    let target = item.target
    let known = items[target]
    if let signed = item.signed, let bytes = item.signedBytes {
      guard verifier.isValid(signed.signature, of: bytes, by: signed.key) else {
        return ChordFailure(.invalidSignature, "invalid signature")
      }
      if let sequence = known?.item.signed?.sequence {
        if let cas, cas != sequence {
          return ChordFailure(.casMismatch, "the sequence number is \(sequence)")
        }
        guard signed.sequence > sequence || known?.item.value == item.value else {
          return ChordFailure(.sequenceTooLow, "the sequence number is \(sequence)")
        }
        guard signed.sequence >= sequence else {
          return ChordFailure(.sequenceTooLow, "the sequence number is \(sequence)")
        }
      }
    }
    guard known != nil || items.count < Self.mostItems else {
      return ChordFailure(.serverFault, "full")
    }
    items[target] = KeptItem(item: item, until: max(moment, known?.until ?? .zero))
    return nil
  }

  func item(at target: Identifier, newerThan sequence: Int64?) -> Item? {
    guard let item = items[target]?.item else { return nil }
    if let sequence, let own = item.signed?.sequence, own <= sequence { return nil }
    return item
  }

  // MARK: Keywords

  mutating func put(
    _ record: KeywordRecord, under word: Identifier, until moment: Moment
  ) -> ChordFailure? {
    guard
      verifier.isValid(
        record.signature, of: record.signedBytes(under: word), by: record.publisher)
    else { return ChordFailure(.invalidSignature, "invalid signature") }
    var kept = keywords[word] ?? []
    let known = kept.firstIndex {
      $0.record.infoHash == record.infoHash && $0.record.publisher == record.publisher
    }
    if let known {
      guard record.time >= kept[known].record.time else {
        return ChordFailure(.sequenceTooLow, "published later already")
      }
      kept[known] = KeptKeyword(record: record, until: max(moment, kept[known].until))
    } else {
      let ofPublisher = kept.count { $0.record.publisher == record.publisher }
      guard ofPublisher < Self.mostKeywordsPerPublisher, kept.count < Self.mostKeywordsPerWord,
        !kept.isEmpty || keywords.count < Self.mostWords
      else { return ChordFailure(.serverFault, "full") }
      kept.append(KeptKeyword(record: record, until: moment))
    }
    keywords[word] = kept
    return nil
  }

  /// The newest records under a word whose names have all the other words.
  func keywords(
    under word: Identifier, with words: [String], most: Int
  ) -> [KeywordRecord] {
    let found = (keywords[word] ?? []).map(\.record).filter { record in
      let name = Keyword.words(of: record.name)
      return words.allSatisfy { wanted in name.contains(Keyword.normalized(wanted)) }
    }
    return Array(found.sorted { $0.time > $1.time }.prefix(most))
  }

  // MARK: Expiry

  mutating func expire(at now: Moment) {
    peers.purge(
      at: now.second, lifetime: UInt32(Self.wholePeerLife), budget: peers.peerCount * 2 + 64)
    if !items.isEmpty { items = items.filter { $0.value.until > now } }
    guard !keywords.isEmpty else { return }
    keywords = keywords.compactMapValues { kept in
      let living = kept.filter { $0.until > now }
      return living.isEmpty ? nil : living
    }
  }
}

extension Moment {
  /// Whole seconds in 32 bits, compared by wrapping subtraction.
  var second: UInt32 { UInt32(truncatingIfNeeded: nanoseconds / 1_000_000_000) }
}
