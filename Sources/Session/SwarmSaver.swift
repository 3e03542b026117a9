public import DeterministicCore
import Glibc
public import Networking
public import Storage

/// Writes a tracker's swarms to their file every so often, on a thread of its own, so that a power
/// cut or a kill costs what happened since the last time and no more.
///
/// The invariant: one write is under way at most; a disk that is slower than the interval is waited
/// for, not queued up.
public final class SwarmSaver {
  private let server: TrackerServer
  private let file: SwarmsFile
  private let interval: TimeSpan
  private let reactor: Reactor
  private let results: Mailbox<StorageError?>
  private let progress: Progress
  private var timer: SlabID?

  /// What the mailbox's closure and the saver share.
  private final class Progress {
    var thread: WorkerThread?
  }

  /// - Parameters:
  ///   - interval: from one write to the next.
  ///   - report: called on the loop after each write, with what went wrong.
  public init(
    _ server: TrackerServer, to file: SwarmsFile, every interval: TimeSpan, on reactor: Reactor,
    report: @escaping (StorageError?) -> Void
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
      for outcome in outcomes { report(outcome) }
    }
    schedule()
  }

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
      results.send(Self.write(snapshot(), to: file))
    }
    if progress.thread == nil {
      results.send(StorageError(.create, path: "a thread to write with", .system(EAGAIN)))
    }
  }

  private static func write(_ snapshot: consuming [UInt8], to file: SwarmsFile) -> StorageError? {
    do {
      try file.write(snapshot)
      return nil
    } catch {
      return error
    }
  }

  /// Waits for the write under way and writes once more, for the last time.
  public func finish() throws(StorageError) {
    if let timer { reactor.cancelTimer(timer) }
    timer = nil
    progress.thread?.join()
    progress.thread = nil
    try file.write(server.snapshot())
  }
}
