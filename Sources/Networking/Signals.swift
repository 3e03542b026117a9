import CLinux
import Glibc

/// Signals as events of a loop instead of interruptions.
private final class SignalReader: ReadinessHandler {
  let descriptor: FileDescriptor
  let receive: (Int32) -> Void

  init(_ descriptor: consuming FileDescriptor, _ receive: @escaping (Int32) -> Void) {
    self.descriptor = descriptor
    self.receive = receive
  }

  func becameReady(_ readiness: Readiness) {
    while case let signal = shoal_signalfd_read(descriptor.number), signal >= 0 { receive(signal) }
  }
}

extension Reactor {
  /// Delivers the signals to `receive` on this loop. To be called before any thread is started:
  /// the signals are blocked for the calling thread and all its later children.
  public func onSignals(
    _ signals: [Int32], _ receive: @escaping (Int32) -> Void
  ) throws(NetworkError) {
    let descriptor = shoal_signalfd(signals, Int32(signals.count))
    guard descriptor >= 0 else { throw NetworkError("signalfd") }
    let reader = SignalReader(FileDescriptor(owning: descriptor), receive)
    _ = try register(descriptor, for: .readable, handler: reader)
  }

  /// Makes writes to a closed socket an error instead of the end of the process.
  public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
