import CLinux
import DeterministicCore
import Glibc
import Testing

@testable import Networking

@Suite("The reactor")
struct ReactorTests {
  private final class Counter: ReadinessHandler, TurnEndHandler {
    var readiness: [Readiness] = []
    var turnEnds = 0
    var onReady: () -> Void = {}
    var onTurnEnd: () -> Void = {}

    func becameReady(_ readiness: Readiness) {
      self.readiness.append(readiness)
      onReady()
    }

    func turnEnded() {
      turnEnds += 1
      onTurnEnd()
    }
  }

  @Test("runs timers at their time and not before, in order")
  func timers() throws {
    let reactor = try Reactor()
    var fired: [(name: Int, moment: Moment)] = []
    let start = Reactor.clock
    for (name, milliseconds) in [30, 10, 20, 10].enumerated() {
      reactor.schedule(after: .milliseconds(milliseconds)) { fired.append((name, Reactor.clock)) }
    }
    let cancelled = reactor.schedule(after: .milliseconds(15)) {
      Issue.record("a cancelled timer fired")
    }
    reactor.cancelTimer(cancelled)
    reactor.run { fired.count == 4 }
    #expect(fired.map(\.name) == [1, 3, 2, 0])
    #expect(zip(fired, [10, 10, 20, 30]).allSatisfy { $0.moment - start >= .milliseconds($1) })
  }

  @Test("counts a span from when it is asked for, however long ago its last turn was")
  func staleClock() throws {
    let reactor = try Reactor()
    usleep(30_000)
    let asked = Reactor.clock
    var fired: Moment?
    reactor.schedule(after: .milliseconds(20)) { fired = Reactor.clock }
    reactor.run { fired != nil }
    #expect(try #require(fired) - asked >= .milliseconds(20))
  }

  @Test("looks at descriptors between timers that are always due")
  func timersDoNotStarve() throws {
    let reactor = try Reactor()
    let event = FileDescriptor(owning: shoal_eventfd())
    let counter = Counter()
    _ = try reactor.register(event.number, for: .readable, handler: counter)
    shoal_eventfd_signal(event.number)
    var turns = 0
    func again() {
      turns += 1
      guard counter.readiness.isEmpty, turns < 100_000 else { return reactor.stop() }
      reactor.schedule(at: .zero, again)
    }
    again()
    try reactor.run()
    #expect(counter.readiness.first == .readable)
    #expect(turns < 100)
  }

  @Test("ends a turn at once for what was asked for before it ran")
  func turnEndBeforeRunning() throws {
    let reactor = try Reactor()
    let counter = Counter()
    reactor.atTurnEnd(counter)
    counter.onTurnEnd = { reactor.stop() }
    // A guard only: without it a loop that waits for an event would wait for ever.
    reactor.schedule(after: .seconds(5)) { reactor.stop() }
    let start = Reactor.clock
    try reactor.run()
    #expect(counter.turnEnds == 1)
    #expect(Reactor.clock - start < .seconds(4))
  }

  @Test("serves turn ends that turn ends ask for, in the same turn")
  func nestedTurnEnds() throws {
    let reactor = try Reactor()
    let counter = Counter()
    counter.onTurnEnd = { if counter.turnEnds < 3 { reactor.atTurnEnd(counter) } }
    reactor.schedule(after: .zero) {
      reactor.atTurnEnd(counter)
      reactor.stop()
    }
    try reactor.run()
    #expect(counter.turnEnds == 3)
    #expect(reactor.turnCount <= 2)
  }

  @Test("does not call whoever was taken off earlier in the same batch, nor who took its place")
  func deregisteredInBatch() throws {
    let reactor = try Reactor()
    let events = [FileDescriptorBox(shoal_eventfd()), FileDescriptorBox(shoal_eventfd())]
    let counters = [Counter(), Counter()]
    let stranger = Counter()
    let fresh = FileDescriptorBox(shoal_eventfd())
    var ids: [SlabID] = []
    for index in 0..<2 {
      ids.append(
        try reactor.register(events[index].number, for: .readable, handler: counters[index]))
      counters[index].onReady = {
        reactor.deregister(ids[1 - index])
        _ = try? reactor.register(fresh.number, for: .readable, handler: stranger)
        reactor.stop()
      }
    }
    for event in events { shoal_eventfd_signal(event.number) }
    try reactor.run()
    #expect(counters.map(\.readiness.count).reduce(0, +) == 1)
    #expect(stranger.readiness.isEmpty)
  }

  @Test("tells a reader that the other end has gone, and a writer that there is room")
  func readiness() throws {
    let reactor = try Reactor()
    let connection = try Connection()
    let counter = Counter()
    counter.onReady = { reactor.stop() }
    let id = try reactor.register(connection.near.number, for: .writable, handler: counter)
    try reactor.run()
    #expect(counter.readiness == [.writable])
    reactor.change(id, to: .readable)
    shutdown(connection.far.number, Int32(SHUT_WR))
    try reactor.run()
    #expect(counter.readiness.last == .readable)
    reactor.deregister(id)
    // A stale name is passed over.
    reactor.change(id, to: .writable)
    reactor.deregister(id)
  }

  @Test("hands a signal of its own thread to whoever asked for it")
  func signals() {
    onOwnThread {
      do throws(NetworkError) {
        let reactor = try Reactor()
        var received: [Int32] = []
        try reactor.onSignals([SIGUSR1, SIGUSR2]) { received.append($0) }
        pthread_kill(pthread_self(), SIGUSR2)
        reactor.run { !received.isEmpty }
        pthread_kill(pthread_self(), SIGUSR1)
        reactor.run { received.count == 2 }
        #expect(received == [SIGUSR2, SIGUSR1])
      } catch {
        Issue.record(error)
      }
    }
  }
}

/// A descriptor that can be kept in an array.
final class FileDescriptorBox {
  private let descriptor: FileDescriptor

  init(_ number: Int32) { descriptor = FileDescriptor(owning: number) }

  var number: Int32 { descriptor.number }
}
