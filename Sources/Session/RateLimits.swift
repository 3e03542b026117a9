import DeterministicCore
import Networking

/// Limits on payload sent and bytes received, of one torrent or of all of a session together.
///
/// Nobody takes more than there is: a transport is told how much it may read or send, and pauses
/// when that is nothing. Every twentieth of a second those that pause are let on, and those for whom
/// there is still nothing pause again. Without limits it costs a comparison.
final class RateLimits {
  private let reactor: Reactor
  private var up: TokenBucket
  private var down: TokenBucket
  private var timer: SlabID?
  /// Lets all paused transports go on.
  private let resume: () -> Void

  private static let interval = TimeSpan.milliseconds(50)

  /// - Parameters:
  ///   - up: bytes a second; nil for no limit.
  ///   - down: the same.
  init(up: UInt64?, down: UInt64?, on reactor: Reactor, resume: @escaping () -> Void) {
    self.reactor = reactor
    self.up = TokenBucket(rate: up, at: reactor.now)
    self.down = TokenBucket(rate: down, at: reactor.now)
    self.resume = resume
  }

  /// Others from now on. Whoever paused for the old ones goes on.
  func set(up: UInt64?, down: UInt64?) {
    self.up = TokenBucket(rate: up, at: reactor.now)
    self.down = TokenBucket(rate: down, at: reactor.now)
    resume()
  }

  func stop() {
    if let timer { reactor.cancelTimer(timer) }
    timer = nil
  }

  /// Payload bytes that may be sent now. With none, the caller pauses and is resumed.
  func uploadAllowance() -> Int {
    let allowance = up.available(at: reactor.now)
    if allowance == 0 { resumeSoon() }
    return allowance
  }

  func noteSent(_ bytes: Int) { up.spend(bytes) }

  /// Bytes that may be received now. With none, the caller pauses and is resumed.
  func downloadAllowance() -> Int {
    let allowance = down.available(at: reactor.now)
    if allowance == 0 { resumeSoon() }
    return allowance
  }

  func noteReceived(_ bytes: Int) { down.spend(bytes) }

  private func resumeSoon() {
    guard timer == nil else { return }
    timer = reactor.schedule(after: Self.interval) { [weak self] in
      guard let self else { return }
      self.timer = nil
      // Whoever finds nothing, this way or that, comes back here.
      self.resume()
    }
  }
}

extension TorrentSession {
  /// Limits all torrents together otherwise from now on.
  ///
  /// - Parameters:
  ///   - up: bytes a second; nil for no limit.
  ///   - down: the same.
  public func setLimits(up: UInt64?, down: UInt64?) { limits.set(up: up, down: down) }
}
