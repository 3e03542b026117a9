public import CPrefetch

/// Hints to the processor of what will be read soon. Where it reads ahead of what is decided, memory
/// is waited for while something else is done.
///
/// The invariant: nothing is read, so that nothing is decided by it and no result depends on it but
/// its time.
public enum Prefetch {
  /// Bytes of a cache line.
  @inlinable public static var lineLength: Int { 64 }

  /// Fetches the line in which an address lies.
  @inlinable @inline(__always)
  public static func line(at address: UnsafeRawPointer) { shoal_prefetch(address) }

  /// Fetches as many lines from an address on.
  @inlinable @inline(__always)
  public static func lines(_ count: Int, at address: UnsafeRawPointer) {
    for number in 0..<count { shoal_prefetch(address + number &* lineLength) }
  }
}

/// Where an element of an array lies.
///
/// To be asked for before anything is fetched: a reference to an array is counted for as long as the
/// compiler cannot see that nobody lets go of it, which would be to wait for what is not there yet.
public struct ElementPlace {
  @usableFromInline let object: UnsafeRawPointer
  @usableFromInline let offset: Int

  @inlinable @inline(__always)
  init(object: UnsafeRawPointer, offset: Int) {
    self.object = object
    self.offset = offset
  }

  /// Fetches the element, and the array's count and reference count, which are looked at before an
  /// element is changed.
  @inlinable @inline(__always)
  public func prefetch() {
    let word = MemoryLayout<Int>.stride
    Prefetch.line(at: object + word)
    Prefetch.line(at: object + 2 * word)
    Prefetch.line(at: object + offset)
  }

  /// Fetches the array's count and reference count.
  @inlinable @inline(__always)
  public func header() { Prefetch.line(at: object + 2 * MemoryLayout<Int>.stride) }

  /// Fetches as many lines from the element on, and what `prefetch` fetches.
  @inlinable @inline(__always)
  public func prefetch(lines count: Int) {
    prefetch()
    Prefetch.lines(count - 1, at: object + offset + Prefetch.lineLength)
  }

  /// Fetches the element alone.
  @inlinable @inline(__always)
  public func line() { Prefetch.line(at: object + offset) }
}

extension Array {
  /// Where an element lies; the index may be any.
  ///
  /// An array is the address of an object, whose first two words are those of every object and the next
  /// two its own. Were it another thing one day, the hints would be of no use, and of no harm.
  @inlinable @inline(__always)
  public func place(of index: Int) -> ElementPlace {
    ElementPlace(
      object: unsafeBitCast(self, to: UnsafeRawPointer.self),
      offset: 4 * MemoryLayout<Int>.stride + index &* MemoryLayout<Element>.stride)
  }
}
