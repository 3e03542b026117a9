import DeterministicCore

/// What a loop has to do later, soonest first: a binary heap of moments whose actions sit in a
/// slab, so that cancelling is amortised O(1).
///
/// The invariant: an entry whose action is gone was cancelled, and there are never more of those
/// than of the living and `fewCancelled` together, however often a long timer is set anew.
struct Timers: ~Copyable {
  private struct Entry {
    var moment: Moment
    var sequence: UInt64
    var id: SlabID

    /// Equal moments fire in the order they were set.
    func isBefore(_ other: Entry) -> Bool {
      (moment, sequence) < (other.moment, other.sequence)
    }
  }

  /// Cancelled entries that are not worth a sweep.
  private static let fewCancelled = 64

  private var heap: [Entry] = []
  private var actions = Slab<() -> Void>()
  private var sequence: UInt64 = 0

  /// Entries kept, cancelled ones included.
  var entryCount: Int { heap.count }

  /// The earliest moment set, cancelled or not.
  var next: Moment? { heap.first?.moment }

  mutating func set(at moment: Moment, _ action: @escaping () -> Void) -> SlabID {
    let id = actions.insert(action)
    sequence += 1
    heap.append(Entry(moment: moment, sequence: sequence, id: id))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
    return id
  }

  mutating func cancel(_ id: SlabID) {
    guard actions.remove(id) != nil else { return }
    if heap.count > 2 * actions.count + Self.fewCancelled { dropCancelled() }
  }

  /// Takes the names of all timers due by `now` off the heap, in order. Their actions stay until
  /// `take`, so that one may still cancel another; a timer they set is not among them, not even one
  /// for a moment that is past.
  mutating func popDue(by now: Moment) -> [SlabID] {
    var due: [SlabID] = []
    while let first = heap.first, first.moment <= now {
      removeFirst()
      if actions.contains(first.id) { due.append(first.id) }
    }
    return due
  }

  /// Takes out the action of a timer that came due; nil when it was cancelled meanwhile.
  mutating func take(_ id: SlabID) -> (() -> Void)? { actions.remove(id) }

  /// In order of time, which is also an order a heap may have.
  private mutating func dropCancelled() {
    heap.removeAll { !actions.contains($0.id) }
    heap.sort { $0.isBefore($1) }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
