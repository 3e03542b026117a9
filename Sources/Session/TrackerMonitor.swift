public import TorrentModel
import TrackerWire

/// A look at a tracker that runs, from any thread.
public struct TrackerMonitor: Sendable {
  private let tracker: SharedTracker

  init(_ tracker: SharedTracker) { self.tracker = tracker }

  public var swarms: Int { tracker.torrentCount }
  public var peers: Int { tracker.peerCount }
  public var answered: TrackerCounts { tracker.answered }
  /// Announces that wait to be credited.
  public var waitingReports: Int { tracker.membership?.waitingCount ?? 0 }

  /// The counts of a torrent.
  public func counts(of infoHash: InfoHash) -> (seeders: Int, leechers: Int) {
    let counts = tracker.statistics(of: infoHash)
    return (counts?.complete ?? 0, counts?.incomplete ?? 0)
  }
}
