/// First in, first out, in one array: amortised O(1) at both ends, with index access from the
/// front. What is left of those that are gone is dropped when there is no room behind the others, so
/// that a short queue stays on the few cache lines that it began with.
///
/// The invariant: the elements are the last `length` of `storage`, from `head` on. How many there are
/// is known without a look at the array, which often lies where nobody has looked for long.
public struct Queue<Element> {
  @usableFromInline var storage: [Element] = []
  @usableFromInline var head: UInt32 = 0
  @usableFromInline var length: UInt32 = 0

  @inlinable
  public init() {}

  @inlinable
  public var count: Int { Int(length) }

  @inlinable
  public var isEmpty: Bool { length == 0 }

  @inlinable
  public mutating func append(_ element: Element) {
    // Half of the room at least comes free, which pays for moving the rest.
    if storage.count == storage.capacity, head > 0, head >= length { dropDead() }
    storage.append(element)
    length += 1
  }

  @inlinable
  public subscript(index: Int) -> Element {
    get { storage[Int(head) + index] }
    _modify { yield &storage[Int(head) + index] }
  }

  @inlinable
  public var first: Element? { isEmpty ? nil : storage[Int(head)] }

  @discardableResult
  @inlinable
  public mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    let element = storage[Int(head)]
    head += 1
    length -= 1
    if length == 0 { dropDead() }
    return element
  }

  @discardableResult
  @inlinable
  public mutating func remove(at index: Int) -> Element {
    if index == 0 { return popFirst()! }
    length -= 1
    return storage.remove(at: Int(head) + index)
  }

  @inlinable
  public func firstIndex(where matches: (Element) -> Bool) -> Int? {
    var index = Int(head)
    while index < storage.count {
      if matches(storage[index]) { return index - Int(head) }
      index += 1
    }
    return nil
  }

  @inlinable
  public mutating func removeAll() {
    storage.removeAll(keepingCapacity: true)
    head = 0
    length = 0
  }

  /// Where the first element lies.
  @inlinable @inline(__always)
  public var firstPlace: ElementPlace { storage.place(of: Int(head)) }

  /// Drops those that are gone from the storage.
  @inlinable
  mutating func dropDead() {
    if length == 0 {
      storage.removeAll(keepingCapacity: true)
    } else {
      storage.removeSubrange(0..<Int(head))
    }
    head = 0
  }
}

extension Queue: Sendable where Element: Sendable {}
