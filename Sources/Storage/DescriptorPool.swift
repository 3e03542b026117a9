import Glibc
import Synchronization

/// Open descriptors of many files, of any number of storages, at most `capacity` of them at rest.
///
/// The invariant: a descriptor is closed only when nobody has it pinned. When all are pinned,
/// further ones are opened beyond the capacity and closed on return, so there are never more than
/// the capacity and one for each thread that is inside a storage.
public final class DescriptorPool: Sendable {
  /// A tenth of the usual soft limit of 1024 open files, which sockets need more of.
  public static let defaultCapacity = 128

  private let state: Mutex<State>
  private let owners = Atomic<UInt32>(0)

  public init(capacity: Int = defaultCapacity) {
    precondition(capacity > 0, "a pool needs room for one descriptor")
    state = Mutex(State(capacity: capacity))
  }

  deinit {
    state.withLock { state in
      for slot in state.slots where slot.descriptor >= 0 { close(slot.descriptor) }
    }
  }

  /// A number that keeps the files of one storage apart from those of others.
  func newOwner() -> UInt32 { owners.wrappingAdd(1, ordering: .relaxed).newValue }

  /// Runs `body` with a descriptor of the file that stays open meanwhile; `open` makes one when
  /// there is none, outside the lock, because a cold disk may take its time.
  func withDescriptor<Value>(
    of key: DescriptorKey, open: () throws(StorageError) -> Int32,
    _ body: (Int32) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    var pin = state.withLock { $0.pin(key) }
    if pin == nil {
      let descriptor = try open()
      let (kept, surplus) = state.withLock { $0.insert(descriptor, key) }
      if surplus >= 0 { close(surplus) }
      pin = kept
    }
    defer {
      let surplus = state.withLock { $0.unpin(pin!) }
      if surplus >= 0 { close(surplus) }
    }
    return try body(pin!.descriptor)
  }

  /// Closes what a storage leaves behind. - Precondition: none of it is pinned.
  func closeAll(of owner: UInt32) {
    let descriptors = state.withLock { $0.removeAll(of: owner) }
    for descriptor in descriptors { close(descriptor) }
  }
}

/// Which descriptor: whose, of which file, and whether it can be written through.
struct DescriptorKey: Hashable {
  let owner: UInt32
  let file: UInt32
  let writable: Bool

  /// A descriptor to write through also serves reads.
  var forWriting: DescriptorKey { DescriptorKey(owner: owner, file: file, writable: true) }
}

/// A descriptor in use; `slot` is negative for one beyond the capacity.
private struct Pin {
  let slot: Int32
  let descriptor: Int32
}

/// The slots form a ring through slot 0, which holds no descriptor: most recently used first.
private struct State {
  struct Slot {
    var key = DescriptorKey(owner: 0, file: 0, writable: false)
    var descriptor: Int32 = -1
    var pins = 0
    var previous: Int32 = 0
    var next: Int32 = 0
  }

  let capacity: Int
  var slots = [Slot()]
  var free: [Int32] = []
  var slotOfKey: [DescriptorKey: Int32] = [:]

  init(capacity: Int) { self.capacity = capacity }

  mutating func pin(_ key: DescriptorKey) -> Pin? {
    guard let slot = slotOfKey[key] ?? slotOfKey[key.forWriting] else { return nil }
    slots[Int(slot)].pins += 1
    unlink(slot)
    linkFirst(slot)
    return Pin(slot: slot, descriptor: slots[Int(slot)].descriptor)
  }

  /// Takes in a descriptor that was opened for a key. - Returns: the pin to use, and a descriptor
  /// to close: the one given when another thread was faster, or the one that made room.
  mutating func insert(_ descriptor: Int32, _ key: DescriptorKey) -> (Pin, surplus: Int32) {
    if let pin = pin(key) { return (pin, descriptor) }
    var surplus: Int32 = -1
    if slotOfKey.count >= capacity {
      guard let victim = leastRecentlyUsed() else {
        return (Pin(slot: -1, descriptor: descriptor), -1)
      }
      surplus = slots[Int(victim)].descriptor
      remove(victim)
    }
    let slot = free.popLast() ?? Int32(slots.count)
    if Int(slot) == slots.count { slots.append(Slot()) }
    slots[Int(slot)].key = key
    slots[Int(slot)].descriptor = descriptor
    slots[Int(slot)].pins = 1
    slotOfKey[key] = slot
    linkFirst(slot)
    return (Pin(slot: slot, descriptor: descriptor), surplus)
  }

  /// - Returns: a descriptor to close, or -1.
  mutating func unpin(_ pin: Pin) -> Int32 {
    guard pin.slot >= 0 else { return pin.descriptor }
    slots[Int(pin.slot)].pins -= 1
    return -1
  }

  mutating func removeAll(of owner: UInt32) -> [Int32] {
    var descriptors: [Int32] = []
    for slot in slots.indices.dropFirst() where slots[slot].descriptor >= 0 {
      guard slots[slot].key.owner == owner else { continue }
      precondition(slots[slot].pins == 0, "a storage ended while one of its files was in use")
      descriptors.append(slots[slot].descriptor)
      remove(Int32(slot))
    }
    return descriptors
  }

  private func leastRecentlyUsed() -> Int32? {
    var slot = slots[0].previous
    while slot != 0 {
      if slots[Int(slot)].pins == 0 { return slot }
      slot = slots[Int(slot)].previous
    }
    return nil
  }

  private mutating func remove(_ slot: Int32) {
    unlink(slot)
    slotOfKey[slots[Int(slot)].key] = nil
    slots[Int(slot)].descriptor = -1
    free.append(slot)
  }

  private mutating func unlink(_ slot: Int32) {
    let (previous, next) = (slots[Int(slot)].previous, slots[Int(slot)].next)
    slots[Int(previous)].next = next
    slots[Int(next)].previous = previous
  }

  private mutating func linkFirst(_ slot: Int32) {
    let first = slots[0].next
    slots[Int(slot)].previous = 0
    slots[Int(slot)].next = first
    slots[Int(first)].previous = slot
    slots[0].next = slot
  }
}
