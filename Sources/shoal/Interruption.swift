import Glibc
import Storage

/// ^C for work that does not run on a reactor: the first asks the work to stop, the second ends the
/// program as if nothing had been caught.
enum Interruption {
  static let cancellation = Cancellation()

  /// From now on an interrupt cancels `cancellation`.
  static func heed() {
    // Made before the handler can run: a handler must not wait for a lazy initialiser.
    _ = cancellation.isCancelled
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interruption.cancellation.cancel() }
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
    // Blocked signals are inherited, and some parents start their children from threads that block
    // them all.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] {
      sigaction(signal, &action, nil)
      sigaddset(&signals, signal)
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
