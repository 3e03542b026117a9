import Glibc

// Trackers that share accounts tell there how far they have followed, as one alone does in its lock
// file: whoever changes something waits until it is in force everywhere.
extension AccountStore {
  /// Says that a tracker runs and has followed so far. To be said again within three seconds; in a
  /// data folder the lock file says it.
  ///
  /// - Parameter run: random, of the tracker's run.
  public func tellFollowed(_ revision: Int64, as run: UInt64) throws(AccountsError) {
    try (database as? PostgresDatabase)?.tellFollowed("\(run)", revision)
  }

  /// The tracker ends.
  public func forgetFollower(_ run: UInt64) throws(AccountsError) {
    try (database as? PostgresDatabase)?.forgetFollower("\(run)")
  }

  private static let patience = 250
  private static let pause: UInt32 = 20_000

  /// Waits until a change is in force wherever a tracker runs, for five seconds at most.
  ///
  /// - Parameter folder: the data folder of the tracker that these are the accounts of, where they are
  ///   in one.
  public func wait(for revision: Int64, in folder: String) -> TrackerLock.Reach {
    guard let server = database as? PostgresDatabase else {
      return TrackerLock.wait(for: revision, in: folder)
    }
    for _ in 0..<Self.patience {
      guard let followed = try? server.leastFollowed() else { return .noTracker }
      if followed >= revision { return .inForce }
      usleep(Self.pause)
    }
    return .unanswered
  }
}
