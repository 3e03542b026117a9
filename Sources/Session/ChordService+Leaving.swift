import ChordLogic
import DeterministicCore
import Networking

extension ChordService {
  /// Has the members hand over what they keep and say goodbye, and calls `done` when that is through
  /// or has had its time.
  func leave(then done: @escaping () -> Void) {
    for seat in members { tell(seat, .leave) }
    waitForAnswers(until: Reactor.clock + Self.farewellPatience, then: done)
  }

  private static let farewellPatience = TimeSpan.seconds(1)
  private static let farewellLook = TimeSpan.milliseconds(20)

  private func waitForAnswers(until end: Moment, then done: @escaping () -> Void) {
    let isWaiting = members.contains { $0.node.pendingCount > 0 }
    guard isWaiting, Reactor.clock < end else { return done() }
    reactor.schedule(after: Self.farewellLook) { [weak self] in
      guard let self else { return done() }
      self.waitForAnswers(until: end, then: done)
    }
  }
}
