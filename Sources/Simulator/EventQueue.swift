/// Events in the order of their moments and, at one moment, of their making.
///
/// A calendar: a ring of buckets of about a millisecond each holds the next seconds, a heap what
/// lies beyond them. Only the bucket that is being emptied is sorted, in a 4-ary heap, so that an
/// event costs O(log of the events in its millisecond), whatever the size of the swarm.
///
/// The invariant: `current` holds every event before `horizon`'s first bucket, the ring those of
/// the buckets after it, `later` those beyond the ring; a bucket's array is reused by the bucket
/// that is next filled, so memory stays that of the most events ever waiting.
struct EventQueue: ~Copyable {
  /// Buckets of 2^20 ns.
  private static let shift: UInt64 = 20
  private static let ringLength: UInt64 = 4096

  private var current = EventHeap()
  private var ring: [[Event]]
  private var spare: [[Event]] = []
  private var later = EventHeap()
  /// The bucket that `current` was filled from.
  private var bucket: UInt64 = 0
  /// Events in the ring.
  private var ringCount = 0
  private var nextOrder: UInt32 = 0

  init() { ring = Array(repeating: [], count: Int(Self.ringLength)) }

  var count: Int { current.count + ringCount + later.count }

  mutating func schedule(_ event: Event) {
    var event = event
    event.order = nextOrder
    nextOrder &+= 1
    place(event)
  }

  private mutating func place(_ event: Event) {
    let target = event.at >> Self.shift
    if target <= bucket {
      current.push(event)
    } else if target < bucket + Self.ringLength {
      let slot = Int(target % Self.ringLength)
      if ring[slot].capacity == 0, let array = spare.popLast() { ring[slot] = array }
      ring[slot].append(event)
      ringCount += 1
    } else {
      later.push(event)
    }
  }

  mutating func next() -> Event? {
    while current.isEmpty {
      guard ringCount > 0 else {
        guard let first = later.first else { return nil }
        bucket = first.at >> Self.shift
        refill()
        continue
      }
      bucket += 1
      let slot = Int(bucket % Self.ringLength)
      if !ring[slot].isEmpty {
        ringCount -= ring[slot].count
        var array: [Event] = []
        swap(&array, &ring[slot])
        let emptied = current.replace(with: array)
        if emptied.capacity > 0 { spare.append(emptied) }
      }
      refill()
    }
    return current.pop()
  }

  /// Moves what the ring has come to cover into it.
  private mutating func refill() {
    while let first = later.first, first.at >> Self.shift < bucket + Self.ringLength {
      place(first)
      _ = later.pop()
    }
  }
}

/// A 4-ary heap: half as deep as a binary one, and four neighbours share two cache lines.
struct EventHeap {
  private var events: [Event] = []

  var count: Int { events.count }
  var isEmpty: Bool { events.isEmpty }
  var first: Event? { events.first }

  mutating func push(_ event: Event) {
    events.append(event)
    var child = events.count - 1
    while child > 0 {
      let parent = (child - 1) / 4
      guard event.precedes(events[parent]) else { break }
      events[child] = events[parent]
      child = parent
    }
    events[child] = event
  }

  mutating func pop() -> Event? {
    guard let first = events.first else { return nil }
    let last = events.removeLast()
    if !events.isEmpty { sink(last, from: 0) }
    return first
  }

  /// Takes other events in place of its own, which are none. Returns an empty array to reuse.
  mutating func replace(with array: [Event]) -> [Event] {
    let emptied = events
    events = array
    if events.count > 1 {
      for parent in stride(from: (events.count - 2) / 4, through: 0, by: -1) {
        sink(events[parent], from: parent)
      }
    }
    return emptied
  }

  /// Puts an event where `place` is or below it.
  private mutating func sink(_ event: Event, from place: Int) {
    var parent = place
    while true {
      let first = 4 * parent + 1
      guard first < events.count else { break }
      var least = first
      for child in first + 1..<max(first + 1, min(first + 4, events.count))
      where events[child].precedes(events[least]) {
        least = child
      }
      guard events[least].precedes(event) else { break }
      events[parent] = events[least]
      parent = least
    }
    events[parent] = event
  }
}
