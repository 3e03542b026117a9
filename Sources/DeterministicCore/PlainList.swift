/// A list of plain values in a block of memory of its own, which grows by doubling.
///
/// An array keeps its length and its reference count in the block, which is waited for before any
/// element is; this list has one owner and both at hand, so that a look at an element is a look at its
/// cache line.
///
/// The invariant: the first `length` of the `capacity` places in `room` are initialised.
public struct PlainList<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var room: UnsafeMutablePointer<Element>
  @usableFromInline var length: UInt32 = 0
  @usableFromInline var capacity: UInt32

  /// - Parameter capacity: the room at the start. - Precondition: `0 < capacity < 2^31`.
  @inlinable
  public init(capacity: Int = 4) {
    self.capacity = UInt32(capacity)
    room = .allocate(capacity: capacity)
  }

  @inlinable
  deinit { room.deallocate() }

  @inlinable
  public var count: Int { Int(length) }

  @inlinable
  public var isEmpty: Bool { length == 0 }

  @inlinable
  public var indices: Range<Int> { 0..<count }

  /// - Precondition: the index is one of the list's.
  @inlinable
  public subscript(index: Int) -> Element {
    @inline(__always)
    _read {
      precondition(UInt(bitPattern: index) < UInt(length), "no such element")
      yield room[index]
    }
    @inline(__always)
    _modify {
      precondition(UInt(bitPattern: index) < UInt(length), "no such element")
      yield &room[index]
    }
  }

  @inlinable
  public mutating func append(_ element: Element) {
    if length == capacity { grow() }
    (room + count).initialize(to: element)
    length += 1
  }

  @inlinable @inline(never)
  mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * Int(capacity))
    larger.moveInitialize(from: room, count: count)
    room.deallocate()
    room = larger
    capacity *= 2
  }

  @inlinable
  public mutating func popLast() -> Element? {
    guard length > 0 else { return nil }
    length -= 1
    return room[count]
  }

  /// Drops the first elements. - Precondition: there are as many.
  @inlinable
  public mutating func removeFirst(_ dropped: Int) {
    precondition(0...count ~= dropped, "more than there is")
    room.update(from: room + dropped, count: count - dropped)
    length -= UInt32(dropped)
  }

  @inlinable
  public mutating func removeAll() { length = 0 }

  /// Fetches the line of an element, which need not be there yet.
  @inlinable @inline(__always)
  public func prefetch(_ index: Int, lines: Int = 1) {
    Prefetch.lines(lines, at: UnsafeRawPointer(room + index))
  }
}

/// The memory behind `room` is reachable through the list alone, which cannot be copied.
extension PlainList: @unchecked Sendable where Element: Sendable {}
