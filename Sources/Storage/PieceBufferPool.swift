import Synchronization

/// The memory in which pieces come together, bounded in bytes and used again and again: fresh
/// pages cost more than the bytes that are received into them.
///
/// The invariant: buffers in use and idle pages together never exceed the limit, except that one
/// buffer is always granted, or a piece longer than the limit could never be fetched.
public final class PieceBufferPool: Sendable {
  /// Room for 64 pieces of 1 MiB, within the 100 MiB that a download may stay resident in.
  public static let defaultLimit = 64 << 20

  fileprivate struct State {
    var idle: [PageRange] = []
    var idleBytes = 0
    var usedBytes = 0
    /// The fewest idle ranges since the last trim: so many were not needed.
    var leastIdle = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: bytes.
  public init(limit: Int = defaultLimit) { self.limit = limit }

  deinit {
    state.withLock { state in
      for pages in state.idle { pages.unmap() }
    }
  }

  /// Bytes in the buffers that are out, in whole pages.
  public var usedBytes: Int { state.withLock { $0.usedBytes } }

  /// Bytes that are kept for later.
  public var idleBytes: Int { state.withLock { $0.idleBytes } }

  /// A buffer of `count` bytes of unspecified content; `nil` while the limit is reached.
  public func buffer(count: Int) -> PieceBuffer? {
    let wanted = PageRange.roundUp(count)
    let (granted, found, surplus) = state.withLock { $0.grant(wanted, limit: limit) }
    for pages in surplus { pages.unmap() }
    guard granted else { return nil }
    if let found { return PieceBuffer(pages: found, count: count, pool: self) }
    guard let pages = PageRange.map(wanted) else {
      state.withLock { $0.usedBytes -= wanted }
      return nil
    }
    return PieceBuffer(pages: pages, count: count, pool: self)
  }

  /// Gives the memory back that no call since the last trim has needed. Meant to be called every
  /// few seconds.
  public func trim() {
    let surplus = state.withLock { $0.trim() }
    for pages in surplus { pages.unmap() }
  }

  func take(back pages: PageRange) {
    state.withLock { state in
      state.usedBytes -= pages.count
      state.idleBytes += pages.count
      state.idle.append(pages)
    }
  }
}

extension PieceBufferPool.State {
  /// Books `wanted` bytes. - Returns: whether they are granted; an idle range to use, the one used
  /// last because its pages may still be in a cache; ranges to unmap, which made room.
  fileprivate mutating func grant(
    _ wanted: Int, limit: Int
  ) -> (granted: Bool, found: PageRange?, surplus: [PageRange]) {
    guard usedBytes == 0 || usedBytes + wanted <= limit else { return (false, nil, []) }
    usedBytes += wanted
    if let index = idle.lastIndex(where: { $0.count == wanted }) {
      let found = idle.remove(at: index)
      idleBytes -= wanted
      leastIdle = min(leastIdle, idle.count)
      return (true, found, [])
    }
    leastIdle = 0
    var surplus: [PageRange] = []
    while usedBytes + idleBytes > limit, !idle.isEmpty {
      let pages = idle.removeFirst()
      idleBytes -= pages.count
      surplus.append(pages)
    }
    return (true, nil, surplus)
  }

  fileprivate mutating func trim() -> [PageRange] {
    let surplus = Array(idle.prefix(leastIdle))
    idle.removeFirst(leastIdle)
    idleBytes -= surplus.reduce(0) { $0 + $1.count }
    leastIdle = idle.count
    return surplus
  }
}
