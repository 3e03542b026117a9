import CLinux
public import DeterministicCore
import Glibc

/// What a descriptor can be waited on for, and what it turned out to be.
public struct Readiness: OptionSet, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let readable = Readiness(rawValue: UInt32(SHOAL_READABLE))
  public static let writable = Readiness(rawValue: UInt32(SHOAL_WRITABLE))
  /// The other end is gone or the descriptor is broken; reported unasked.
  public static let hangup = Readiness(rawValue: UInt32(SHOAL_HANGUP))
}

/// Whoever owns a descriptor that a reactor watches. Called on the loop's thread only.
public protocol ReadinessHandler: AnyObject {
  func becameReady(_ readiness: Readiness)
}

/// Whoever has gathered output during a turn of the loop and writes it at the turn's end, so that
/// everything a turn decided leaves in few system calls.
public protocol TurnEndHandler: AnyObject {
  func turnEnded()
}

/// One thread's event loop over epoll: descriptors, timers and messages from other threads.
///
/// Not `Sendable`: the thread that makes it runs it and is the only one to touch it and all it
/// drives. Other threads reach it through a `Mailbox`.
///
/// The invariant: a token handed to epoll is a slab name, so readiness that arrives for a descriptor
/// deregistered earlier in the same batch finds nobody, not a stranger that took its slot.
public final class Reactor {
  private let epoll: FileDescriptor
  private var handlers = Slab<(descriptor: Int32, handler: any ReadinessHandler)>()
  private var timers = Timers()
  private var turnEndHandlers: [any TurnEndHandler] = []
  private var isStopping = false

  /// The loop's clock, read once a turn.
  public private(set) var now: Moment

  /// Turns taken: many of them in which nothing happens are a descriptor that is always ready and
  /// that nobody serves.
  private(set) var turnCount = 0

  /// Readiness events taken in one turn: bounds how long timers and mailboxes wait.
  private static let eventsPerTurn = 256

  public init() throws(NetworkError) {
    let descriptor = shoal_epoll_create()
    guard descriptor >= 0 else { throw NetworkError("epoll_create") }
    epoll = FileDescriptor(owning: descriptor)
    now = Self.clock
  }

  /// The monotonic clock, for moments that must not wait for the next turn.
  public static var clock: Moment { Moment(nanoseconds: shoal_monotonic_nanoseconds()) }

  // MARK: Descriptors

  /// Watches a descriptor that its handler owns, until `deregister`.
  public func register(
    _ descriptor: Int32, for interest: Readiness, handler: any ReadinessHandler
  ) throws(NetworkError) -> SlabID {
    let id = handlers.insert((descriptor, handler))
    guard shoal_epoll_add(epoll.number, descriptor, interest.rawValue, id.word) == 0 else {
      let error = NetworkError("epoll_ctl")
      handlers.remove(id)
      throw error
    }
    return id
  }

  public func change(_ id: SlabID, to interest: Readiness) {
    guard let entry = handlers.find(id) else { return }
    let result = shoal_epoll_change(epoll.number, entry.descriptor, interest.rawValue, id.word)
    precondition(result == 0, "epoll lost a descriptor that is registered")
  }

  /// Stops watching; to be called before the descriptor is closed.
  public func deregister(_ id: SlabID) {
    guard let entry = handlers.remove(id) else { return }
    _ = shoal_epoll_remove(epoll.number, entry.descriptor)
  }

  // MARK: Time

  /// Runs `action` on the loop at `moment`, or in the next turn when that is past.
  @discardableResult
  public func schedule(at moment: Moment, _ action: @escaping () -> Void) -> SlabID {
    timers.set(at: moment, action)
  }

  /// Runs `action` once `span` is over, counted from this call and not from the turn's start.
  @discardableResult
  public func schedule(after span: TimeSpan, _ action: @escaping () -> Void) -> SlabID {
    timers.set(at: Self.clock + span, action)
  }

  public func cancelTimer(_ id: SlabID) { timers.cancel(id) }

  /// Asks for a call at the end of this turn. The caller sees to it that it asks once a turn.
  public func atTurnEnd(_ handler: any TurnEndHandler) { turnEndHandlers.append(handler) }

  // MARK: The loop

  /// Runs until `stop` is called on the loop's thread.
  public func run() throws(NetworkError) {
    defer { isStopping = false }
    var ready = Array(repeating: shoal_readiness(), count: Self.eventsPerTurn)
    while !isStopping {
      try turn(&ready)
    }
  }

  public func stop() { isStopping = true }

  private func turn(_ ready: inout [shoal_readiness]) throws(NetworkError) {
    let count = shoal_epoll_wait(epoll.number, &ready, Int32(ready.count), waitMilliseconds())
    guard count >= 0 || errno == EINTR else { throw NetworkError("epoll_wait") }
    now = Self.clock
    turnCount += 1
    for event in ready.prefix(max(0, Int(count))) {
      guard let entry = handlers.find(SlabID(word: event.token)) else { continue }
      entry.handler.becameReady(Readiness(rawValue: event.events))
    }
    for timer in timers.popDue(by: now) { timers.take(timer)?() }
    // A handler may ask again for itself or another while its turn ends.
    while !turnEndHandlers.isEmpty {
      let batch = turnEndHandlers
      turnEndHandlers.removeAll(keepingCapacity: true)
      for handler in batch { handler.turnEnded() }
    }
  }

  private func waitMilliseconds() -> Int32 {
    // Asked for before the loop ran: a turn that is still to come ends at once.
    guard turnEndHandlers.isEmpty else { return 0 }
    guard let next = timers.next else { return -1 }
    let clock = Self.clock
    guard next > clock else { return 0 }
    return Int32(clamping: (next - clock).millisecondsRoundedUp)
  }
}
