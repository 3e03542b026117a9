import DeterministicCore
import Testing

@testable import Simulator

/// Against a sorted list: near, far and simultaneous events, scheduled while others happen.
@Test(arguments: 1...20)
func `events come in the order of their moments and then of their making`(seed: UInt64) {
  var generator = SeededGenerator(seed: seed)
  var queue = EventQueue()
  var expected: [(at: UInt64, name: UInt32)] = []
  var now: UInt64 = 0
  var name: UInt32 = 0
  for _ in 0..<3000 {
    if generator.below(5) < 3 {
      let reach = [0, 1 << 10, 1 << 20, 1 << 26, 1 << 36][generator.below(5)]
      let at = now + UInt64(reach > 0 ? generator.below(reach) : 0)
      queue.schedule(Event(at: at, subject: name, kind: .wake))
      let place = expected.firstIndex { $0.at > at } ?? expected.count
      expected.insert((at, name), at: place)
      name += 1
    } else if let event = queue.next() {
      let first = expected.removeFirst()
      #expect(event.at == first.at && event.subject == first.name, "seed \(seed)")
      now = event.at
    } else {
      #expect(expected.isEmpty, "seed \(seed)")
    }
    #expect(queue.count == expected.count, "seed \(seed)")
  }
}

/// Buckets of every size: a handful of events, hundreds spread over their bucket, and hundreds that
/// happen at almost the same moment or at exactly the same.
@Test(arguments: [4, 60, 1000], [1, 40, 1500, 1 << 19])
func `events that share a bucket come in order`(count: Int, spread: Int) {
  var generator = SeededGenerator(seed: UInt64(count * spread))
  var queue = EventQueue()
  let moments = (0..<count).map { _ in UInt64((1 << 21) + generator.below(spread)) }
  for (name, at) in moments.enumerated() {
    queue.schedule(Event(at: at, subject: UInt32(name), kind: .wake))
  }
  let expected = moments.indices.sorted { (moments[$0], $0) < (moments[$1], $1) }
  for name in expected {
    let event = queue.next()
    #expect(event?.subject == UInt32(name))
  }
  let (isEmpty, left) = (queue.next() == nil, queue.count)
  #expect(isEmpty && left == 0)
}
