import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@testable import ChordLogic

private func id(_ top: UInt32) -> Identifier { Identifier(high: top, middle: 0, low: 0) }

private func contact(_ top: UInt32) -> Contact {
  Contact(id(top), Endpoint(.v4(0x0a00_0000 | top), port: 1))
}

extension SeededGenerator {
  mutating func identifier() -> Identifier {
    Identifier(high: UInt32(truncatingIfNeeded: next()), middle: next(), low: next())
  }
}

@Suite("The circle") struct CircleTests {
  @Test("is open between two places and whole around one")
  func between() {
    #expect(Identifier.between(id(1), id(2), id(3)))
    #expect(!Identifier.between(id(1), id(1), id(3)) && !Identifier.between(id(1), id(3), id(3)))
    #expect(Identifier.between(id(9), id(1), id(3)) && Identifier.between(id(9), id(10), id(3)))
    #expect(!Identifier.between(id(9), id(5), id(3)))
    #expect(Identifier.between(id(4), id(5), id(4)) && !Identifier.between(id(4), id(4), id(4)))
    #expect(Arc(after: id(4), through: id(4)).contains(id(4)))
    #expect(Arc(after: id(4), through: id(6)).contains(id(6)))
    #expect(!Arc(after: id(4), through: id(6)).contains(id(4)))
  }

  @Test("has distances that add up")
  func distances() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      let (a, b, c) = (random.identifier(), random.identifier(), random.identifier())
      #expect(a.advanced(by: a.distance(to: b)) == b)
      #expect(
        Identifier.between(a, b, c) == (a.distance(to: b) < a.distance(to: c)) || a == b || b == c)
    }
    let last = Identifier(high: .max, middle: .max, low: .max)
    #expect(last.distance(to: .init(high: 0, middle: 0, low: 0)) == .power(0))
    #expect(last.advanced(by: .power(0)) == id(0))
    for exponent in 0..<160 {
      #expect(Identifier.power(exponent).logarithm == exponent)
      if exponent > 0 { #expect(Identifier.power(exponent).halved == .power(exponent - 1)) }
    }
    #expect(id(0).logarithm == nil)
    #expect(id(1 << 31).fraction == 0.5)
  }
}

@Suite("A successor list") struct SuccessorListTests {
  @Test("is ordered, without doubles, and ends where it comes round")
  func order() {
    let list = SuccessorList(
      of: id(10), head: contact(20),
      then: [contact(50), contact(30), contact(30), contact(10), contact(15), contact(5)],
      length: 8)
    #expect(list.contacts == [contact(20), contact(30), contact(50), contact(5)])
    let cut = SuccessorList(of: id(10), head: contact(20), then: list.contacts, length: 2)
    #expect(cut.contacts == [contact(20), contact(30)])
  }

  @Test("tells the size of the ring")
  func size() {
    let whole = SuccessorList(of: id(10), head: contact(20), then: [contact(30)], length: 8)
    #expect(whole.ringSize(length: 8) == 3)
    var random = SeededGenerator(seed: 7)
    var estimates: [Double] = []
    for _ in 0..<200 {
      let ring = (0..<1000).map { _ in Contact(random.identifier(), contact(1).endpoint) }
      let own = random.identifier()
      let sorted = SuccessorList.sorted(ring, from: own)
      let list = SuccessorList(of: own, head: sorted[0], then: Array(sorted[1..<20]), length: 20)
      estimates.append(Double(list.ringSize(length: 20)))
    }
    let mean = estimates.reduce(0, +) / 200
    #expect(mean > 900 && mean < 1200, "\(mean)")
  }

  @Test(
    "has twice the logarithm of the ring's size",
    arguments: [(1, 8), (16, 8), (17, 10), (1000, 20), (1024, 20), (1025, 22), (1 << 20, 32)])
  func length(size: Int, expected: Int) {
    #expect(SuccessorList.length(forRingOf: size, within: 8...32) == expected)
  }
}

@Suite("A comparison of members") struct ComparisonTests {
  @Test("follows soon while it teaches much, and ever later once it does not")
  func waits() {
    var comparing = MembershipComparison()
    var now = Moment.zero
    var waits: [Double] = []
    for learned in [30, 20, 7, 3, 2, 0, 0, 40, 0] {
      comparing.begin(longest: .seconds(150), chance: 0.5, at: now)
      for _ in 0..<learned { comparing.learn() }
      comparing.end(known: 160, chance: 0.5, at: now)
      waits.append((comparing.dueAt - now).seconds)
      now = comparing.dueAt
    }
    #expect(waits == [2, 2, 4, 64, 150, 150, 150, 2, 32])
  }
}

@Suite("Suspicion") struct SuspicionTests {
  @Test("ends in time, by a word of the suspect, and where there are too many")
  func ends() {
    var suspicion = FailureSuspicion()
    let now = Moment.zero + .seconds(100)
    let all = (0..<UInt32(FailureSuspicion.mostSuspects + 10)).map { contact($0 + 1).endpoint }
    suspicion.suspect(all[0], until: now + .seconds(60), at: now)
    #expect(suspicion.isSuspected(all[0], at: now + .seconds(59)))
    #expect(!suspicion.isSuspected(all[0], at: now + .seconds(60)))
    suspicion.clear(all[0])
    #expect(!suspicion.isSuspected(all[0], at: now) && suspicion.count == 0)
    // Suspected again before the first suspicion has run out.
    suspicion.suspect(all[1], until: now + .seconds(60), at: now)
    suspicion.suspect(all[1], until: now + .seconds(90), at: now + .seconds(30))
    suspicion.suspect(all[2], until: now + .seconds(130), at: now + .seconds(70))
    #expect(suspicion.isSuspected(all[1], at: now + .seconds(80)))
    suspicion.suspect(all[3], until: now + .seconds(160), at: now + .seconds(100))
    #expect(suspicion.count == 2)
    for endpoint in all { suspicion.suspect(endpoint, until: now + .seconds(300), at: now) }
    #expect(suspicion.count <= FailureSuspicion.mostSuspects)
    #expect(suspicion.isSuspected(all[all.count - 1], at: now))
  }
}

@Suite("News") struct NewsTests {
  @Test("reach everybody once", arguments: [2, 3, 7, 8, 9, 100, 1000])
  func reach(count: Int) {
    var heard = [Int](repeating: 0, count: count)
    var waiting = [(place: 0, span: count - 1)]
    var depth = 0
    while !waiting.isEmpty {
      var next: [(place: Int, span: Int)] = []
      for (place, span) in waiting {
        var queue = NewsQueue()
        queue.add(News(contact: contact(1), isJoin: true, span: span), dueAt: .zero)
        for batch in queue.takeBatches() {
          let receiver = (place + batch.offset) % count
          heard[receiver] += 1
          next.append((receiver, batch.events.span))
        }
      }
      waiting = next
      depth += 1
    }
    #expect(heard[0] == 0 && heard.dropFirst().allSatisfy { $0 == 1 })
    #expect(1 << (depth - 1) <= 2 * count)
  }
}

@Suite("Fingers") struct FingerTableTests {
  @Test("change for a node clearly nearer in time")
  func proximity() {
    var table = FingerTable(of: id(0))
    table.offer(contact(0x900), latency: .milliseconds(80))
    table.offer(contact(0x901), latency: .milliseconds(75))
    #expect(table.contacts == [contact(0x900)])
    table.offer(contact(0x902), latency: .milliseconds(20))
    #expect(table.contacts == [contact(0x902)])
    table.offer(contact(0x903), latency: nil)
    table.remove(contact(0x900))
    #expect(table.contacts == [contact(0x902)])
    table.noteChoice(in: 139)
    #expect(table[139]?.isChosen == true)
    table.offer(contact(0x904), latency: .milliseconds(10))
    #expect(table[139]?.contact == contact(0x904) && table[139]?.isChosen == true)
    table.remove(contact(0x904))
    table.offer(contact(0x902), latency: .milliseconds(20))
    #expect(table[139]?.isChosen == false)
    table.offer(contact(0x10), latency: nil)
    #expect(table.preceding(id(0x903), most: 4) == [contact(0x902), contact(0x10)])
    #expect(table.preceding(id(0x902), most: 4) == [contact(0x10)])
  }
}
