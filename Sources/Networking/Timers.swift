import DeterministicCore

/// What a loop has to do later, soonest first: a binary heap of moments whose actions sit in a
/// slab, so that cancelling is O(1) and a cancelled entry is dropped when its time comes.
struct Timers {
  private struct Entry {
    var moment: Moment
    var sequence: UInt64
    var id: SlabID

    /// Equal moments fire in the order they were set.
    func isBefore(_ other: Entry) -> Bool {
      (moment, sequence) < (other.moment, other.sequence)
    }
  }

  private var heap: [Entry] = []
  private var actions = Slab<() -> Void>()
  private var sequence: UInt64 = 0

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

  mutating func cancel(_ id: SlabID) { actions.remove(id) }

  /// Takes out the next action due by `now`.
  mutating func popDue(by now: Moment) -> (() -> Void)? {
    while let first = heap.first, first.moment <= now {
      removeFirst()
      if let action = actions.remove(first.id) { return action }
    }
    return nil
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
