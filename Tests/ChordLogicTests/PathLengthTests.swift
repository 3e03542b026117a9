import ChordWire
import DeterministicCore
import Testing
import TorrentModel

@testable import ChordLogic

/// A ring that stands still: every node's tables are right, and a lookup is followed by hand.
private struct StaticRing {
  var contacts: [Contact] = []
  var tables: [FingerTable] = []

  init(of count: Int, seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    contacts = (0..<count).map { number in
      Contact(
        Identifier(
          high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(),
          low: random.next()),
        Endpoint(.v4(UInt32(number + 1) | 0x0a00_0000), port: 1))
    }
    contacts.sort { $0.id < $1.id }
    tables = contacts.map { contact in
      var table = FingerTable(of: contact.id)
      for exponent in 120..<160 {
        let finger = contacts[owner(of: contact.id.advanced(by: .power(exponent)))]
        table.offer(finger, latency: nil)
      }
      return table
    }
  }

  func owner(of key: Identifier) -> Int {
    var low = 0
    var high = contacts.count
    while low < high {
      let middle = (low + high) / 2
      if contacts[middle].id < key { low = middle + 1 } else { high = middle }
    }
    return low == contacts.count ? 0 : low
  }

  /// Hops from a node to the predecessor of a key, with `r` successors beside the fingers.
  func path(from start: Int, to key: Identifier, r: Int) -> Int {
    var place = start
    var hops = 0
    while true {
      let id = contacts[place].id
      let next = contacts[(place + 1) % contacts.count]
      if Arc(after: id, through: next.id).contains(key) { return hops }
      var candidates = tables[place].preceding(key, most: 1)
      for offset in 1...r {
        let contact = contacts[(place + offset) % contacts.count]
        if Identifier.between(id, contact.id, key) { candidates.append(contact) }
      }
      let best = candidates.min { $0.id.distance(to: key) < $1.id.distance(to: key) }!
      place = owner(of: best.id)
      hops += 1
    }
  }
}

@Suite("Paths") struct PathLengthTests {
  /// Stoica et al., SIGCOMM 2001, figure 10: half the logarithm of the ring's size. Finger tables of
  /// rings this small leave ±0.2 to the draw of the identifiers.
  @Test("are half the logarithm of the ring long", arguments: 3...12)
  func halfTheLogarithm(logarithm: Int) {
    let count = 1 << logarithm
    var total = 0
    var lookups = 0
    for seed in UInt64(0)..<UInt64(max(1, 12 - logarithm)) {
      let ring = StaticRing(of: count, seed: seed)
      var random = SeededGenerator(seed: seed + 1000)
      for _ in 0..<1500 {
        let key = Identifier(
          high: UInt32(truncatingIfNeeded: random.next()), middle: random.next(),
          low: random.next())
        total += ring.path(from: random.below(count), to: key, r: 1)
        lookups += 1
      }
    }
    let mean = Double(total) / Double(lookups)
    print("N = 2^\(logarithm): \(mean) hops to the predecessor, half the logarithm \(logarithm)/2")
    #expect(abs(mean - Double(logarithm) / 2) <= 0.3)
  }
}
