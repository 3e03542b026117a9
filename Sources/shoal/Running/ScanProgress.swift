import DeterministicCore
import Networking
import Storage

/// Shows how far the reading of data has come: hashed for new metainfo, or checked against old.
struct ScanProgress {
  private var view: ProgressView
  private var snapshot: TransferSnapshot
  private let start = Reactor.clock

  init(_ snapshot: TransferSnapshot, console: Console) {
    self.snapshot = snapshot
    view = ProgressView(console)
  }

  /// - Parameter bytes: read so far.
  mutating func update(_ bytes: UInt64) {
    let now = Reactor.clock
    let seconds = (now - start).seconds
    snapshot.bytesDone = bytes
    snapshot.downRate = UInt64(Double(bytes) / max(seconds, 0.001))
    let left = snapshot.bytesTotal - min(bytes, snapshot.bytesTotal)
    snapshot.eta = bytes > 0 ? .seconds(seconds * Double(left) / Double(bytes)) : nil
    view.update([snapshot], at: now)
  }

  /// Takes the live line away. - Returns: how long it took.
  mutating func end() -> TimeSpan {
    view.erase()
    return Reactor.clock - start
  }
}
