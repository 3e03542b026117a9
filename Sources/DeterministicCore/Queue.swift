/// First in, first out, in one array: amortised O(1) at both ends, with index access from the
/// front. The dead prefix is dropped once it outgrows the living part.
public struct Queue<Element> {
  @usableFromInline var storage: [Element] = []
  @usableFromInline var head = 0

  @inlinable
  public init() {}

  @inlinable
  public var count: Int { storage.count - head }

  @inlinable
  public var isEmpty: Bool { head == storage.count }

  @inlinable
  public mutating func append(_ element: Element) { storage.append(element) }

  @inlinable
  public subscript(index: Int) -> Element {
    get { storage[head + index] }
    _modify { yield &storage[head + index] }
  }

  @inlinable
  public var first: Element? { isEmpty ? nil : storage[head] }

  @discardableResult
  @inlinable
  public mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    let element = storage[head]
    head += 1
    compact()
    return element
  }

  @discardableResult
  @inlinable
  public mutating func remove(at index: Int) -> Element {
    if index == 0 { return popFirst()! }
    return storage.remove(at: head + index)
  }

  @inlinable
  public func firstIndex(where matches: (Element) -> Bool) -> Int? {
    var index = head
    while index < storage.count {
      if matches(storage[index]) { return index - head }
      index += 1
    }
    return nil
  }

  @inlinable
  public mutating func removeAll() {
    storage.removeAll(keepingCapacity: true)
    head = 0
  }

  /// Where the first element lies.
  @inlinable @inline(__always)
  public var firstPlace: ElementPlace { storage.place(of: head) }

  @inlinable
  mutating func compact() {
    if head == storage.count {
      storage.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 64 && head * 2 >= storage.count {
      storage.removeSubrange(0..<head)
      head = 0
    }
  }
}

extension Queue: Sendable where Element: Sendable {}
