/// Elements held in place in one block of memory, found by a small integer: O(1) insertion, removal
/// and look-up with no hashing, and iteration in slot order, which is the same in every run.
///
/// Elements are read and changed where they lie. An array's subscript may copy a large element to
/// read one field of it, at the cost of a reference count for each of the element's own arrays; so
/// neither the slab nor, where they like, its elements can be copied.
///
/// The invariant: a slot's generation is odd while it is filled and even while it is free, and
/// exactly the filled slots of `elements` are initialised.
public struct Slab<Element: ~Copyable>: ~Copyable {
  /// Room for `capacity` elements; nil before the first.
  @usableFromInline var elements: UnsafeMutablePointer<Element>?
  @usableFromInline var capacity = 0
  @usableFromInline var generations: [UInt32] = []
  @usableFromInline var free: [UInt32] = []

  @inlinable
  public init() {}

  @inlinable
  deinit {
    guard let elements else { return }
    for slot in generations.indices where generations[slot] & 1 == 1 {
      (elements + slot).deinitialize(count: 1)
    }
    elements.deallocate()
  }

  @inlinable
  public var count: Int { generations.count - free.count }

  @inlinable
  public var isEmpty: Bool { count == 0 }

  @inlinable
  public mutating func insert(_ element: consuming Element) -> SlabID {
    let slot: Int
    if let vacant = free.popLast() {
      slot = Int(vacant)
      generations[slot] &+= 1
    } else {
      slot = generations.count
      if slot == capacity { grow() }
      generations.append(1)
    }
    (elements! + slot).initialize(to: element)
    return SlabID(slot: UInt32(slot), generation: generations[slot])
  }

  /// Doubles the room. - Precondition: every slot is filled.
  @inlinable
  mutating func grow() {
    let doubled = max(4, 2 * capacity)
    let room = UnsafeMutablePointer<Element>.allocate(capacity: doubled)
    if let elements {
      room.moveInitialize(from: elements, count: capacity)
      elements.deallocate()
    }
    elements = room
    capacity = doubled
  }

  @inlinable
  public func contains(_ id: SlabID) -> Bool {
    Int(id.slot) < generations.count && generations[Int(id.slot)] == id.generation
      && id.generation & 1 == 1
  }

  @discardableResult
  @inlinable
  public mutating func remove(_ id: SlabID) -> Element? {
    guard contains(id) else { return nil }
    generations[Int(id.slot)] &+= 1
    free.append(id.slot)
    return (elements! + Int(id.slot)).move()
  }

  /// The element named, which must be there: a stale name is a programmer's mistake here.
  @inlinable
  public subscript(id: SlabID) -> Element {
    _read {
      precondition(contains(id), "a stale slab name")
      yield elements![Int(id.slot)]
    }
    _modify {
      precondition(contains(id), "a stale slab name")
      yield &elements![Int(id.slot)]
    }
  }

  /// The names of all elements, in slot order.
  @inlinable
  public var ids: [SlabID] {
    var names: [SlabID] = []
    names.reserveCapacity(count)
    for slot in slots {
      if let name = id(at: slot) { names.append(name) }
    }
    return names
  }

  /// All slots, filled and free, for loops that allocate nothing and whose body may remove elements.
  @inlinable
  public var slots: Range<Int> { generations.indices }

  /// The name of the element in a slot; nil while it is free.
  @inlinable
  public func id(at slot: Int) -> SlabID? {
    let generation = generations[slot]
    return generation & 1 == 1 ? SlabID(slot: UInt32(slot), generation: generation) : nil
  }
}

extension Slab {
  @inlinable
  public func find(_ id: SlabID) -> Element? {
    contains(id) ? elements![Int(id.slot)] : nil
  }
}

/// The memory behind `elements` is reachable through the slab alone, which cannot be copied.
extension Slab: @unchecked Sendable where Element: Sendable & ~Copyable {}
