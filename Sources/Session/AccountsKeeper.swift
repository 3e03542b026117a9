public import Accounts
public import DeterministicCore
import Glibc
public import Networking
import Storage
import Synchronization
import TrackerLogic

/// Follows the accounts of a private tracker and writes to them, on a thread of its own: what others
/// change there is in force within the twentieth of a second, and announces are credited in batches,
/// one transaction a second.
///
/// The invariant: this thread is the only one of the tracker that writes to the accounts, and a batch
/// that could not be written stays and is tried again, whole.
public final class AccountsKeeper {
  /// Whom the accounts let in.
  public let membership: Membership
  private let place: AccountsPlace
  private let patience: Int64
  private let lock: TrackerLock
  private let progress: FollowedRevision
  private let stopping = StopFlag()
  private let results: Mailbox<AccountsError?>
  private var thread: WorkerThread?

  /// Read by the thread, set by `finish`.
  private final class StopFlag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  /// How often the accounts are asked whether they changed, in microseconds.
  private static let lookInterval: UInt32 = 50_000
  /// Looks from one batch to the next, and from one tidying to the next.
  private static let looksPerBatch = 20
  private static let looksPerTidying = 20 * 60

  /// - Parameters:
  ///   - place: where the accounts are.
  ///   - folder: the tracker's data folder, which it has to itself wherever the accounts are.
  ///   - lifetime: after which a silent peer is gone.
  ///   - report: called on the loop when writing fails, and with `nil` when it succeeds again.
  public init(
    at place: AccountsPlace, in folder: String, lifetime: TimeSpan, on reactor: Reactor,
    report: @escaping (AccountsError?) -> Void
  ) throws(AccountsError) {
    self.place = place
    patience = Int64(lifetime.seconds)
    let accounts = try AccountStore(at: place)
    _ = mkdir(folder, 0o777)
    lock = try TrackerLock(in: folder)
    membership = Membership(accounts.authority, lifetime: lifetime)
    let revision = try Self.follow(accounts, since: 0, into: membership)
    lock.tell(revision)
    progress = FollowedRevision(revision)
    let run = UInt64.random(in: .min ... .max)
    try accounts.tellFollowed(revision, as: run)
    do {
      results = try reactor.makeMailbox { outcomes in
        for outcome in outcomes { report(outcome) }
      }
    } catch {
      throw AccountsError(.system(error.code), on: error.operation)
    }
    thread = WorkerThread(name: "shoal-accounts") {
      [membership, lock, progress, stopping, results, patience] in
      let worker = Worker(
        membership: membership, lock: lock, progress: progress, results: results,
        patience: patience, revision: revision, run: run)
      worker.work(at: place) { stopping.isSet.load(ordering: .relaxed) }
    }
    if thread == nil {
      throw AccountsError(.system(EAGAIN), on: "a thread for the accounts")
    }
  }

  /// How far the tracker has followed, for whoever changes the accounts in this process.
  public var followed: FollowedRevision { progress }

  /// Where members reach the tracker, for whoever makes their `.torrent` files.
  public func setAnnounceBases(_ bases: [String]) throws(AccountsError) {
    try AccountStore(at: place).setAnnounceBases(bases)
  }

  /// Writes what waits and ends the thread. To be called once, when nothing is answered any more.
  public func finish() {
    stopping.isSet.store(true, ordering: .relaxed)
    thread?.join()
    thread = nil
  }

  /// - Returns: the revision that the membership stands at now.
  private static func follow(
    _ accounts: AccountStore, since revision: Int64, into membership: Membership
  ) throws(AccountsError) -> Int64 {
    let changes = try accounts.changes(since: revision)
    for standing in changes.members { membership.set(standing) }
    for listing in changes.torrents { membership.set(listing) }
    return changes.revision
  }

  /// The thread's own.
  private final class Worker {
    let membership: Membership
    let lock: TrackerLock
    let progress: FollowedRevision
    let results: Mailbox<AccountsError?>
    let patience: Int64
    var revision: Int64
    var dataVersion: Int64 = -1
    /// Not settled yet.
    var reports: [CreditReport] = []
    let run: UInt64
    var batch: CreditBatch
    var hasFailed = false

    init(
      membership: Membership, lock: TrackerLock, progress: FollowedRevision,
      results: Mailbox<AccountsError?>, patience: Int64, revision: Int64, run: UInt64
    ) {
      self.membership = membership
      self.lock = lock
      self.progress = progress
      self.results = results
      self.patience = patience
      self.revision = revision
      self.run = run
      batch = CreditBatch(run: run)
    }

    func work(at place: AccountsPlace, until isStopping: () -> Bool) {
      var accounts: AccountStore?
      var looks = 0
      while true {
        let isLast = isStopping()
        looks += 1
        attempt { () throws(AccountsError) in
          let open: AccountStore
          if let accounts { open = accounts } else { open = try AccountStore(at: place) }
          accounts = open
          let isBatchDue = isLast || looks % AccountsKeeper.looksPerBatch == 0
          try look(at: open, isTold: isBatchDue)
          if isBatchDue { try write(to: open) }
          if looks % AccountsKeeper.looksPerTidying == 0 {
            try open.tidy(at: Int64(time(nil)), patience: patience)
          }
        }
        if isLast {
          try? accounts?.forgetFollower(run)
          return
        }
        usleep(AccountsKeeper.lookInterval)
      }
    }

    /// - Parameter isTold: whether to say how far this tracker has come even where nothing changed.
    private func look(at accounts: AccountStore, isTold: Bool) throws(AccountsError) {
      let version = try accounts.dataVersion()
      if version != dataVersion {
        revision = try AccountsKeeper.follow(accounts, since: revision, into: membership)
        lock.tell(revision)
        progress.tell(revision)
      }
      if version != dataVersion || isTold { try accounts.tellFollowed(revision, as: run) }
      dataVersion = version
    }

    private func write(to accounts: AccountStore) throws(AccountsError) {
      // One that failed is tried again as it was.
      if reports.isEmpty { reports = membership.takeReports() }
      guard !reports.isEmpty else { return }
      try accounts.settle(reports, as: batch, patience: patience, policy: CheatPolicy())
      reports = []
      batch = batch.next
      if hasFailed { results.send(nil) }
      hasFailed = false
    }

    /// A disk that is full may have room again: the batch waits for it.
    private func attempt(_ body: () throws(AccountsError) -> Void) {
      do {
        try body()
      } catch {
        if !hasFailed { results.send(error) }
        hasFailed = true
      }
    }
  }
}

/// Up to which revision of the accounts a tracker has followed.
public final class FollowedRevision: Sendable {
  private let revision: Atomic<Int64>

  init(_ revision: Int64) { self.revision = Atomic(revision) }

  func tell(_ revision: Int64) { self.revision.store(revision, ordering: .relaxed) }

  /// Waits until a change is in force, for a second at most.
  public func wait(for wanted: Int64) {
    for _ in 0..<200 where revision.load(ordering: .relaxed) < wanted { usleep(5000) }
  }
}
