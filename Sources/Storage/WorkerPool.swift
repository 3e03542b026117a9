import DeterministicCore
import Glibc
import Hashing
import TorrentModel

/// Threads for what an event loop must not do itself.
///
/// There are two kinds of work, on threads of their own so that neither waits for the other: pieces,
/// which keep a processor busy, and errands, which keep it waiting (name look-ups, cold disks).
public final class WorkerPool: Sendable {
  /// Threads for errands: a resolver may hang for many seconds, and a few may hang at once.
  public static let errandThreads = 4

  private let pieces = Monitor(JobQueue<(VerifyJob, any ResultSink)>())
  private let errands = Monitor(JobQueue<@Sendable () -> Void>())
  private let threads: [WorkerThread]

  /// - Parameter pieceThreads: by default one for each processor.
  /// - Throws: when the system does not grant a thread for each kind of work.
  public init(pieceThreads: Int = WorkerPool.recommendedPieceThreads) throws(StorageError) {
    precondition(pieceThreads > 0, "somebody has to hash")
    let hashers = (0..<pieceThreads).compactMap { [pieces] number in
      WorkerThread(name: "shoal-piece-\(number)") { Self.hashPieces(from: pieces) }
    }
    let runners = (0..<Self.errandThreads).compactMap { [errands] number in
      WorkerThread(name: "shoal-run-\(number)") { Self.runErrands(from: errands) }
    }
    threads = hashers + runners
    if hashers.isEmpty || runners.isEmpty {
      shutDown()
      throw StorageError(.create, path: "worker threads", .system(EAGAIN))
    }
  }

  /// One for each processor that this process may run on.
  public static var recommendedPieceThreads: Int { WorkerThread.recommendedCount }

  /// Queues pieces, which are taken in order; their results go to `sink`, in the order in which the
  /// threads finish.
  public func submit(_ jobs: [VerifyJob], resultsTo sink: any ResultSink) {
    pieces.withLock { queue in
      for job in jobs { queue.append((job, sink)) }
    }
    if jobs.count == 1 { pieces.signal() } else { pieces.broadcast() }
  }

  public func submit(_ job: VerifyJob, resultsTo sink: any ResultSink) {
    submit([job], resultsTo: sink)
  }

  /// Queues something slow.
  public func run(_ errand: @escaping @Sendable () -> Void) {
    errands.withLock { $0.append(errand) }
    errands.signal()
  }

  /// Ends the threads when the queues are empty, and waits for them. Has to be called before the
  /// last reference goes, from a thread that is not one of them.
  public func shutDown() {
    pieces.withLock { $0.close() }
    errands.withLock { $0.close() }
    pieces.broadcast()
    errands.broadcast()
    for thread in threads { thread.join() }
  }
}

extension WorkerPool {
  /// Results are held back while more work is waiting, so that the sink is woken less often, but
  /// never longer than it takes to hash and write this many bytes: about two milliseconds.
  private static let bytesBetweenDeliveries = 1 << 20
  /// How long a piece waits for others, to be hashed at more than twice the speed beside them: what
  /// four pieces of a MiB take that come as fast as one core can receive them.
  private static let gatheringTime = TimeSpan.milliseconds(4)

  private static func hashPieces(
    from queue: Monitor<JobQueue<(VerifyJob, any ResultSink)>>
  ) {
    var hashers = Hashers()
    var results: [WorkerResult] = []
    var bytes = 0
    var current: (any ResultSink)?

    func deliver() {
      guard let sink = current else { return }
      sink.deliver(results)
      results.removeAll(keepingCapacity: true)
      bytes = 0
      current = nil
    }

    let (enough, most) = SHA1Lanes.gathering
    while true {
      var jobs = queue.withLock { $0.popBatch(most) }
      if jobs.isEmpty {
        deliver()
        guard queue.wait(for: { $0.isEmpty ? $0.isClosed ? false : nil : true }) else { return }
        queue.wait(atMost: gatheringTime) { $0.count >= enough || $0.isClosed }
        jobs = queue.withLock { $0.popBatch(most) }
      }
      // Another thread was sooner.
      if jobs.isEmpty { continue }
      var digests = hashers.sha1(of: jobs.map { $0.0 })[...]
      for (job, sink) in jobs {
        if let current, current !== sink { deliver() }
        current = sink
        results.append(finish(job, digests.removeFirst(), &hashers))
        bytes += job.buffer.bytes.count
        if bytes >= bytesBetweenDeliveries { deliver() }
      }
    }
  }

  /// What one thread hashes with.
  private struct Hashers: ~Copyable {
    var lanes = SHA1Lanes()
    var leafLanes = SHA256Lanes()

    /// The digests of pieces of one length, side by side; nil where none of them needs one.
    mutating func sha1(of jobs: [VerifyJob]) -> [Bytes20?] {
      guard jobs.first?.expected.hashes.sha1 != nil else { return jobs.map { _ in nil } }
      return lanes.finish(jobs.map { UnsafeRawBufferPointer($0.buffer.bytes) })
    }
  }

  /// Writes a piece if it is the right one, by each of the hashes that are known of it.
  private static func finish(
    _ job: VerifyJob, _ digest: Bytes20?, _ hashers: inout Hashers
  ) -> WorkerResult {
    let bytes = UnsafeRawBufferPointer(job.buffer.bytes)
    var isWrong = digest != job.expected.hashes.sha1
    var leaves: [Bytes32] = []
    if let root = job.expected.hashes.root {
      leaves = hashers.leafLanes.hashBlocks(
        of: UnsafeRawBufferPointer(rebasing: bytes[..<job.expected.length]))
      let found = MerkleTree.root(
        of: leaves, width: job.expected.width, with: &hashers.leafLanes)
      isWrong = isWrong || found != root
    }
    var outcome = WorkerResult.Outcome.mismatched
    if !isWrong {
      do throws(StorageError) {
        try job.storage.write(bytes, at: job.offset)
        outcome = .stored
      } catch {
        outcome = .failed(error)
      }
    }
    var blockDigests: [Bytes20] = []
    if isWrong || job.isSuspect {
      blockDigests =
        leaves.isEmpty ? hashers.lanes.hashBlocks(of: bytes) : leaves.map(\.truncated)
    }
    return WorkerResult(
      torrent: job.torrent, piece: job.piece, outcome: outcome, blockDigests: blockDigests,
      buffer: job.buffer)
  }

  private static func runErrands(from queue: Monitor<JobQueue<@Sendable () -> Void>>) {
    while case .job(let errand) = queue.wait(for: { $0.next() }) { errand() }
  }
}

/// Jobs that no thread has taken yet. A job that was taken leaves nothing behind: the queue must
/// not keep a buffer alive that its owner has given back.
private struct JobQueue<Job: Sendable> {
  fileprivate var waiting = Queue<Job?>()
  private(set) var isClosed = false

  mutating func append(_ job: Job) {
    precondition(!isClosed, "a job for a pool that was shut down")
    waiting.append(job)
  }

  mutating func close() { isClosed = true }

  var count: Int { waiting.count }
  var isEmpty: Bool { waiting.isEmpty }

  mutating func popFirst() -> Job? {
    guard !waiting.isEmpty else { return nil }
    let job = waiting[0]
    waiting[0] = nil
    waiting.popFirst()
    return job
  }

  /// The next job, or that there will be none; `nil` when it is time to wait.
  mutating func next() -> Next? {
    if let job = popFirst() { return .job(job) }
    return isClosed ? .end : nil
  }

  enum Next: Sendable {
    case job(Job)
    case end
  }
}

extension JobQueue<(VerifyJob, any ResultSink)> {
  /// The first pieces, as long as they are of one length and hashed alike.
  mutating func popBatch(_ most: Int) -> [Job] {
    var batch: [Job] = []
    while batch.count < most, !isEmpty, let next = waiting[0] {
      let (job, first) = (next.0, (batch.first ?? next).0)
      guard job.buffer.bytes.count == first.buffer.bytes.count,
        (job.expected.hashes.sha1 == nil) == (first.expected.hashes.sha1 == nil)
      else { break }
      batch.append(next)
      _ = popFirst()
    }
    return batch
  }
}
