import CLinux
public import DeterministicCore
import Glibc
public import TorrentModel

/// One loop's connection to a Redis server: commands out, many under way, replies in their order. It
/// is made again whenever it is lost.
///
/// The invariant: every command that was taken gets one completion, with a value or, when none comes
/// in time, with `nil`; and a server that is behind gets no further commands until it has caught up.
public final class RedisConnection: ReadinessHandler, TurnEndHandler {
  /// Looks the server's name up, off the loop, and calls back on it.
  public typealias Resolve = (@escaping ([Endpoint]) -> Void) -> Void

  public struct Limits: Sendable {
    /// For a reply; who waits goes on without one then.
    public var patience = TimeSpan.milliseconds(500)
    /// Of silence while replies are due, after which the connection is given up.
    public var deadAfter = TimeSpan.seconds(3)
    public var mostUnderWay = 4096
    /// From one attempt to connect to the next.
    public var retryInterval = TimeSpan.seconds(1)

    public init() {}
  }

  private enum Stage {
    case away
    case connecting
    case greeting
    case ready
  }

  private struct Waiting {
    /// `nil` once it was called without a value.
    var completion: ((RedisValue?) -> Void)?
    let deadline: Moment
  }

  private let reactor: Reactor
  private let resolve: Resolve
  private let greeting: [RedisCommand]
  private let limits: Limits
  /// Called when the server turns out to be away, with the reason, and with `nil` when it is back.
  private let report: (String?) -> Void
  private var toldReason: String?
  private var stage = Stage.away
  private var isClosed = false
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var interest: Readiness = []
  private var replies: RedisReplies?
  private var output: [UInt8] = []
  private var sent = 0
  private var waiting = Queue<Waiting>()
  private var lastHeard = Moment.zero
  private var isFlushing = false
  private var timer: SlabID?
  private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)

  /// - Parameters:
  ///   - preparation: commands that a connection begins with; an error in reply to one is the end of
  ///     the attempt.
  public init(
    _ address: RedisAddress, preparation: [RedisCommand], limits: Limits = Limits(),
    on reactor: Reactor, resolve: @escaping Resolve, report: @escaping (String?) -> Void
  ) {
    self.reactor = reactor
    self.resolve = resolve
    self.limits = limits
    self.report = report
    greeting = address.greeting + preparation
    connect()
  }

  deinit { room.deallocate() }

  /// Whether a command would be taken.
  public var isReady: Bool {
    guard stage == .ready, waiting.count < limits.mostUnderWay else { return false }
    // An overdue reply: the server is behind.
    return waiting.first.map { $0.completion != nil } ?? true
  }

  /// Has a command carried out that leaves by the end of this turn.
  ///
  /// - Returns: false, and nothing else happens, when the server is away or behind.
  public func send(_ command: RedisCommand, _ completion: @escaping (RedisValue?) -> Void) -> Bool {
    guard isReady else { return false }
    enqueue(command, completion)
    return true
  }

  /// Gives the connection up and makes it again, with all that it begins with.
  public func renew(because reason: String) { fail(reason) }

  public func close() {
    isClosed = true
    disconnect()
  }

  private func enqueue(_ command: RedisCommand, _ completion: @escaping (RedisValue?) -> Void) {
    if waiting.isEmpty { lastHeard = reactor.now }
    output += command.bytes
    // Nobody waits for a greeting: it has as long as the connection.
    let patience = stage == .greeting ? limits.deadAfter * 2 : limits.patience
    waiting.append(Waiting(completion: completion, deadline: reactor.now + patience))
    guard !isFlushing else { return }
    isFlushing = true
    reactor.atTurnEnd(self)
    watch()
  }

  public func turnEnded() {
    isFlushing = false
    flush()
  }

  // MARK: Connecting

  private func connect() {
    guard !isClosed else { return }
    stage = .connecting
    resolve { [weak self] endpoints in
      guard let self, !self.isClosed, self.stage == .connecting, self.socket == nil else { return }
      guard let endpoint = endpoints.first else { return self.fail("its name is not known") }
      do throws(NetworkError) {
        let socket = try StreamSocket.connect(to: endpoint, from: nil)
        let number = socket.number
        self.socket = consume socket
        self.interest = .writable
        self.registration = try self.reactor.register(number, for: .writable, handler: self)
        self.lastHeard = self.reactor.now
        self.watch()
      } catch {
        self.fail("\(error)")
      }
    }
  }

  /// The connection stands, or does not.
  private func greet() {
    guard let number = socket?.number else { return }
    let code = shoal_socket_take_error(number)
    guard code == 0 else { return fail(NetworkError("connect", code: code).description) }
    replies = RedisReplies()
    guard replies != nil else { return fail("no memory") }
    stage = .greeting
    for command in greeting {
      enqueue(command) { [weak self] value in
        if case .error(let reason)? = value { self?.fail(reason) }
      }
    }
    enqueue(RedisCommand("PING")) { [weak self] value in
      guard let self, self.stage == .greeting, let value else { return }
      if case .error(let reason) = value { return self.fail(reason) }
      self.stage = .ready
      if self.toldReason != nil { self.report(nil) }
      self.toldReason = nil
    }
  }

  private func fail(_ reason: String) {
    if reason != toldReason, !isClosed { report(reason) }
    toldReason = reason
    disconnect()
    guard !isClosed else { return }
    reactor.schedule(after: limits.retryInterval) { [weak self] in
      guard let self, self.stage == .away else { return }
      self.connect()
    }
  }

  private func disconnect() {
    stage = .away
    if let registration { reactor.deregister(registration) }
    registration = nil
    socket = nil
    replies = nil
    output = []
    sent = 0
    while let entry = waiting.popFirst() { entry.completion?(nil) }
  }

  // MARK: Bytes

  public func becameReady(_ readiness: Readiness) {
    if stage == .connecting { return greet() }
    if readiness.contains(.writable) { flush() }
    if readiness.contains(.readable) || readiness.contains(.hangup) { read() }
  }

  private func flush() {
    while let number = socket?.number, stage != .connecting, sent < output.count {
      let count = output.withUnsafeBytes {
        Glibc.send(number, $0.baseAddress! + sent, output.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
        continue
      }
      guard errno == EAGAIN || errno == EINTR else { return fail("the connection was lost") }
      return setInterest([.readable, .writable])
    }
    guard stage != .connecting else { return }
    output.removeAll(keepingCapacity: output.capacity <= 256 << 10)
    sent = 0
    setInterest(.readable)
  }

  private func read() {
    guard let number = socket?.number else { return }
    let count = recv(number, room.baseAddress, room.count, 0)
    guard count > 0 else {
      if count == 0 || (errno != EAGAIN && errno != EINTR) { fail("the connection was lost") }
      return
    }
    lastHeard = reactor.now
    guard replies?.feed(UnsafeRawBufferPointer(rebasing: room[..<count])) == true else {
      return fail("what it says is no Redis reply")
    }
    // A completion may find the server wanting and disconnect.
    while let replies {
      switch replies.next() {
      case .value(let value):
        guard let entry = waiting.popFirst() else { return fail("it answers without being asked") }
        entry.completion?(value)
      case .malformed: return fail("what it says is no Redis reply")
      case .nothing: return
      }
    }
  }

  private func setInterest(_ wanted: Readiness) {
    guard let registration, wanted != interest else { return }
    interest = wanted
    reactor.change(registration, to: wanted)
  }

  // MARK: Deadlines

  /// While anything is due, a timer looks at what is overdue, some times in each patience.
  private func watch() {
    guard timer == nil, !isClosed else { return }
    timer = reactor.schedule(after: TimeSpan.milliseconds(100)) { [weak self] in
      guard let self else { return }
      self.timer = nil
      self.expire()
      if self.stage == .connecting || !self.waiting.isEmpty { self.watch() }
    }
  }

  private func expire() {
    let now = Reactor.clock
    var index = 0
    while index < waiting.count, waiting[index].deadline <= now {
      let completion = waiting[index].completion
      waiting[index].completion = nil
      completion?(nil)
      index += 1
    }
    let isDue = stage == .connecting && socket != nil || !waiting.isEmpty
    if isDue, now > lastHeard + limits.deadAfter { fail("it does not answer") }
  }
}
