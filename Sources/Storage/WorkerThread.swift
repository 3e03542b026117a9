import CLinux
import Glibc

/// A thread of our own, for work that would hold up the cooperative pool: hashing, the disk, name
/// look-ups. Has to be joined, once.
struct WorkerThread: Sendable {
  private let thread: pthread_t

  /// - Parameter name: what ps and perf show, at most 15 bytes.
  init(name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { context in
        let start = Unmanaged<ThreadStart>.fromOpaque(context!).takeRetainedValue()
        shoal_name_thread(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    precondition(failure == 0, "the system refuses a thread (error \(failure)); see ulimit -u")
    self.thread = thread
  }

  func join() { pthread_join(thread, nil) }

  /// One thread for each processor that this process may use.
  static let recommendedCount = Int(shoal_processor_count())
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
