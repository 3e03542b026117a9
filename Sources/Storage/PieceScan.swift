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
  let threads: Int
  /// Whether a piece that is not there, as a whole or in part, is passed over or ends the scan.
  let passesOverAbsence: Bool
  /// Pieces that count as done without a look at them.
  var skipped: Bitfield?
  let cancellation: Cancellation

  /// Bytes of a read: they fit the second-level cache of every processor of the last ten years.
  private static let chunkLength = 128 << 10
  /// Bytes that a thread claims at a time, at the least.
  private static let claimLength: UInt64 = 1 << 20
  /// Bytes between the furthest claim and the end of what has been read ahead.
  private static let readAheadLength: UInt64 = 8 << 20

  /// - Parameters:
  ///   - progress: gets the bytes that are done, absent ones included, on the calling thread.
  ///   - found: gets the hash of each piece, in no order, on any thread.
  /// - Throws: the first failure of the storage, or that the scan was cancelled.
  func run(
    progress: (UInt64) -> Void, found: @escaping @Sendable (PieceIndex, Bytes20) -> Void
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
    on front: Front, found: @Sendable (PieceIndex, Bytes20) -> Void, afterClaim: () -> Void
  ) {
    var reader = PieceReader(storage: storage, chunkLength: Self.chunkLength)
    let run = max(1, Int(Self.claimLength / UInt64(geometry.pieceLength)))
    while !front.isOver.load(ordering: .relaxed) {
      let first = front.nextPiece.wrappingAdd(run, ordering: .relaxed).oldValue
      guard first < geometry.pieceCount else { return }
      let claim = first..<min(first + run, geometry.pieceCount)
      if claim.contains(where: { !isSkipped(PieceIndex($0)) }) { readAhead(of: claim, front) }
      for number in claim {
        let piece = PieceIndex(number)
        do throws(StorageError) {
          if !isSkipped(piece), let hash = try reader.hash(piece, of: geometry, cancellation) {
            found(piece, hash)
          }
        } catch {
          guard passesOverAbsence, error.isAbsence else { return front.fail(error) }
        }
        front.bytesDone.wrappingAdd(UInt64(geometry.length(of: piece)), ordering: .relaxed)
      }
      afterClaim()
    }
  }

  private func isSkipped(_ piece: PieceIndex) -> Bool { skipped?[piece] ?? false }

  /// Every byte is hinted at once, by the thread that moves the front past it.
  private func readAhead(of claim: Range<Int>, _ front: Front) {
    let start = geometry.offset(of: PieceIndex(claim.lowerBound))
    let last = PieceIndex(claim.upperBound - 1)
    let end = geometry.offset(of: last) + UInt64(geometry.length(of: last))
    let target = min(end + Self.readAheadLength, geometry.totalLength)
    let hinted = max(front.readAhead.max(target, ordering: .relaxed).oldValue, start)
    if hinted < target { storage.readAhead(offset: hinted, length: target - hinted) }
  }
}

/// One thread's means to hash a piece from a storage: a chunk of memory and a digest.
private struct PieceReader: ~Copyable {
  private let storage: any PieceStorage
  private let hasher = PieceHasher()
  private let chunk: UnsafeMutableRawBufferPointer
  /// The hash of as many zeros, which a piece that was never written consists of.
  private var zeros: (length: UInt32, hash: Bytes20)?

  init(storage: any PieceStorage, chunkLength: Int) {
    self.storage = storage
    chunk = .allocate(byteCount: chunkLength, alignment: 4096)
  }

  deinit { chunk.deallocate() }

  /// - Returns: `nil` for a piece that is known to be absent without reading it.
  mutating func hash(
    _ piece: PieceIndex, of geometry: PieceGeometry, _ cancellation: Cancellation
  ) throws(StorageError) -> Bytes20? {
    // Here, too: a tree of holes is never read.
    guard !cancellation.isCancelled else {
      throw StorageError(.read, path: storage.layout.name, .cancelled)
    }
    let offset = geometry.offset(of: piece)
    let length = geometry.length(of: piece)
    switch try presence(offset: offset, length: UInt64(length)) {
    case .absent: throw StorageError(.read, path: storage.layout.name, .truncated)
    case .hole: return hashOfZeros(length)
    case .data: break
    }
    var done = 0
    while done < length {
      guard !cancellation.isCancelled else {
        throw StorageError(.read, path: storage.layout.name, .cancelled)
      }
      let part = UnsafeMutableRawBufferPointer(
        rebasing: chunk[..<min(chunk.count, Int(length) - done)])
      try storage.read(into: part, at: offset + UInt64(done))
      hasher.update(UnsafeRawBufferPointer(part))
      done += part.count
    }
    return hasher.finish()
  }

  /// Asked only where a piece lies inside one file: a piece over many small files is read sooner
  /// than each of them is asked about.
  private func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence {
    var isInsideOneFile = false
    storage.layout.forEachSegment(offset: offset, length: length) { segment in
      isInsideOneFile = segment.length == length
      return false
    }
    return isInsideOneFile ? try storage.presence(offset: offset, length: length) : .data
  }

  private mutating func hashOfZeros(_ length: UInt32) -> Bytes20 {
    if let zeros, zeros.length == length { return zeros.hash }
    chunk.initializeMemory(as: UInt8.self, repeating: 0)
    var done = 0
    while done < length {
      let part = min(chunk.count, Int(length) - done)
      hasher.update(UnsafeRawBufferPointer(rebasing: chunk[..<part]))
      done += part
    }
    let hash = hasher.finish()
    zeros = (length, hash)
    return hash
  }
}
