import DeterministicCore

/// A dictionary that holds at most `most` entries: those set last for the first time.
///
/// The invariant: `order` lists exactly the keys of `values`, in the order in which they came.
struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private var values: [Key: Value] = [:]
  private var order = Queue<Key>()
  private let most: Int

  init(most: Int) {
    precondition(most > 0, "a table needs room for one entry")
    self.most = most
  }

  var count: Int { values.count }
  var isEmpty: Bool { values.isEmpty }

  /// O(1); removing is O(entries).
  subscript(key: Key) -> Value? {
    get { values[key] }
    set {
      guard let newValue else {
        if values.removeValue(forKey: key) != nil { order.removeFirst(key) }
        return
      }
      if values.updateValue(newValue, forKey: key) == nil {
        if order.count >= most, let oldest = order.popFirst() { values[oldest] = nil }
        order.append(key)
      }
    }
  }
}

extension Queue where Element: Equatable {
  fileprivate mutating func removeFirst(_ element: Element) {
    if let place = firstIndex(where: { $0 == element }) { remove(at: place) }
  }
}
