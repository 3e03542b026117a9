/// Numbers in a block of memory of their own: two bytes each for as long as all of them fit, then four.
///
/// For tables as long as a torrent has pieces, of which a thousand swarms in one process each have a
/// few. It has one owner, and knows its own length, so that a look at a number is a look at one cache
/// line; an array keeps its length and its reference count in another.
///
/// The invariant: `room` holds `count` initialised numbers, of four bytes each exactly when `isWide`.
public struct NumberTable: ~Copyable {
  @usableFromInline var room: UnsafeMutableRawPointer
  @usableFromInline let length: UInt32
  @usableFromInline var isWide = false

  /// A table of zeros. - Precondition: `0 <= count < 2^32`.
  @inlinable
  public init(count: Int) {
    length = UInt32(count)
    room = .allocate(byteCount: max(1, count) * 2, alignment: 4)
    room.initializeMemory(as: UInt16.self, repeating: 0, count: count)
  }

  @inlinable
  deinit { room.deallocate() }

  @inlinable
  public var count: Int { Int(length) }

  @inlinable
  public var indices: Range<Int> { 0..<count }

  /// - Precondition: the index is one of the table's.
  @inlinable
  public subscript(index: Int) -> UInt32 {
    @inline(__always)
    get {
      precondition(UInt(bitPattern: index) < UInt(length), "no such number")
      return isWide
        ? room.load(fromByteOffset: index &* 4, as: UInt32.self)
        : UInt32(room.load(fromByteOffset: index &* 2, as: UInt16.self))
    }
    @inline(__always)
    set {
      precondition(UInt(bitPattern: index) < UInt(length), "no such number")
      if !isWide {
        if let narrow = UInt16(exactly: newValue) {
          return room.storeBytes(of: narrow, toByteOffset: index &* 2, as: UInt16.self)
        }
        widen()
      }
      room.storeBytes(of: newValue, toByteOffset: index &* 4, as: UInt32.self)
    }
  }

  @inlinable @inline(never)
  mutating func widen() {
    let wide = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 4)
    for index in indices {
      (wide + index * 4).initializeMemory(as: UInt32.self, to: self[index])
    }
    room.deallocate()
    room = wide
    isWide = true
  }

  @inlinable
  public mutating func swapAt(_ left: Int, _ right: Int) {
    let number = self[left]
    self[left] = self[right]
    self[right] = number
  }

  /// Fetches a number's line. The index may be any.
  @inlinable @inline(__always)
  public func prefetch(_ index: Int) { Prefetch.line(at: address(of: index)) }

  /// Fetches as many lines from a number's on.
  @inlinable @inline(__always)
  public func prefetch(_ index: Int, lines: Int) { Prefetch.lines(lines, at: address(of: index)) }

  @inlinable @inline(__always)
  func address(of index: Int) -> UnsafeRawPointer {
    UnsafeRawPointer(room) + (isWide ? index &* 4 : index &* 2)
  }
}

/// The memory behind `room` is reachable through the table alone, which cannot be copied.
extension NumberTable: @unchecked Sendable {}
