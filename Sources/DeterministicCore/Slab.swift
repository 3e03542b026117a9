/// Elements held in place in one block of memory, found by a small integer: O(1) insertion, removal
/// and look-up with no hashing, and iteration in slot order, which is the same in every run.
///
/// Elements are read and changed where they lie. An array's subscript may copy a large element to
/// read one field of it, at the cost of a reference count for each of the element's own arrays; so
/// neither the slab nor, where they like, its elements can be copied.
///
/// The invariant: a slot's generation is odd while it is filled and even while it is free, and
/// exactly the filled slots are initialised. A slot begins with its generation, so that the look
/// that tells a stale name from a good one brings the element's first fields into the processor's
/// cache; large slots are whole cache lines.
public struct Slab<Element: ~Copyable>: ~Copyable {
  /// Room for `capacity` slots; nil before the first.
  @usableFromInline var room: UnsafeMutableRawPointer?
  @usableFromInline var capacity = 0
  /// Slots that were ever filled.
  @usableFromInline var used = 0
  @usableFromInline var free: [UInt32] = []
  /// Elements that there should be room for, and for no more.
  @usableFromInline let expected: Int

  /// - Parameter expected: how many elements there will be at most, as a rule: the room doubles until it
  ///   is that large, and beyond only if there are more.
  @inlinable
  public init(expecting expected: Int = .max) { self.expected = expected }

  @inlinable
  deinit {
    guard let room else { return }
    for slot in 0..<used where generation(of: slot).pointee & 1 == 1 {
      element(in: slot).deinitialize(count: 1)
    }
    room.deallocate()
  }

  // MARK: Where a slot lies

  /// Bytes of a cache line.
  @inlinable static var line: Int { Prefetch.lineLength }

  /// Bytes from the start of a slot to its element.
  @inlinable static var elementOffset: Int {
    max(MemoryLayout<UInt32>.stride, MemoryLayout<Element>.alignment)
  }

  @inlinable static var slotAlignment: Int {
    elementOffset + MemoryLayout<Element>.size >= line ? line : elementOffset
  }

  /// Bytes from one slot to the next.
  @inlinable static var slotStride: Int {
    (elementOffset + MemoryLayout<Element>.size + slotAlignment - 1) / slotAlignment
      * slotAlignment
  }

  @inlinable @inline(__always)
  static func generation(
    of slot: Int, in room: UnsafeMutableRawPointer
  ) -> UnsafeMutablePointer<UInt32> {
    (room + slot &* slotStride).assumingMemoryBound(to: UInt32.self)
  }

  @inlinable @inline(__always)
  static func element(
    in slot: Int, in room: UnsafeMutableRawPointer
  ) -> UnsafeMutablePointer<Element> {
    (room + (slot &* slotStride &+ elementOffset)).assumingMemoryBound(to: Element.self)
  }

  /// - Precondition: the slot lies in the room there is.
  @inlinable @inline(__always)
  func generation(of slot: Int) -> UnsafeMutablePointer<UInt32> {
    Self.generation(of: slot, in: room.unsafelyUnwrapped)
  }

  /// - Precondition: the slot lies in the room there is.
  @inlinable @inline(__always)
  func element(in slot: Int) -> UnsafeMutablePointer<Element> {
    Self.element(in: slot, in: room.unsafelyUnwrapped)
  }

  // MARK: Elements

  @inlinable
  public var count: Int { used - free.count }

  @inlinable
  public var isEmpty: Bool { count == 0 }

  @inlinable
  public mutating func insert(_ element: consuming Element) -> SlabID {
    let slot: Int
    if let vacant = free.popLast() {
      slot = Int(vacant)
      generation(of: slot).pointee &+= 1
    } else {
      slot = used
      if slot == capacity { grow() }
      used += 1
      generation(of: slot).initialize(to: 1)
    }
    self.element(in: slot).initialize(to: element)
    return SlabID(slot: UInt32(slot), generation: generation(of: slot).pointee)
  }

  /// Makes the room larger, twice as large as a rule. - Precondition: every slot is filled.
  @inlinable
  mutating func grow() {
    var enlarged = max(4, 2 * capacity)
    if capacity < expected { enlarged = min(enlarged, expected) }
    let larger = UnsafeMutableRawPointer.allocate(
      byteCount: enlarged * Self.slotStride, alignment: Self.slotAlignment)
    for slot in 0..<used {
      Self.generation(of: slot, in: larger).initialize(to: generation(of: slot).pointee)
      Self.element(in: slot, in: larger).moveInitialize(from: element(in: slot), count: 1)
    }
    room?.deallocate()
    room = larger
    capacity = enlarged
  }

  @inlinable @inline(__always)
  public func contains(_ id: SlabID) -> Bool {
    Int(id.slot) < used && generation(of: Int(id.slot)).pointee == id.generation
      && id.generation & 1 == 1
  }

  @discardableResult
  @inlinable
  public mutating func remove(_ id: SlabID) -> Element? {
    guard contains(id) else { return nil }
    generation(of: Int(id.slot)).pointee &+= 1
    free.append(id.slot)
    return element(in: Int(id.slot)).move()
  }

  /// The element named, which must be there: a stale name is a programmer's mistake here.
  @inlinable
  public subscript(id: SlabID) -> Element {
    _read {
      precondition(contains(id), "a stale slab name")
      yield element(in: Int(id.slot)).pointee
    }
    _modify {
      precondition(contains(id), "a stale slab name")
      yield &element(in: Int(id.slot)).pointee
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
  public var slots: Range<Int> { 0..<used }

  /// The name of the element in a slot; nil while it is free.
  @inlinable
  public func id(at slot: Int) -> SlabID? {
    precondition(slot < used, "a slot that was never filled")
    let generation = generation(of: slot).pointee
    return generation & 1 == 1 ? SlabID(slot: UInt32(slot), generation: generation) : nil
  }
}

extension Slab where Element: ~Copyable {
  /// Fetches lines of the slot that a name means, the first or those from another on. The name may be
  /// stale.
  @inlinable @inline(__always)
  public func prefetch(_ id: SlabID, lines: Int, from first: Int = 0) {
    prefetchSlot(Int(id.slot), lines: lines, from: first)
  }

  /// Fetches lines of a part of the slots, as if they were dealt to so many.
  @inlinable @inline(__always)
  public func prefetchSlots(part: Int, of parts: Int, lines: Int) {
    for slot in stride(from: part, to: used, by: parts) { prefetchSlot(slot, lines: lines) }
  }

  /// Fetches lines of a slot.
  @inlinable @inline(__always)
  public func prefetchSlot(_ slot: Int, lines: Int, from first: Int = 0) {
    guard slot < used, let room else { return }
    Prefetch.lines(lines, at: room + (slot &* Self.slotStride &+ first &* Self.line))
  }
}

extension Slab {
  @inlinable
  public func find(_ id: SlabID) -> Element? {
    contains(id) ? element(in: Int(id.slot)).pointee : nil
  }
}

/// The memory behind `room` is reachable through the slab alone, which cannot be copied.
extension Slab: @unchecked Sendable where Element: Sendable & ~Copyable {}
