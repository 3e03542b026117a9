/// A small name for an element of a `Slab`: a slot and the generation in which it was filled, so
/// that a name kept past the element's removal finds nothing instead of a stranger.
public struct SlabID: Hashable, Comparable, Sendable {
  public let slot: UInt32
  public let generation: UInt32

  @inlinable
  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }

  /// One word that holds both, for interfaces that carry a single number.
  @inlinable
  public var word: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

  @inlinable
  public init(word: UInt64) {
    self.init(slot: UInt32(truncatingIfNeeded: word), generation: UInt32(word >> 32))
  }

  @inlinable
  public static func < (left: SlabID, right: SlabID) -> Bool { left.word < right.word }
}

/// Elements held in place in one array, found by a small integer: O(1) insertion, removal and
/// look-up with no hashing, and iteration in slot order, which is the same in every run.
public struct Slab<Element> {
  @usableFromInline var elements: [Element?] = []
  @usableFromInline var generations: [UInt32] = []
  @usableFromInline var free: [UInt32] = []

  public init() {}

  @inlinable
  public var count: Int { elements.count - free.count }

  @inlinable
  public var isEmpty: Bool { count == 0 }

  @inlinable
  public mutating func insert(_ element: Element) -> SlabID {
    if let slot = free.popLast() {
      elements[Int(slot)] = element
      return SlabID(slot: slot, generation: generations[Int(slot)])
    }
    elements.append(element)
    generations.append(1)
    return SlabID(slot: UInt32(elements.count - 1), generation: 1)
  }

  @inlinable
  public func contains(_ id: SlabID) -> Bool {
    Int(id.slot) < elements.count && generations[Int(id.slot)] == id.generation
      && elements[Int(id.slot)] != nil
  }

  @discardableResult
  @inlinable
  public mutating func remove(_ id: SlabID) -> Element? {
    guard contains(id) else { return nil }
    let element = elements[Int(id.slot)]
    elements[Int(id.slot)] = nil
    generations[Int(id.slot)] &+= 1
    free.append(id.slot)
    return element
  }

  /// The element named, which must be there: a stale name is a programmer's mistake here.
  @inlinable
  public subscript(id: SlabID) -> Element {
    get {
      precondition(generations[Int(id.slot)] == id.generation, "a stale slab name")
      return elements[Int(id.slot)]!
    }
    _modify {
      precondition(generations[Int(id.slot)] == id.generation, "a stale slab name")
      yield &elements[Int(id.slot)]!
    }
  }

  @inlinable
  public func find(_ id: SlabID) -> Element? { contains(id) ? elements[Int(id.slot)] : nil }

  /// The names of all elements, in slot order.
  @inlinable
  public var ids: [SlabID] {
    var names: [SlabID] = []
    names.reserveCapacity(count)
    for slot in elements.indices where elements[slot] != nil {
      names.append(SlabID(slot: UInt32(slot), generation: generations[slot]))
    }
    return names
  }
}

extension Slab: Sendable where Element: Sendable {}
