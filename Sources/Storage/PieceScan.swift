import Hashing
import Synchronization
import TorrentModel

/// Hashes all pieces of a torrent from its storage: every byte is read once, on all threads at
/// once, into memory that stays in their caches.
///
/// The invariant: the threads claim runs of pieces in order, so that the disk sees one front
/// moving through the files, which is read ahead of them.
struct PieceScan: Sendable {
  let storage: any PieceStorage
  let geometry: PieceGeometry
  let plan: HashPlan
  let threads: Int
  /// Whether a piece that is not there, as a whole or in part, is passed over or ends the scan.
  let passesOverAbsence: Bool
  /// Pieces that count as done without a look at them.
  var skipped: Bitfield?
  let cancellation: Cancellation

  /// Bytes that a thread claims at a time, at the least.
  private static let claimLength: UInt64 = 1 << 20
  /// Bytes between the furthest claim and the end of what has been read ahead.
  private static let readAheadLength: UInt64 = 8 << 20

  /// - Parameters:
  ///   - progress: gets the bytes that are done, absent ones included, on the calling thread.
  ///   - found: gets the hashes of each piece, in no order, on any thread.
  /// - Throws: the first failure of the storage, or that the scan was cancelled.
  func run(
    progress: (UInt64) -> Void, found: @escaping @Sendable (PieceIndex, PieceHashes) -> Void
  ) throws(StorageError) {
    let front = Front()
    let helpers = (1..<max(threads, 1)).compactMap { number in
      WorkerThread(name: "shoal-hash-\(number)") { work(on: front, found: found) {} }
    }
    work(on: front, found: found) { progress(front.bytesDone.load(ordering: .relaxed)) }
    for helper in helpers { helper.join() }
    progress(front.bytesDone.load(ordering: .relaxed))
    if let failure = front.failure.withLock({ $0 }) { throw failure }
  }

  /// What the threads share.
  private final class Front: Sendable {
    let nextPiece = Atomic<Int>(0)
    let bytesDone = Atomic<UInt64>(0)
    let readAhead = Atomic<UInt64>(0)
    let failure = Mutex<StorageError?>(nil)
    let isOver = Atomic<Bool>(false)

    func fail(_ error: StorageError) {
      failure.withLock { if $0 == nil { $0 = error } }
      isOver.store(true, ordering: .relaxed)
    }
  }

  private func work(
    on front: Front, found: @Sendable (PieceIndex, PieceHashes) -> Void, afterClaim: () -> Void
  ) {
    var reader = PieceReader(
      storage: storage, geometry: geometry, plan: plan, cancellation: cancellation)
    let run = max(lanes, Int(Self.claimLength / UInt64(geometry.pieceLength)))
    while !front.isOver.load(ordering: .relaxed) {
      let first = front.nextPiece.wrappingAdd(run, ordering: .relaxed).oldValue
      guard first < geometry.pieceCount else { return }
      let claim = (first..<min(first + run, geometry.pieceCount)).map(PieceIndex.init)
      let wanted = claim.filter { !(skipped?[$0] ?? false) }
      if !wanted.isEmpty { readAhead(of: claim, front) }
      do throws(StorageError) {
        try hash(wanted, with: &reader, found)
      } catch {
        return front.fail(error)
      }
      let bytes = claim.reduce(0) { $0 + UInt64(geometry.length(of: $1)) }
      front.bytesDone.wrappingAdd(bytes, ordering: .relaxed)
      afterClaim()
    }
  }

  /// Pieces side by side: as many as the processor takes, as long as each thread has several such
  /// runs to do and a run is read in not too many places far apart.
  private var lanes: Int {
    let length = UInt64(SHA1Lanes.widest) * UInt64(geometry.pieceLength)
    guard plan.takesSHA1, length <= Self.longestRun else { return SHA1Lanes.width }
    return min(SHA1Lanes.widest, max(SHA1Lanes.width, geometry.pieceCount / (4 * max(threads, 1))))
  }

  /// Bytes of a run of more pieces than any machine takes side by side.
  private static let longestRun: UInt64 = 32 << 20

  /// As many pieces side by side as the lanes take. Where one of them is absent, fewer are tried at a
  /// time, so that the others are found.
  private func hash(
    _ pieces: [PieceIndex], with reader: inout PieceReader,
    _ found: (PieceIndex, PieceHashes) -> Void
  ) throws(StorageError) {
    var rest = pieces[...]
    while let first = rest.first {
      let length = plan.length(of: first, in: geometry)
      let batch = rest.prefix(lanes).prefix {
        plan.length(of: $0, in: geometry) == length
      }
      rest = rest.dropFirst(batch.count)
      do throws(StorageError) {
        try reader.hash(batch, found)
      } catch {
        guard passesOverAbsence, error.isAbsence else { throw error }
        guard batch.count > 1 else { continue }
        try hash(Array(batch.prefix(batch.count / 2)), with: &reader, found)
        try hash(Array(batch.dropFirst(batch.count / 2)), with: &reader, found)
      }
    }
  }

  /// Every byte is hinted at once, by the thread that moves the front past it.
  private func readAhead(of claim: [PieceIndex], _ front: Front) {
    guard let first = claim.first, let last = claim.last else { return }
    let start = geometry.offset(of: first)
    let end = geometry.offset(of: last) + UInt64(geometry.length(of: last))
    let target = min(end + Self.readAheadLength, geometry.extent)
    let hinted = max(front.readAhead.max(target, ordering: .relaxed).oldValue, start)
    if hinted < target { storage.readAhead(offset: hinted, length: target - hinted) }
  }
}
