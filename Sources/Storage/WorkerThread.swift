import CLinux
import Glibc

/// A thread of our own, for work that would hold up the cooperative pool: hashing, the disk, name
/// look-ups. Has to be joined, once.
public struct WorkerThread: Sendable {
  private let thread: pthread_t

  /// - Parameter name: what ps and perf show, at most 15 bytes.
  /// - Returns: `nil` when the system grants no further thread.
  public init?(name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread = pthread_t()
    let failure = Self.withSignalsBlocked {
      pthread_create(
        &thread, nil,
        { context in
          let start = Unmanaged<ThreadStart>.fromOpaque(context!).takeRetainedValue()
          shoal_name_thread(start.name)
          start.body()
          return nil
        }, start.toOpaque())
    }
    guard failure == 0 else {
      start.release()
      return nil
    }
    self.thread = thread
  }

  /// A thread inherits the signals that are blocked where it is made: those that are sent to the
  /// process are for the main thread, those that a fault raises stay with the thread at fault.
  private static func withSignalsBlocked(_ body: () -> Int32) -> Int32 {
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] {
      sigdelset(&blocked, signal)
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
  }

  public func join() { pthread_join(thread, nil) }

  /// One thread for each processor that this process may use.
  public static let recommendedCount = Int(shoal_processor_count())
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
