import Hashing

/// What a `HandleTable` finds: it tells its own hash under a key.
protocol Keyed {
  func hash(_ key: SipHash.Key) -> UInt64
}

/// Finds elements of an array by hash: open addressing over 32-bit positions, four bytes a slot.
///
/// The elements stay in their owner's array, which every call is given. The invariant: each position
/// of the array stands in exactly one slot, and between its hash's home and that slot none is empty.
struct HandleTable: Sendable {
  private var slots: [UInt32] = []

  private static let empty = UInt32.max
  private static let fewestSlots = 16

  var isEmpty: Bool { slots.isEmpty }

  /// Whether the table must be rebuilt to hold `count`: above half full, probes grow long.
  func isTooSmall(for count: Int) -> Bool { count * 2 > slots.count }

  /// Whether most of the memory holds nothing.
  func isTooLarge(for count: Int) -> Bool {
    slots.count > Self.fewestSlots && count * 16 < slots.count
  }

  mutating func removeAll() { slots = [] }

  /// Holds every position of `elements` from now on, with room for half as many more at least.
  mutating func rebuild(for elements: [some Keyed], key: SipHash.Key) {
    precondition(elements.count < Int(Self.empty) / 4, "more elements than positions of 32 bits")
    var capacity = Self.fewestSlots
    while capacity < elements.count * 3 { capacity *= 2 }
    slots = Array(repeating: Self.empty, count: capacity)
    for position in elements.indices { insert(position, in: elements, key: key) }
  }

  @inline(__always)
  func find(hash: UInt64, isMatch: (Int) -> Bool) -> Int? {
    guard !slots.isEmpty else { return nil }
    var slot = home(hash)
    while slots[slot] != Self.empty {
      let position = Int(slots[slot])
      if isMatch(position) { return position }
      slot = next(slot)
    }
    return nil
  }

  /// - Precondition: the table is not too small for one more.
  mutating func insert(_ position: Int, in elements: [some Keyed], key: SipHash.Key) {
    var slot = home(elements[position].hash(key))
    while slots[slot] != Self.empty { slot = next(slot) }
    slots[slot] = UInt32(position)
  }

  /// Two elements are about to change places.
  mutating func exchange(
    _ first: Int, _ second: Int, in elements: [some Keyed], key: SipHash.Key
  ) {
    let slotOfFirst = slot(of: first, hash: elements[first].hash(key))
    let slotOfSecond = slot(of: second, hash: elements[second].hash(key))
    slots[slotOfFirst] = UInt32(second)
    slots[slotOfSecond] = UInt32(first)
  }

  /// The element at `position`, the last of all, is about to go. The gap is closed, so that no
  /// tombstones gather.
  mutating func removeLast(_ position: Int, in elements: [some Keyed], key: SipHash.Key) {
    var gap = slot(of: position, hash: elements[position].hash(key))
    var slot = next(gap)
    while slots[slot] != Self.empty {
      let home = home(elements[Int(slots[slot])].hash(key))
      // Whoever passed the gap on the way from its home may stand in it.
      if (slot &- home) & (slots.count - 1) >= (slot &- gap) & (slots.count - 1) {
        slots[gap] = slots[slot]
        gap = slot
      }
      slot = next(slot)
    }
    slots[gap] = Self.empty
  }

  private func slot(of position: Int, hash: UInt64) -> Int {
    var slot = home(hash)
    while slots[slot] != UInt32(position) {
      precondition(slots[slot] != Self.empty, "a position that the table does not hold")
      slot = next(slot)
    }
    return slot
  }

  @inline(__always)
  private func home(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash) & (slots.count - 1)
  }

  @inline(__always)
  private func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }
}
