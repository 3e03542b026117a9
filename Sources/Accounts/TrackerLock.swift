import Glibc

/// Held by the one tracker that runs with a data folder, and told by it how far it has followed the
/// accounts: so whoever changed them can wait until the change is in force.
public final class TrackerLock: Sendable {
  private let descriptor: Int32

  private static func path(in folder: String) -> String { folder + "/accounts.lock" }

  /// - Throws: `inUse` where another tracker holds it.
  public init(in folder: String) throws(AccountsError) {
    let path = Self.path(in: folder)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw AccountsError(.system(errno), on: path) }
    var attempts = Self.attempts
    // Whoever waits for a tracker has the lock for a moment where none runs.
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      attempts -= 1
      if errno == EWOULDBLOCK, attempts > 0 {
        usleep(Self.pause)
        continue
      }
      let cause: AccountsError.Cause = errno == EWOULDBLOCK ? .inUse : .system(errno)
      close(descriptor)
      throw AccountsError(cause, on: folder)
    }
  }

  deinit { close(descriptor) }

  /// The tracker has followed the accounts up to this revision.
  public func tell(_ revision: Int64) {
    var word = revision
    // Nobody but the one who waits is the worse for a failure, and finds out by waiting.
    _ = withUnsafeBytes(of: &word) { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  public enum Reach: Hashable, Sendable {
    /// A running tracker has followed.
    case inForce
    /// No tracker runs; the next will know from its start.
    case noTracker
    /// A tracker runs and has not followed in time.
    case unanswered
  }

  private static let patience = 500
  private static let attempts = 20
  private static let pause: UInt32 = 10_000

  /// Waits until a change is in force where a tracker runs, for five seconds at most.
  public static func wait(for revision: Int64, in folder: String) -> Reach {
    let descriptor = open(path(in: folder), O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return .noTracker }
    defer { close(descriptor) }
    for _ in 0..<patience {
      // Whoever can have the lock, if only for a moment, is the only one.
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return .noTracker }
      var word: Int64 = 0
      let count = withUnsafeMutableBytes(of: &word) {
        pread(descriptor, $0.baseAddress, $0.count, 0)
      }
      if count == MemoryLayout<Int64>.size, word >= revision { return .inForce }
      usleep(pause)
    }
    return .unanswered
  }
}
