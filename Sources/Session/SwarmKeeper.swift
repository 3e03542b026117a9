public import DeterministicCore
import Glibc
public import Networking
public import Storage

/// Keeps a tracker's swarms from one run to the next: takes those of the last run back, and then writes
/// them to their file every so often, so that a power cut or a kill costs what happened since the last
/// time and no more. Both are done on a thread of their own.
///
/// The invariant: one thread is at it at most, so nothing is written before all has been taken back, and
/// a disk that is slower than the interval is waited for, not queued up.
public final class SwarmKeeper {
  public enum Report: Sendable {
    /// Peers of the last run.
    case restored(Int)
    case unusable(SwarmsFile.Generation, reason: String)
    case saved
    case failed(StorageError)
  }

  private let server: TrackerServer
  private let file: SwarmsFile
  private let interval: TimeSpan
  private let reactor: Reactor
  private let results: Mailbox<[Report]>
  private let progress: Progress
  private var timer: SlabID?

  /// So long nobody is served for what an earlier run knew: it is there before the first announce on
  /// all but the largest trackers.
  public static let patience = TimeSpan.milliseconds(500)

  /// What the mailbox's closure and the keeper share.
  private final class Progress {
    var thread: WorkerThread?
  }

  /// Begins with what the last run left behind; the torrents are to be registered before.
  ///
  /// - Parameters:
  ///   - interval: from one write to the next.
  ///   - patience: how long to wait for the swarms of the last run.
  ///   - report: called at once with what became of the swarms of the last run, or on the loop where
  ///     that takes long; and on the loop after each write.
  public init(
    _ server: TrackerServer, in file: SwarmsFile, every interval: TimeSpan,
    patience: TimeSpan = patience, on reactor: Reactor, report: @escaping (Report) -> Void
  ) throws(NetworkError) {
    self.server = server
    self.file = file
    self.interval = interval
    self.reactor = reactor
    let progress = Progress()
    self.progress = progress
    results = try reactor.makeMailbox { outcomes in
      progress.thread?.join()
      progress.thread = nil
      for reports in outcomes { reports.forEach(report) }
    }
    takeBack(waiting: patience).forEach(report)
    schedule()
  }

  // MARK: Taking back

  private enum Restoration {
    case underWay
    /// The one who began it waits no longer.
    case late
    case done([Report])
  }

  /// Returns what there is to tell of it, unless that takes long.
  private func takeBack(waiting patience: TimeSpan) -> [Report] {
    let state = Monitor(Restoration.underWay)
    let thread = WorkerThread(name: "shoal-restore") {
      [restore = server.restoration, file, results] in
      let reports = Self.restore(from: file, by: restore)
      let isLate = state.withLock { state in
        if case .late = state { return true }
        state = .done(reports)
        return false
      }
      if isLate { results.send(reports) } else { state.signal() }
    }
    guard let thread else { return Self.restore(from: file, by: server.restoration) }
    state.wait(atMost: patience) { if case .done = $0 { true } else { false } }
    let reports = state.withLock { state -> [Report]? in
      if case .done(let reports) = state { return reports }
      state = .late
      return nil
    }
    guard let reports else {
      progress.thread = thread
      return []
    }
    thread.join()
    return reports
  }

  /// Takes the swarms as they were written last or, where that is damaged, the time before. A tracker
  /// without them still works: its peers announce again within their interval.
  private static func restore(
    from file: SwarmsFile, by restore: ([UInt8]) throws -> Int
  ) -> [Report] {
    var reports: [Report] = []
    for generation in SwarmsFile.Generation.allCases {
      do {
        guard let snapshot = try file.read(generation) else { continue }
        reports.append(.restored(try restore(snapshot)))
        return reports
      } catch {
        if generation == .latest { file.setAsideDamaged() }
        reports.append(.unusable(generation, reason: "\(error)"))
      }
    }
    return reports
  }

  // MARK: Writing

  private func schedule() {
    timer = reactor.schedule(after: interval) { [weak self] in
      self?.save()
      self?.schedule()
    }
  }

  private func save() {
    guard progress.thread == nil else { return }
    progress.thread = WorkerThread(name: "shoal-save") {
      [snapshot = server.snapshot, file, results] in
      results.send([Self.write(snapshot(), to: file)])
    }
    if progress.thread == nil {
      results.send([
        .failed(StorageError(.create, path: "a thread to write with", .system(EAGAIN)))
      ])
    }
  }

  private static func write(_ snapshot: consuming [UInt8], to file: SwarmsFile) -> Report {
    do {
      try file.write(snapshot)
      return .saved
    } catch {
      return .failed(error)
    }
  }

  /// Waits for what is under way and writes once more, for the last time.
  public func finish() throws(StorageError) {
    if let timer { reactor.cancelTimer(timer) }
    timer = nil
    progress.thread?.join()
    progress.thread = nil
    try file.write(server.snapshot())
  }
}
