import ChordWire
import DeterministicCore
import Testing
import TorrentModel
import TrackerLogic

@testable import ChordLogic

/// A store behind a reference, so that an expectation can ask it.
private final class Keeper {
  private var store: RecordStore

  init(isGood: Bool = true) {
    store = RecordStore(verifier: FixedVerifier(isGood: isGood), secret: 5)
  }

  var count: Int { store.count }
  var itemCount: Int { store.items.count }
  func expire(at now: Moment) { store.expire(at: now) }
  func take(_ record: StoredRecord, at now: Moment) { store.take(record, at: now) }
  func pages(of arc: Arc, at now: Moment) -> [[StoredRecord]] { store.pages(of: arc, at: now) }
  func peers(of infoHash: InfoHash) -> [Endpoint] {
    store.peers.peers(of: infoHash).map(\.endpoint)
  }
  func sample(of infoHash: InfoHash, at now: Moment) -> [Endpoint] {
    store.peers(of: infoHash, most: 60, at: now)
  }
  func announce(_ announcement: PeerAnnouncement, from source: Endpoint, at now: Moment) {
    store.announce(announcement, from: source, at: now)
  }
  func put(_ item: Item, cas: Int64? = nil, until moment: Moment) -> ChordFailure? {
    store.put(item, cas: cas, until: moment)
  }
  func item(at target: Identifier, newerThan sequence: Int64?) -> Item? {
    store.item(at: target, newerThan: sequence)
  }
  func put(_ record: KeywordRecord, under word: Identifier, until moment: Moment) -> ChordFailure? {
    store.put(record, under: word, until: moment)
  }
  func keywords(under word: Identifier, with words: [String], most: Int) -> [KeywordRecord] {
    store.keywords(under: word, with: words, most: most)
  }
  func keywordCount(_ word: Identifier) -> Int { store.keywords[word]?.count ?? 0 }
}

@Suite("The records of a node") struct RecordStoreTests {
  private let now = Moment.zero + .seconds(100_000)
  private let infoHash = InfoHash(bytes: [UInt8](repeating: 9, count: 20))!
  private let key = PublicKey([UInt8](repeating: 1, count: 32))!
  private let signature = Signature([UInt8](repeating: 2, count: 64))!
  private let circle = Arc(
    after: Identifier(high: 0, middle: 0, low: 0), through: Identifier(high: 0, middle: 0, low: 0))

  private func item(_ value: String, sequence: Int64) -> Item {
    Item(
      value: Array("\(value.utf8.count):\(value)".utf8),
      signed: .init(key: key, sequence: sequence, signature: signature))!
  }

  private func announce(_ store: Keeper, _ peer: Endpoint, at moment: Moment) {
    store.announce(PeerAnnouncement(infoHash, port: nil), from: peer, at: moment)
  }

  @Test("give peers for 45 minutes after their last announce")
  func life() {
    let store = Keeper()
    let peer = Endpoint(text: "192.0.2.1:1000")!
    announce(store, peer, at: now)
    announce(store, peer, at: now + .minutes(15))
    store.expire(at: now + .minutes(59))
    #expect(store.sample(of: infoHash, at: now + .minutes(60)) == [peer])
    // Also before anybody has tidied up.
    #expect(store.sample(of: infoHash, at: now + .minutes(60) + .seconds(1)).isEmpty)
    announce(store, peer, at: now)
    store.announce(PeerAnnouncement(infoHash, port: nil, isGone: true), from: peer, at: now)
    #expect(store.sample(of: infoHash, at: now).isEmpty && store.count == 0)
  }

  @Test("are given without those whose life is over, before anybody has tidied up")
  func overdue() {
    let store = Keeper()
    let peers = (1...200).map { Endpoint(.v4(0x0a00_0000 | UInt32($0) << 8 | 1), port: 1000) }
    for (number, peer) in peers.enumerated() {
      announce(store, peer, at: number.isMultiple(of: 2) ? now : now + .minutes(30))
    }
    let living = Set(peers.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element))
    let given = store.sample(of: infoHash, at: now + .minutes(50))
    #expect(!given.isEmpty && given.allSatisfy { living.contains($0) })
    store.expire(at: now + .minutes(50))
    #expect(store.count == living.count)
    #expect(store.sample(of: infoHash, at: now + .minutes(50)).count == 60)
  }

  @Test("live no longer for being copied to and fro")
  func copies() {
    let first = Keeper()
    let second = Keeper()
    let peer = Endpoint(text: "192.0.2.1:1000")!
    announce(first, peer, at: now)
    _ = first.put(item("a", sequence: 1), until: now + .minutes(60))
    for minute in 1...80 {
      let moment = now + .minutes(minute)
      for page in first.pages(of: circle, at: moment) {
        for record in page { second.take(record, at: moment) }
      }
      for page in second.pages(of: circle, at: moment) {
        for record in page { first.take(record, at: moment) }
      }
      first.expire(at: moment)
      second.expire(at: moment)
      #expect(
        (first.sample(of: infoHash, at: moment).isEmpty) == (minute > 45), "minute \(minute)")
      #expect((first.itemCount == 0) == (minute >= 60), "minute \(minute)")
    }
    #expect(first.count == 0 && second.count == 0)
  }

  @Test("live no longer for being long on their way, again and again")
  func slowCopies() {
    var keepers = [Keeper(), Keeper()]
    let peer = Endpoint(text: "192.0.2.1:1000")!
    announce(keepers[0], peer, at: now)
    _ = keepers[0].put(item("a", sequence: 1), until: now + .minutes(60))
    var moment = now + .milliseconds(900)
    for _ in 0..<60 {
      let pages = keepers[0].pages(of: circle, at: moment)
      moment = moment + .milliseconds(3100)
      // Each keeper is gone when the next has what it had.
      keepers = [keepers[1], Keeper()]
      for record in pages.joined() { keepers[0].take(record, at: moment) }
    }
    #expect(keepers[0].sample(of: infoHash, at: moment) == [peer])
    let end = now + .minutes(45) + .seconds(1)
    #expect(keepers[0].sample(of: infoHash, at: end).isEmpty)
    #expect(keepers[0].itemCount == 1)
    keepers[0].expire(at: now + .minutes(60))
    #expect(keepers[0].count == 0)
  }

  @Test("are not driven out by one network")
  func domination() {
    let store = Keeper()
    for number in 0..<400 {
      announce(store, Endpoint(.v4(0xc000_0000 + UInt32(number) << 8), port: 1), at: now)
    }
    for number in 0..<4000 {
      let flooder = Endpoint(.v4(0xc633_6400 | UInt32(number % 256)), port: UInt16(number + 1))
      announce(store, flooder, at: now + .seconds(number / 100))
    }
    let kept = store.peers(of: infoHash)
    #expect(kept.count == RecordStore.mostPeersPerKey)
    #expect(kept.count { $0.address.bytes[0] == 0xc0 } == 400)
    // One more from a network of its own finds room among the crowd.
    announce(store, Endpoint(text: "198.18.0.1:1")!, at: now)
    #expect(
      store.peers(of: infoHash).contains(Endpoint(text: "198.18.0.1:1")!))
  }

  @Test("are refused by the codes of BEP 44")
  func codes() {
    let bad = Keeper(isGood: false)
    #expect(bad.put(item("a", sequence: 1), until: now)?.code == .invalidSignature)
    #expect(bad.count == 0)
    let store = Keeper()
    let until = now + .minutes(60)
    #expect(store.put(item("a", sequence: 5), until: until) == nil)
    #expect(store.put(item("b", sequence: 4), until: until)?.code == .sequenceTooLow)
    #expect(store.put(item("b", sequence: 5), until: until)?.code == .sequenceTooLow)
    #expect(store.put(item("a", sequence: 4), until: until)?.code == .sequenceTooLow)
    #expect(store.put(item("a", sequence: 5), until: until) == nil)
    #expect(store.put(item("b", sequence: 6), cas: 4, until: until)?.code == .casMismatch)
    #expect(store.put(item("b", sequence: 6), cas: 5, until: until) == nil)
    let target = item("b", sequence: 6).target
    #expect(store.item(at: target, newerThan: nil)?.signed?.sequence == 6)
    #expect(store.item(at: target, newerThan: 6) == nil)
    let immutable = Item(value: Array("12:Hello World!".utf8))!
    #expect(store.put(immutable, until: until) == nil)
    #expect(store.item(at: immutable.target, newerThan: nil) == immutable)
  }

  @Test("come in pages that miss nothing and repeat nothing")
  func pages() throws {
    let store = Keeper()
    var random = SeededGenerator(seed: 4)
    for _ in 0..<30 {
      let hash = InfoHash(bytes: random.identifier().bytes)!
      for _ in 0..<random.below(90) {
        let peer = Endpoint(
          .v4(UInt32(truncatingIfNeeded: random.next()) | 0x2000_0000 & 0x7fff_ffff), port: 7)
        guard peer.isDialable else { continue }
        store.announce(PeerAnnouncement(hash, port: nil), from: peer, at: now)
      }
      let value = [UInt8](repeating: 65, count: random.below(600))
      _ = store.put(Item(value: Array("\(value.count):".utf8) + value)!, until: now + .minutes(9))
    }
    let copy = Keeper()
    let pages = store.pages(of: circle, at: now)
    for page in pages {
      let message = ChordMessage(
        transaction: 1,
        body: .reply(
          .records(page, cursor: [UInt8](repeating: 0, count: 60)),
          ReplyHead(from: random.identifier())))
      #expect(message.datagram != nil, "a page is longer than a datagram")
      for record in page { copy.take(record, at: now) }
    }
    #expect(copy.count == store.count && store.count > 100)
    // A copy is as old as the original will be when it may have been on its way for longest.
    let later = now + .seconds(Int(RecordStore.longestTransfer))
    let isSame = copy.pages(of: circle, at: now) == store.pages(of: circle, at: later)
    #expect(isSame)
  }

  @Test("are found by the words of their names")
  func keywords() {
    let store = Keeper()
    func record(_ name: String, _ time: UInt32, _ byte: UInt8) -> KeywordRecord {
      KeywordRecord(
        infoHash: InfoHash(bytes: [UInt8](repeating: byte, count: 20))!, size: 1, time: time,
        publisher: key, signature: signature, name: name)!
    }
    let word = Keyword.target(of: "Linux")
    #expect(word == Keyword.target(of: "linux"))
    #expect(Keyword.target(of: "a", "b") == Keyword.target(of: "B", "A"))
    let until = now + .minutes(9)
    #expect(store.put(record("Linux-Image 6.1", 1, 1), under: word, until: until) == nil)
    #expect(store.put(record("linux kernel", 2, 2), under: word, until: until) == nil)
    #expect(store.put(record("linux kernel", 1, 2), under: word, until: until) != nil)
    #expect(store.keywords(under: word, with: [], most: 4).map(\.time) == [2, 1])
    #expect(store.keywords(under: word, with: ["IMAGE"], most: 4).map(\.time) == [1])
    #expect(store.keywords(under: word, with: ["windows"], most: 4).isEmpty)
    for number in 0..<100 {
      _ = store.put(record("linux \(number)", 9, UInt8(number + 10)), under: word, until: until)
    }
    #expect(store.keywordCount(word) == RecordStore.mostKeywordsPerPublisher)
  }
}
