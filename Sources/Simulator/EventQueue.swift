import DeterministicCore

/// Events in the order of their moments and, at one moment, of their making.
///
/// A calendar: a ring of buckets of half a millisecond each holds the next seconds, a heap what lies
/// beyond them. A bucket is sorted when its time comes, so that an event costs O(log of the events in
/// its bucket), whatever the size of the swarm, and the next events can be looked at before they happen.
///
/// The invariant: `run`, from `head` on, and `latecomers` hold every event up to the end of `bucket`,
/// the ring and `posted` those of the buckets after it, `later` those beyond the ring; a bucket's array
/// is reused by the bucket that is next filled, so memory stays that of the most events ever waiting.
struct EventQueue: ~Copyable {
  /// Buckets of 2^19 ns.
  private static let shift: UInt64 = 19
  private static let ringLength: UInt64 = 16_384
  /// Runs up to this length are sorted by insertion alone.
  private static let fewestCounted = 12
  /// Events that share their upper bits, for insertion to be quick.
  private static let mostInserted = 32

  /// The events of the bucket whose time it is, sorted; those before `head` have happened.
  private(set) var run: [Event] = []
  private(set) var head = 0
  /// A run on its way to being sorted.
  private var unsorted: [Event] = []
  /// Events that were scheduled into that bucket since it was sorted.
  private var latecomers = EventHeap()
  private var ring: [[Event]]
  private var spare: [[Event]] = []
  private var later = EventHeap()
  private var bucket: UInt64 = 0
  /// Events in the ring, and in `posted`.
  private var ringCount = 0
  /// Events on their way into the ring.
  private var posted = InlineArray<32, Event>(repeating: Event(at: 0, kind: .sample))
  private var postedCount = 0
  private var nextOrder: UInt32 = 0

  init() { ring = Array(repeating: [], count: Int(Self.ringLength)) }

  var count: Int { run.count - head + latecomers.count + ringCount + later.count }

  mutating func schedule(_ event: Event) {
    var event = event
    event.order = nextOrder
    nextOrder &+= 1
    place(event)
  }

  private mutating func place(_ event: Event) {
    let target = event.at >> Self.shift
    if target <= bucket {
      latecomers.push(event)
    } else if target < bucket + Self.ringLength {
      post(event)
    } else {
      later.push(event)
    }
  }

  /// Puts an event among those that go into the ring together: by then where they go to has been
  /// fetched.
  private mutating func post(_ event: Event) {
    ring[Self.slot(of: event)].place(of: 0).header()
    posted[postedCount] = event
    postedCount += 1
    ringCount += 1
    if postedCount == posted.count { deliver() }
  }

  /// Puts what was posted into the ring.
  private mutating func deliver() {
    for number in 0..<postedCount {
      let slot = Self.slot(of: posted[number])
      if ring[slot].capacity == 0, let array = spare.popLast() { ring[slot] = array }
      ring[slot].place(of: ring[slot].count).line()
    }
    for number in 0..<postedCount { ring[Self.slot(of: posted[number])].append(posted[number]) }
    postedCount = 0
  }

  private static func slot(of event: Event) -> Int { Int((event.at >> shift) % ringLength) }

  mutating func next() -> Event? {
    while head == run.count, latecomers.isEmpty {
      guard advance() else { return nil }
    }
    if let latecomer = latecomers.first, head == run.count || latecomer.precedes(run[head]) {
      return latecomers.pop()
    }
    head += 1
    return run[head - 1]
  }

  /// Goes on to the next bucket. Returns whether there are events at all.
  private mutating func advance() -> Bool {
    deliver()
    guard ringCount > 0 else {
      guard let first = later.first else { return false }
      bucket = first.at >> Self.shift
      refill()
      return true
    }
    bucket += 1
    let slot = Int(bucket % Self.ringLength)
    if !ring[slot].isEmpty {
      ringCount -= ring[slot].count
      run.removeAll(keepingCapacity: true)
      swap(&run, &ring[slot])
      sortRun()
      head = 0
      var emptied: [Event] = []
      swap(&emptied, &ring[slot])
      if emptied.capacity > 0 { spare.append(emptied) }
    }
    refill()
    return true
  }

  /// Sorts the run by the upper bits of its moments, counting them, and then by insertion, which finds
  /// little left to move. Where many events share those bits the library's sort is as good.
  private mutating func sortRun() {
    guard run.count > Self.fewestCounted else { return sortByInsertion() }
    var starts = InlineArray<128, Int>(repeating: 0)
    for event in run { starts[Self.part(event)] += 1 }
    var (start, most) = (0, 0)
    for part in starts.indices {
      let count = starts[part]
      most = max(most, count)
      starts[part] = start
      start += count
    }
    guard most <= Self.mostInserted else { return run.sort { $0.precedes($1) } }
    unsorted.removeAll(keepingCapacity: true)
    unsorted.append(contentsOf: run)
    for event in unsorted {
      let part = Self.part(event)
      run[starts[part]] = event
      starts[part] += 1
    }
    sortByInsertion()
  }

  /// Which of the 128 parts of its bucket an event lies in.
  private static func part(_ event: Event) -> Int { Int(event.at >> (shift - 7)) & 127 }

  private mutating func sortByInsertion() {
    for place in run.indices.dropFirst() where run[place].precedes(run[place - 1]) {
      let event = run[place]
      var hole = place
      while hole > 0, event.precedes(run[hole - 1]) {
        run[hole] = run[hole - 1]
        hole -= 1
      }
      run[hole] = event
    }
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
    if !events.isEmpty { sink(last) }
    return first
  }

  /// Puts an event at the top or below it.
  private mutating func sink(_ event: Event) {
    var parent = 0
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
