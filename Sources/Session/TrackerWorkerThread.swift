import DeterministicCore
import Networking
import Storage
import TorrentModel

/// A `TrackerWorker` on a loop and a thread of its own.
final class TrackerWorkerThread: Sendable {
  private enum Order {
    case serve(http: Endpoint?, datagrams: Endpoint)
    /// Descriptors that are the thread's from then on.
    case adoptStream(Int32)
    case adoptDatagrams(Int32)
    case stop
  }

  private let mailbox: Mailbox<Order>
  private let thread: WorkerThread

  /// - Returns: `nil` when the system grants no further thread.
  init?(_ tracker: SharedTracker, number: Int) throws(NetworkError) {
    let mailbox = try Mailbox<Order>()
    self.mailbox = mailbox
    let thread = WorkerThread(name: "tracker \(number)") { Self.run(tracker, mailbox) }
    guard let thread else { return nil }
    self.thread = thread
  }

  /// Joins sockets that the first worker has bound.
  func serve(http: Endpoint?, datagrams: Endpoint) {
    mailbox.send(.serve(http: http, datagrams: datagrams))
  }

  /// Serves at a socket that others serve at as well.
  func serve(atStream socket: borrowing FileDescriptor) throws(NetworkError) {
    mailbox.send(.adoptStream(try socket.duplicate()))
  }

  func serve(atDatagrams socket: borrowing FileDescriptor) throws(NetworkError) {
    mailbox.send(.adoptDatagrams(try socket.duplicate()))
  }

  /// Ends the thread, and returns when it has. To be called once.
  func stop() {
    mailbox.send(.stop)
    thread.join()
  }

  private static func run(_ tracker: SharedTracker, _ mailbox: Mailbox<Order>) {
    do {
      let reactor = try Reactor()
      // The first worker's is the same store, and it tells of it.
      let worker = try TrackerWorker(tracker, on: reactor) { _ in }
      try reactor.read(mailbox) { orders in
        for order in orders {
          switch order {
          case .serve(let http, let datagrams):
            // Where this socket cannot be had, the kernel gives its clients to those that could.
            if let http { try? worker.serveHTTP(on: http, sharing: .joining) }
            try? worker.serveDatagrams(on: datagrams, sharing: .joining)
          case .adoptStream(let number):
            try? worker.serveHTTP(at: FileDescriptor(owning: number))
          case .adoptDatagrams(let number):
            try? worker.serveDatagrams(at: FileDescriptor(owning: number))
          case .stop:
            worker.close()
            reactor.stop()
          }
        }
      }
      try reactor.run()
    } catch {
      // Without a loop this thread serves nobody, and no socket of its own keeps others from doing so.
      return
    }
  }
}
