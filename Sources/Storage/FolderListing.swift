import Glibc
import Synchronization
import TorrentModel

/// Something that a scan met in a folder.
struct ScannedItem: Sendable {
  /// Below the torrent's root.
  let path: [String]
  /// Beneath the scan's folder; empty for that itself.
  var place: String
  var status: FileStatus
  /// Where it is open to be read, if it is.
  var slot: OpenFiles.Slot?
  /// The folder that it stands in, if it is to be opened from there.
  var parent: OpenFiles.FolderSlot?
  /// The folders that it lies in, where links are followed: one of them would have no end.
  var ancestors: [FileIdentity] = []

  var kind: mode_t { status.kind }
}

/// Lists the folders of a scan: names, and what the file system says of each.
///
/// Most of a scan is waiting for the kernel, one answer for each file, so that all processors ask at
/// once: for the files of one large folder, or for folders beside each other.
struct FolderListing: Sendable {
  let folder: Folder
  let rules: ContentRules
  /// Whether what cannot be listed or named is passed over.
  let passesOverTrouble: Bool
  /// Keeps what is opened; nil where nothing is to be read.
  var openFiles: OpenFiles?

  typealias Listed = Result<[ScannedItem], StorageError>

  /// Files a thread asks about at a time.
  private static let runLength = 1024
  /// Folders a thread lists at a time.
  private static let folderRunLength = 2

  /// What a folder holds, last name first.
  func list(_ parent: ScannedItem) throws(StorageError) -> [ScannedItem] {
    try list(parent, threads: WorkerThread.recommendedCount)
  }

  /// What folders beside each other hold, in the same order; nil for those that were left for later
  /// because the others hold more than a torrent takes.
  func list(_ parents: [ScannedItem]) -> [Listed?] {
    let budget = Budget()
    return ParallelMap.map(parents, runLength: Self.folderRunLength) { parent in
      guard budget.count.load(ordering: .relaxed) < ContentScan.mostFiles else { return nil }
      do throws(StorageError) {
        let items = try list(parent, threads: 1)
        budget.count.wrappingAdd(items.count, ordering: .relaxed)
        return .success(items)
      } catch {
        return .failure(error)
      }
    }
  }

  /// What has been listed so far.
  private final class Budget: Sendable {
    let count = Atomic<Int>(0)
  }

  private func list(
    _ parent: ScannedItem, threads: Int
  ) throws(StorageError) -> [ScannedItem] {
    let descriptor = try folder.openFolder(parent.place.isEmpty ? "." : parent.place)
    guard let stream = fdopendir(descriptor) else {
      let error = StorageError(.scan, code: errno, path: fullPath(parent))
      close(descriptor)
      throw error
    }
    defer { closedir(stream) }
    let entries = try FolderEntries(
      stream, path: fullPath(parent), passesOverTrouble: passesOverTrouble)
    let ancestors = rules.links == .follow ? parent.ancestors + [parent.status.identity] : []
    let kept = keep(descriptor, for: entries)
    let listed = ParallelMap.map(
      entries.entries, runLength: Self.runLength, threads: threads
    ) { entry in
      look(at: entry, of: entries, in: descriptor, kept, of: parent, ancestors: ancestors)
    }
    var items: [ScannedItem] = []
    items.reserveCapacity(listed.count)
    for result in listed {
      do throws(StorageError) {
        items.append(try result.get())
      } catch {
        guard passesOverTrouble else { throw error }
      }
    }
    return items
  }

  /// Keeps a folder open if there are files in it that will be opened later.
  private func keep(_ descriptor: Int32, for entries: FolderEntries) -> OpenFiles.FolderSlot? {
    guard let openFiles, !openFiles.hasRoom, entries.entries.contains(where: \.isFile) else {
      return nil
    }
    return openFiles.keep(folder: descriptor)
  }

  /// - Parameter kept: the folder, if it is kept open.
  private func look(
    at entry: FolderEntries.Entry, of entries: FolderEntries, in descriptor: Int32,
    _ kept: OpenFiles.FolderSlot?, of parent: ScannedItem, ancestors: [FileIdentity]
  ) -> Result<ScannedItem, StorageError> {
    let place = entries.path(of: entry, below: parent.place)
    let path = parent.path + CollectionOfOne(entries.name(of: entry))
    if entry.isFile, let openFiles, rules.reasonToSkip(path) == nil,
      let opened = entries.withName(
        of: entry,
        { openFiles.open($0, in: descriptor, longest: PieceReader.longestWholeRead) })
    {
      return .success(
        ScannedItem(
          path: path, place: place, status: FileStatus(opened.status), slot: opened.slot,
          parent: opened.slot == nil ? kept : nil, ancestors: ancestors))
    }
    var status = stat()
    let found = entries.withName(of: entry) {
      fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW)
    }
    guard found == 0 else {
      return .failure(StorageError(.scan, code: errno, path: folder.fullPath(place)))
    }
    return .success(
      ScannedItem(
        path: path, place: place, status: FileStatus(status), parent: kept, ancestors: ancestors))
  }

  func fullPath(_ item: ScannedItem) -> String {
    item.place.isEmpty ? folder.path : folder.fullPath(item.place)
  }
}
