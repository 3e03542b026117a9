public import TorrentModel

/// Makes a torrent of a file or a folder: looks what is there, then hashes it in one pass.
///
/// What the rules leave out, and devices, pipes and sockets in any case, are listed in `skipped`.
/// The same tree gives the same layout on every machine.
public struct MetainfoCreator: Sendable {
  public let layout: FileLayout
  public let geometry: PieceGeometry
  public let version: TorrentVersion
  private let plan: HashPlan
  /// What stays behind.
  public let skipped: [SkippedItem]
  private let folder: Folder
  private let paths: [String]
  private let expected: FileStorage.Expectation

  /// Looks what a path holds. Reads names and lengths, no content.
  ///
  /// - Parameters:
  ///   - path: a link given here is followed; those below are not.
  ///   - name: the torrent's name; by default the last component of the path.
  ///   - pieceLength: by default one that suits the content; of version 2 a power of two from 16 KiB.
  ///   - version: nil for both, where padding does not outweigh the content.
  ///   - rules: what of a folder goes into the torrent.
  public init(
    path: String, name: String? = nil, pieceLength: UInt64? = nil, version: TorrentVersion? = .v1,
    rules: ContentRules = ContentRules()
  ) throws(StorageError) {
    let openFiles = OpenFiles()
    let scan = try ContentScan(path: path, rules: rules, openFiles: openFiles)
    let total = scan.files.reduce(0) { $0 &+ $1.length }
    guard total > 0 else { throw StorageError(.share, path: path, .nothingToShare) }
    let choice = VersionChoice(
      lengths: scan.files.map(\.length), version: version, pieceLength: pieceLength)
    let (version, pieceLength) = (choice.version, choice.pieceLength)
    do throws(MetainfoError) {
      layout = try Self.layout(of: scan, name: name ?? scan.name, pieceLength, version)
    } catch {
      throw StorageError(.share, path: path, .unacceptable(error.description))
    }
    guard let geometry = PieceGeometry(layout, pieceLength: pieceLength),
      let plan = Self.plan(layout, geometry, version)
    else {
      throw StorageError(
        .share, path: path, .unacceptable("its size and the piece length do not go together"))
    }
    self.geometry = geometry
    self.version = version
    self.plan = plan
    skipped = scan.skipped
    folder = scan.folder
    paths = scan.files.map(\.place)
    expected = FileStorage.Expectation(
      files: scan.files.map { .init(mark: $0.mark, slot: $0.slot, parent: $0.parent) },
      openFiles: openFiles)
  }

  /// The layout that whoever reads the metainfo finds in it.
  private static func layout(
    of scan: ContentScan, name: String, _ pieceLength: UInt64, _ version: TorrentVersion
  ) throws(MetainfoError) -> FileLayout {
    // In version 2 a tree of one file and no folder is that file (BEP 52).
    let isSingleFile =
      scan.isSingleFile || version == .v2 && scan.files.count == 1 && scan.files[0].path.count == 1
    let listed = scan.files.map { file in
      ListedFile(
        path: scan.isSingleFile ? [name] : file.path, length: file.length,
        attributes: version.hasV2 && file.isExecutable ? .executable : [],
        linkTarget: file.linkTarget)
    }
    // A single file of version 1 is no list in which padding could stand.
    let isAligned = version == .v2 || version == .hybrid && !isSingleFile
    return try FileLayout(
      name: name, isSingleFile: isSingleFile, listed: listed,
      alignment: isAligned ? pieceLength : nil)
  }

  private static func plan(
    _ layout: FileLayout, _ geometry: PieceGeometry, _ version: TorrentVersion
  ) -> HashPlan? {
    guard version.hasV2 else { return HashPlan(takesSHA1: true, trees: nil) }
    guard let trees = TreeGeometry(layout, geometry) else { return nil }
    return HashPlan(takesSHA1: version.hasV1, trees: trees)
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
    MetainfoBuilder(
      layout: layout, pieceLength: UInt64(geometry.pieceLength), version: version)
  }

  /// Hashes all pieces, for both versions in one pass. Blocks its thread, which works along.
  ///
  /// - Parameters:
  ///   - threads: by default one for each processor.
  ///   - progress: gets the bytes that are done, on this thread.
  /// - Throws: also when a file is not the one it was when it was looked at: its pieces would be
  ///   of no version that ever existed.
  public func hash(
    threads: Int? = nil, cancellation: Cancellation = Cancellation(),
    progress: (UInt64) -> Void = { _ in }
  ) throws(StorageError) -> [PieceHashes] {
    defer { expected.openFiles.closeAll() }
    let storage = FileStorage(
      folder, layout: layout, paths: paths, access: .readOnly, expected: expected)
    let scan = PieceScan(
      storage: storage, geometry: geometry, plan: plan,
      threads: threads ?? WorkerThread.recommendedCount, passesOverAbsence: false,
      cancellation: cancellation)
    let hashes = Monitor([PieceHashes](repeating: PieceHashes(), count: geometry.pieceCount))
    do throws(StorageError) {
      try scan.run(progress: progress) { piece, hash in
        hashes.withLock { $0[piece.index] = hash }
      }
    } catch {
      if error.isAbsence { try refuseChanges(in: storage) }
      throw error
    }
    try refuseChanges(in: storage)
    return hashes.withLock { $0 }
  }

  private func refuseChanges(in storage: FileStorage) throws(StorageError) {
    guard let file = storage.firstChange() else { return }
    throw StorageError(.share, path: storage.path(of: file), .changed)
  }
}
