import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@testable import ChordLogic

/// A signature is good when it says so.
private struct SayingVerifier: SignatureVerifier {
  func isValid(_ signature: Signature, of bytes: [UInt8], by key: PublicKey) -> Bool {
    signature.bytes.first == 1
  }
}

@Suite("A quorum of keepers") struct ItemQuorumTests {
  private let key = PublicKey([UInt8](repeating: 1, count: 32))!
  private let keepers = (0..<8).map { number in
    Contact(
      Identifier(high: UInt32(number + 1) << 24, middle: 0, low: 0), RingModel.endpoint(number))
  }

  private func item(_ sequence: Int64, isForged: Bool = false) -> Item {
    let signature = Signature([UInt8](repeating: isForged ? 0 : 1, count: 64))!
    return Item(
      value: Array("i\(sequence)e".utf8),
      signed: .init(key: key, sequence: sequence, signature: signature))!
  }

  private func read(of quorum: ItemQuorum) -> QuorumRead {
    QuorumRead(Item.target(of: key, salt: []), of: quorum, verifier: SayingVerifier())
  }

  @Test(
    "is 2f + 1 of 3f + 1",
    arguments: [(0, 0, 1), (1, 1, 1), (3, 1, 1), (4, 4, 3), (6, 4, 3), (7, 7, 5), (8, 7, 5)])
  func sizes(contacts: Int, size: Int, needed: Int) {
    let quorum = ItemQuorum(of: Array(keepers.prefix(contacts)))
    #expect(quorum.keepers.count == size && quorum.needed == needed)
  }

  @Test("reads the newest version, whichever of them has it, and names those behind")
  func newest() {
    let quorum = ItemQuorum(of: keepers)
    for holder in 0..<7 {
      var read = read(of: quorum)
      for place in 0..<7 {
        let number = (holder + place) % 7
        let isHolder = number == holder || number == (holder + 1) % 7
        #expect(!read.isDecided == (place < 5))
        read.take(item(isHolder ? 8 : 7), from: keepers[number])
      }
      #expect(read.best == item(8))
      #expect(read.isQuorum && read.answerCount == 7)
      let behind = keepers.prefix(7).filter {
        $0 != keepers[holder] && $0 != keepers[(holder + 1) % 7]
      }
      #expect(read.outdated == behind)
    }
  }

  @Test("takes nothing forged, nothing of another key and no second word")
  func forgery() {
    var read = read(of: ItemQuorum(of: keepers))
    read.take(item(9, isForged: true), from: keepers[0])
    read.take(Item(value: Array("i9e".utf8)), from: keepers[1])
    #expect(read.best == nil && read.answerCount == 2)
    read.take(item(3), from: keepers[2])
    read.take(item(4), from: keepers[2])
    read.take(item(5), from: keepers[7])
    #expect(read.best == item(3) && read.answerCount == 3)
    read.take(nil, from: keepers[3])
    read.fail(keepers[4])
    #expect(!read.isDecided)
    read.fail(keepers[5])
    read.fail(keepers[6])
    // All have been heard or given up, and they are too few.
    #expect(read.isDecided && !read.isQuorum && read.best == item(3))
    #expect(read.outdated == [keepers[0], keepers[1], keepers[3]])
  }

  @Test("is content with one copy that proves itself")
  func immutable() {
    let item = Item(value: Array("i1e".utf8))!
    var read = QuorumRead(item.target, of: ItemQuorum(of: keepers), verifier: SayingVerifier())
    read.take(nil, from: keepers[0])
    #expect(!read.isDecided)
    read.take(item, from: keepers[1])
    #expect(read.isDecided && read.outdated == [keepers[0]])
  }

  @Test("keeps a write that so many have taken")
  func write() {
    var write = QuorumWrite(to: ItemQuorum(of: keepers))
    for number in 0..<4 {
      write.take(keepers[number])
      write.take(keepers[number])
    }
    #expect(!write.isKept && !write.isOver && write.takenCount == 4)
    write.refuse(keepers[4], by: ChordFailure(.sequenceTooLow))
    write.take(keepers[4])
    #expect(!write.isKept && write.refusal?.code == .sequenceTooLow)
    write.take(keepers[5])
    #expect(write.isKept && !write.isOver)
    write.refuse(keepers[6], by: ChordFailure(.generic))
    #expect(write.isOver && write.refusal?.code == .sequenceTooLow)
    #expect(!QuorumWrite(to: ItemQuorum(of: [])).isKept)
  }

  /// The production nodes, one of which has missed a version.
  @Test("is asked of real nodes, which take what proves itself and no older version")
  func nodes() throws {
    var configuration = ChordConfiguration()
    configuration.shortestRound = .minutes(60)
    configuration.longestRound = .minutes(61)
    let model = RingModel(seed: 31, configuration: configuration)
    model.usesCodec = true
    model.standingRing(of: 40)
    let target = Item.target(of: key, salt: [])
    let sorted = model.living.sorted { one, other in
      target.distance(to: model.hosts[one].contact.id)
        < target.distance(to: model.hosts[other].contact.id)
    }
    let asker = sorted[20]
    var question: UInt64 = 0
    func ask(_ host: Int, _ query: ChordQuery) -> Result<ChordReply, ChordFailure>? {
      question += 1
      model.tell(asker, .ask(question, query, model.hosts[host].contact))
      model.run(for: .seconds(5))
      return model.answers[question]
    }
    for keeper in sorted.prefix(7) {
      #expect(ask(keeper, .put(item(1), cas: nil)) == .success(.stored))
    }
    for keeper in sorted[1..<7] {
      #expect(ask(keeper, .put(item(2), cas: nil)) == .success(.stored))
    }
    var read = read(of: ItemQuorum(of: sorted.prefix(8).map { model.hosts[$0].contact }))
    for keeper in sorted.prefix(7) {
      let answer = ask(keeper, .get(target, newerThan: nil))
      guard case .success(.item(let found)) = answer else {
        Issue.record("\(String(describing: answer))")
        continue
      }
      read.take(found, from: model.hosts[keeper].contact)
    }
    #expect(read.best == item(2) && read.outdated == [model.hosts[sorted[0]].contact])
    #expect(ask(sorted[0], .put(item(2), cas: nil)) == .success(.stored))
    #expect(ask(sorted[0], .get(target, newerThan: nil)) == .success(.item(item(2))))
    guard case .failure(let old) = ask(sorted[3], .put(item(1), cas: nil)) else {
      Issue.record("an older version was taken")
      return
    }
    #expect(old.code == .sequenceTooLow)
    // Far from the key, nobody keeps it.
    guard case .failure(let far) = ask(sorted[35], .put(item(2), cas: nil)) else {
      Issue.record("a stranger to the key took it")
      return
    }
    #expect(far.code == .notOwner)
  }
}
