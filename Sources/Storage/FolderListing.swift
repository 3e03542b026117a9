import Glibc
import Synchronization
import TorrentModel

/// Something that a scan met in a folder.
struct ScannedItem: Sendable {
  /// Below the torrent's root.
  let path: [String]
  /// Beneath the scan's folder; empty for that itself.
  var place: String
  var status: stat
  /// Where it is open to be read, if it is.
  var slot: OpenFiles.Slot?
  /// The folders that it lies in, where links are followed: one of them would have no end.
  var ancestors: [FileIdentity] = []

  var kind: mode_t { status.st_mode & S_IFMT }
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
    var entries = try entries(in: stream, of: parent)
    // By bytes: the order of Swift's own strings depends on its version of Unicode.
    entries.sort { left, right in right.name.utf8.lexicographicallyPrecedes(left.name.utf8) }
    let ancestors =
      rules.links == .follow ? parent.ancestors + [FileIdentity(parent.status)] : []
    let listed = ParallelMap.map(entries, runLength: Self.runLength, threads: threads) { entry in
      look(at: entry, in: descriptor, of: parent, ancestors: ancestors)
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

  /// A name in a folder.
  private struct Entry: Sendable {
    let name: String
    /// Whether the folder itself says that it is a regular file; not all file systems do.
    let isFile: Bool
  }

  private func entries(
    in stream: OpaquePointer, of parent: ScannedItem
  ) throws(StorageError) -> [Entry] {
    var entries: [Entry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw StorageError(.scan, code: errno, path: fullPath(parent)) }
        return entries
      }
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
        .assumingMemoryBound(to: CChar.self)
      guard let text = String(validatingCString: name) else {
        if passesOverTrouble { continue }
        throw StorageError(
          .share, path: fullPath(parent) + "/" + String(cString: name), .nameNotText)
      }
      if text != ".", text != ".." {
        entries.append(Entry(name: text, isFile: entry.pointee.d_type == UInt8(DT_REG)))
      }
    }
  }

  private func look(
    at entry: Entry, in descriptor: Int32, of parent: ScannedItem, ancestors: [FileIdentity]
  ) -> Result<ScannedItem, StorageError> {
    let name = entry.name
    let place = parent.place.isEmpty ? name : parent.place + "/" + name
    let path = parent.path + [name]
    if entry.isFile, let openFiles, rules.reasonToSkip(path) == nil,
      let opened = openFiles.open(name, in: descriptor, longest: PieceReader.longestWholeRead)
    {
      return .success(
        ScannedItem(
          path: path, place: place, status: opened.status, slot: opened.slot, ancestors: ancestors))
    }
    var status = stat()
    guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      return .failure(StorageError(.scan, code: errno, path: folder.fullPath(place)))
    }
    return .success(
      ScannedItem(path: path, place: place, status: status, ancestors: ancestors))
  }

  func fullPath(_ item: ScannedItem) -> String {
    item.place.isEmpty ? folder.path : folder.fullPath(item.place)
  }

  /// `d_name` is an array in C and a tuple of 256 here; its address will do.
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
}
