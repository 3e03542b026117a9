public import TorrentModel

/// Finds out which pieces of a torrent a storage holds: the recheck.
public struct Verifier: Sendable {
  private let info: TorrentInfo
  private let scan: PieceScan
  private let trusted: Bitfield

  /// - Parameters:
  ///   - trusted: pieces that are right and need not be read.
  ///   - threads: by default one for each processor.
  /// - Precondition: the storage has the torrent's layout, and `info.canVerify`.
  public init(
    _ info: TorrentInfo, in storage: any PieceStorage, trusting trusted: Bitfield? = nil,
    threads: Int? = nil, cancellation: Cancellation = Cancellation()
  ) {
    precondition(storage.layout == info.layout, "the storage of another torrent")
    self.info = info
    self.trusted = trusted ?? Bitfield(count: info.geometry.pieceCount)
    scan = PieceScan(
      storage: storage, geometry: info.geometry, plan: info.plan,
      threads: threads ?? WorkerThread.recommendedCount, passesOverAbsence: true, skipped: trusted,
      cancellation: cancellation)
  }

  /// The pieces whose hashes are right. Missing and short files cost next to nothing, and so does what
  /// was never written of a sparse file.
  ///
  /// Blocks its thread, which works along. - Parameter progress: gets the bytes that are done, on
  /// this thread. - Throws: when a file that is there cannot be read, or when cancelled.
  public func run(progress: (UInt64) -> Void = { _ in }) throws(StorageError) -> Bitfield {
    let good = Monitor(trusted)
    try scan.run(progress: progress) { piece, hashes in
      if hashes == info.hashes(of: piece) { good.withLock { _ = $0.insert(piece) } }
    }
    return good.withLock { $0 }
  }
}
