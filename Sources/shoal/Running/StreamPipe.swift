import DeterministicCore
import Glibc
import Networking
import Session
import TorrentModel

/// Writes a file of a torrent to standard output, in order, as it comes.
///
/// The invariant: `pending` is what was taken of the reader and not yet written, and nothing is taken
/// while there is any, so a player that pauses costs one buffer.
final class StreamPipe: DownloadStream, ReadinessHandler {
  private let reactor: Reactor
  private let wanted: ((String) -> Bool)?
  /// The reader at the other end has gone, or the data has.
  private let broken: () -> Void
  private var reader: TorrentReader?
  private var pending: [UInt8] = []
  private var written = 0
  private var registration: SlabID?
  private(set) var isFinished = false

  private static let chunk = 256 << 10

  init(
    on reactor: Reactor, wanted: ((String) -> Bool)?, broken: @escaping () -> Void
  ) {
    self.reactor = reactor
    self.wanted = wanted
    self.broken = broken
    // A plain file takes everything at once and cannot be waited for.
    let flags = fcntl(STDOUT_FILENO, F_GETFL)
    if let id = try? reactor.register(STDOUT_FILENO, for: [], handler: self) {
      registration = id
      _ = fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK)
    }
  }

  func begin(_ runner: TorrentRunner) {
    guard reader == nil, let info = runner.info, let file = info.mainFile(wanted: wanted) else {
      return
    }
    reader = runner.reader(ofFile: file, 0..<info.layout.files[file].length)
    reader?.hasMore = { [weak self] in self?.pump() }
    pump()
  }

  func becameReady(_ readiness: Readiness) {
    guard !isFinished else { return setInterest([]) }
    if readiness.contains(.hangup), !readiness.contains(.writable) { return end(isWhole: false) }
    pump()
  }

  private func pump() {
    while !isFinished {
      if written == pending.count {
        guard let reader, !reader.isAtEnd else {
          if reader != nil { end(isWhole: true) }
          return
        }
        do {
          guard let bytes = try reader.take(atMost: Self.chunk) else { return setInterest([]) }
          pending = bytes
          written = 0
        } catch {
          return end(isWhole: false)
        }
      }
      let count = pending.withUnsafeBytes {
        write(STDOUT_FILENO, $0.baseAddress! + written, $0.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno == EAGAIN {
        return setInterest(.writable)
      } else if errno != EINTR {
        return end(isWhole: false)
      }
    }
  }

  private func setInterest(_ interest: Readiness) {
    if let registration { reactor.change(registration, to: interest) }
  }

  private func end(isWhole: Bool) {
    isFinished = true
    if let registration { reactor.deregister(registration) }
    registration = nil
    reader?.hasMore = nil
    reader?.ended()
    if !isWhole { broken() }
  }
}
