import Glibc

/// Memory for one piece: whole pages, returned to the pool when the last reference goes.
///
/// The invariant: a buffer has one owner at a time, who alone touches its bytes. The loop that fills
/// it gives it up with the job that it submits and has it back with the result.
///
/// `@unchecked Sendable`: the bytes are guarded by that handing over, which happens under the lock
/// of the worker pool's queue one way and of the result's sink the other way; all else is constant.
public final class PieceBuffer: @unchecked Sendable {
  /// The bytes asked for; the pages behind them may hold more.
  public let bytes: UnsafeMutableRawBufferPointer
  let pages: PageRange
  private let pool: PieceBufferPool

  init(pages: PageRange, count: Int, pool: PieceBufferPool) {
    bytes = UnsafeMutableRawBufferPointer(start: pages.start, count: count)
    self.pages = pages
    self.pool = pool
  }

  deinit { pool.take(back: pages) }
}

/// Anonymous memory of whole pages. Whoever holds the range has to unmap it, once.
///
/// `@unchecked Sendable`: an address; the memory is guarded by whatever guards the range's holder.
struct PageRange: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  /// Bytes, a multiple of the page size.
  let count: Int

  static let pageSize = sysconf(Int32(_SC_PAGESIZE))

  static func roundUp(_ count: Int) -> Int { (max(count, 1) + pageSize - 1) / pageSize * pageSize }

  /// - Returns: `nil` when the machine has no memory left.
  static func map(_ count: Int) -> PageRange? {
    let count = roundUp(count)
    let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start, start != MAP_FAILED else { return nil }
    return PageRange(start: start, count: count)
  }

  func unmap() { munmap(start, count) }
}
