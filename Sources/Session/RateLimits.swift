import DeterministicCore
import Networking

/// The limits on payload sent and bytes received by all torrents of a session together.
///
/// Whoever finds a bucket empty pauses its transport; every twentieth of a second all are let on,
/// and those for whom there is still nothing pause again. Without limits it costs a comparison.
final class RateLimits {
  private let reactor: Reactor
  private var up: TokenBucket
  private var down: TokenBucket
  private var timer: SlabID?
  /// Lets all paused transports go on.
  private let resume: () -> Void

  private static let interval = TimeSpan.milliseconds(50)

  init(up: UInt64?, down: UInt64?, on reactor: Reactor, resume: @escaping () -> Void) {
    self.reactor = reactor
    self.up = TokenBucket(rate: up, at: reactor.now)
    self.down = TokenBucket(rate: down, at: reactor.now)
    self.resume = resume
  }

  /// Payload bytes that may be sent now. With none, the caller pauses and is resumed.
  func uploadAllowance() -> Int {
    let allowance = up.available(at: reactor.now)
    if allowance == 0 { resumeSoon() }
    return allowance
  }

  func noteSent(_ bytes: Int) { up.spend(bytes) }

  /// Whether bytes may be received; otherwise the caller pauses and is resumed.
  var mayRead: Bool {
    guard down.isLimited, down.available(at: reactor.now) == 0 else { return true }
    resumeSoon()
    return false
  }

  func noteReceived(_ bytes: Int) { down.spend(bytes) }

  /// Notes bytes received. Returns whether reading may go on; otherwise the caller pauses and is
  /// resumed.
  func mayReadOn(after bytes: Int) -> Bool {
    noteReceived(bytes)
    return mayRead
  }

  private func resumeSoon() {
    guard timer == nil else { return }
    timer = reactor.schedule(after: Self.interval) { [weak self] in
      guard let self else { return }
      self.timer = nil
      let mayRead = self.down.available(at: self.reactor.now) > 0
      let maySend = self.up.available(at: self.reactor.now) > 0
      if mayRead && maySend { self.resume() } else { self.resumeSoon() }
    }
  }
}
