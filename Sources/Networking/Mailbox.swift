import CLinux
import Synchronization

/// How other threads hand results to a loop: messages gather under a lock and the loop takes them
/// in one batch, woken by at most one write however many there are.
///
/// The invariant: the descriptor is signalled exactly when the list turns from empty to filled, so
/// a filled list always has a wake-up on its way.
public final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let wake: FileDescriptor

  /// A mailbox that no loop reads yet; what is sent meanwhile waits.
  public init() throws(NetworkError) {
    let descriptor = shoal_eventfd()
    guard descriptor >= 0 else { throw NetworkError("eventfd") }
    wake = FileDescriptor(owning: descriptor)
  }

  /// Callable from any thread.
  public func send(_ message: Message) { send(contentsOf: CollectionOfOne(message)) }

  /// Callable from any thread.
  public func send(contentsOf batch: some Collection<Message>) {
    guard !batch.isEmpty else { return }
    let wasEmpty = messages.withLock { list in
      defer { list.append(contentsOf: batch) }
      return list.isEmpty
    }
    if wasEmpty { shoal_eventfd_signal(wake.number) }
  }

  fileprivate var descriptor: Int32 { wake.number }

  fileprivate func takeAll() -> [Message] {
    shoal_eventfd_drain(wake.number)
    return messages.withLock { list in
      let batch = list
      list = []
      return batch
    }
  }
}

/// The loop's end of a mailbox.
private final class MailboxReader<Message: Sendable>: ReadinessHandler {
  let mailbox: Mailbox<Message>
  let receive: ([Message]) -> Void

  init(_ mailbox: Mailbox<Message>, _ receive: @escaping ([Message]) -> Void) {
    self.mailbox = mailbox
    self.receive = receive
  }

  func becameReady(_ readiness: Readiness) {
    let batch = mailbox.takeAll()
    if !batch.isEmpty { receive(batch) }
  }
}

extension Reactor {
  /// A mailbox whose messages are handed to `receive` on this loop, in order, for as long as the
  /// loop lives.
  public func makeMailbox<Message: Sendable>(
    _ receive: @escaping ([Message]) -> Void
  ) throws(NetworkError) -> Mailbox<Message> {
    let mailbox = try Mailbox<Message>()
    try read(mailbox, receive)
    return mailbox
  }

  /// Has the messages of a mailbox that was made on another thread handed to `receive` on this loop,
  /// in order, for as long as the loop lives. One loop only reads a mailbox.
  public func read<Message: Sendable>(
    _ mailbox: Mailbox<Message>, _ receive: @escaping ([Message]) -> Void
  ) throws(NetworkError) {
    _ = try register(
      mailbox.descriptor, for: .readable, handler: MailboxReader(mailbox, receive))
  }
}
