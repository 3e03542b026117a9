public import Hashing
import Synchronization
public import TorrentModel

/// Makes a torrent of a file or a folder: looks what is there, then hashes it in one pass.
///
/// Hidden files are shared like others; links, devices, pipes and sockets are not, and are listed
/// in `skipped`. The same tree gives the same layout on every machine.
public struct MetainfoCreator: Sendable {
  public let layout: FileLayout
  public let geometry: PieceGeometry
  /// What stays behind.
  public let skipped: [SkippedItem]
  private let folder: Folder
  private let paths: [String]
  private let marks: [FileMark]

  /// Looks what a path holds. Reads names and lengths, no content.
  ///
  /// - Parameters:
  ///   - path: a link given here is followed; those below are not.
  ///   - name: the torrent's name; by default the last component of the path.
  ///   - pieceLength: by default `PieceGeometry.recommendedPieceLength`.
  public init(
    path: String, name: String? = nil, pieceLength: UInt64? = nil
  ) throws(StorageError) {
    let scan = try ContentScan(path: path)
    let name = name ?? scan.name
    do throws(MetainfoError) {
      layout = try FileLayout(
        name: name, isSingleFile: scan.isSingleFile,
        files: scan.files.map { ((scan.isSingleFile ? [name] : $0.path), $0.mark.length) })
    } catch {
      throw StorageError(.share, path: path, .unacceptable(error.description))
    }
    let total = layout.totalLength
    guard total > 0 else { throw StorageError(.share, path: path, .nothingToShare) }
    guard
      let geometry = PieceGeometry(
        totalLength: total,
        pieceLength: pieceLength ?? PieceGeometry.recommendedPieceLength(for: total))
    else {
      throw StorageError(
        .share, path: path, .unacceptable("its size and the piece length do not go together"))
    }
    self.geometry = geometry
    skipped = scan.skipped
    folder = scan.folder
    paths = scan.files.map { $0.path.joined(separator: "/") }
    marks = scan.files.map(\.mark)
  }

  /// What is on the disk, to be served from where it is.
  public func storage(
    descriptors: DescriptorPool = DescriptorPool()
  ) throws(StorageError) -> FileStorage {
    try FileStorage(
      folder: folder.path, layout: layout, paths: paths, access: .readOnly,
      descriptors: descriptors)
  }

  /// A builder that lacks only what a person decides: trackers, comments and the like.
  public var builder: MetainfoBuilder {
    MetainfoBuilder(layout: layout, pieceLength: UInt64(geometry.pieceLength))
  }

  /// Hashes all pieces. Blocks its thread, which works along.
  ///
  /// - Parameters:
  ///   - threads: by default one for each processor.
  ///   - progress: gets the bytes that are done, on this thread.
  /// - Throws: also when a file is not the one it was when it was looked at: its pieces would be
  ///   of no version that ever existed.
  public func hash(
    threads: Int? = nil, cancellation: Cancellation = Cancellation(),
    progress: (UInt64) -> Void = { _ in }
  ) throws(StorageError) -> [Bytes20] {
    let scan = PieceScan(
      storage: try storage(), geometry: geometry, threads: threads ?? WorkerThread.recommendedCount,
      passesOverAbsence: false, cancellation: cancellation)
    let hashes = Collected([Bytes20](repeating: .zero, count: geometry.pieceCount))
    do throws(StorageError) {
      try scan.run(progress: progress) { piece, hash in
        hashes.value.withLock { $0[piece.index] = hash }
      }
    } catch {
      if error.isAbsence { try refuseChanges() }
      throw error
    }
    try refuseChanges()
    return hashes.value.withLock { $0 }
  }

  private func refuseChanges() throws(StorageError) {
    for (path, mark) in zip(paths, marks) where folder.mark(of: path) != mark {
      throw StorageError(.share, path: folder.fullPath(path), .changed)
    }
  }
}
