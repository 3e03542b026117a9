public import TorrentModel

/// Takes the pieces of a torrent that files of this machine hold already, as an earlier version of
/// the same folder does, over into the download (the idea of BEP 38, without its hints).
///
/// The invariant: nothing but the download's own files is ever written to, and a piece is counted
/// only if its hash was right in bytes that did not change until they were copied, or is right in
/// the copy.
public struct LocalReuse {
  private let info: TorrentInfo
  private let target: FileStorage
  /// Pieces that nobody asks for.
  private let unwanted: Bitfield
  private let cancellation: Cancellation

  /// What a folder gave.
  public struct Outcome: Sendable {
    public var found: Bitfield
    /// Why its files could not be read to their end, if so. What was found before counts.
    public var trouble: StorageError?
  }

  /// - Parameter wanted: nil for all pieces.
  /// - Precondition: `info.canVerify`, and the target has the torrent's layout.
  public init(
    _ info: TorrentInfo, into target: FileStorage, wanted: Bitfield? = nil,
    cancellation: Cancellation = Cancellation()
  ) {
    precondition(target.layout == info.layout, "the storage of another torrent")
    self.info = info
    self.target = target
    unwanted = wanted?.complement ?? Bitfield(count: info.geometry.pieceCount)
    self.cancellation = cancellation
  }

  /// Looks through a folder and copies what is missing. Blocks its thread, which works along.
  ///
  /// - Parameters:
  ///   - have: the pieces that the download has.
  ///   - progress: gets the bytes that are looked at, once for each way in which files may match.
  /// - Throws: what the download's own files refuse.
  public func run(
    from folder: String, missingFrom have: Bitfield, progress: (UInt64) -> Void = { _ in }
  ) throws(StorageError) -> Outcome {
    var outcome = Outcome(found: Bitfield(count: have.count))
    var passed = have
    passed.formUnion(unwanted)
    guard !passed.isFull else { return outcome }
    var candidates: ReuseCandidates
    do throws(StorageError) {
      candidates = try ReuseCandidates(in: folder, of: info, target: target)
    } catch {
      outcome.trouble = error
      return outcome
    }
    for way in ReuseCandidates.Way.all(for: info) where !passed.isFull && !cancellation.isCancelled
    {
      do throws(StorageError) {
        let files = try candidates.files(by: way, missingFrom: passed, cancellation: cancellation)
        guard files.contains(where: { $0 != nil }) else { continue }
        let found = try take(files, in: candidates.folder, passing: passed, progress: progress)
        passed.formUnion(found)
        outcome.found.formUnion(found)
      } catch {
        guard error.isOfSource else { throw error }
        outcome.trouble = error
      }
    }
    return outcome
  }

  /// Copies the pieces that are right in files put in the places of the torrent's.
  ///
  /// - Parameters:
  ///   - files: for each of the torrent's files the path of one beneath `folder`.
  ///   - passed: pieces that are not looked for.
  private func take(
    _ files: [String?], in folder: Folder, passing passed: Bitfield, progress: (UInt64) -> Void
  ) throws(StorageError) -> Bitfield {
    let source = FileStorage(
      folder, layout: info.layout, paths: files.map { $0 ?? "" }, access: .readOnly,
      descriptors: DescriptorPool())
    var skipped = passed
    for (number, file) in info.layout.files.enumerated() where files[number] == nil {
      for piece in info.geometry.pieces(offset: file.offset, length: file.length) {
        skipped.insert(PieceIndex(piece))
      }
    }
    guard !skipped.isFull else { return Bitfield(count: passed.count) }
    let marks = source.marks()
    var found = try Verifier(info, in: source, trusting: skipped, cancellation: cancellation)
      .run(progress: progress)
    found.subtract(skipped)
    var trouble: StorageError?
    do throws(StorageError) {
      try copy(found, from: source)
    } catch {
      guard error.isOfSource else { throw error }
      trouble = error
    }
    // What changed meanwhile, as a file that was copied over does, is what it is in the copy only.
    guard trouble != nil || cancellation.isCancelled || source.marks() != marks else {
      return found
    }
    let others = found.complement
    found = try Verifier(info, in: target, trusting: others, cancellation: cancellation).run()
    found.subtract(others)
    return found
  }

  /// Neighbouring pieces in one go, so that whole files can be shared by the file system.
  private func copy(_ pieces: Bitfield, from source: FileStorage) throws(StorageError) {
    var run: Range<UInt64> = 0..<0
    for piece in pieces.pieces {
      let start = info.geometry.offset(of: piece)
      let end = start + UInt64(info.geometry.length(of: piece))
      // Between two pieces of one run there may be padding.
      if start == run.upperBound || start - run.upperBound < UInt64(info.geometry.pieceLength),
        !run.isEmpty
      {
        run = run.lowerBound..<end
        continue
      }
      try copy(run, from: source)
      run = start..<end
    }
    try copy(run, from: source)
  }

  private func copy(_ range: Range<UInt64>, from source: FileStorage) throws(StorageError) {
    guard !range.isEmpty else { return }
    try target.copy(
      offset: range.lowerBound, length: range.upperBound - range.lowerBound, from: source,
      cancellation: cancellation)
  }
}

extension StorageError {
  /// Reading refused: whatever is read here is not the download's, but what is copied from.
  fileprivate var isOfSource: Bool {
    cause != .cancelled && (operation == .open || operation == .read || operation == .scan)
  }
}
