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
    var names = try names(in: stream, of: parent)
    // By bytes: the order of Swift's own strings depends on its version of Unicode.
    names.sort { left, right in right.utf8.lexicographicallyPrecedes(left.utf8) }
    let ancestors =
      rules.links == .follow ? parent.ancestors + [FileIdentity(parent.status)] : []
    let listed = ParallelMap.map(names, runLength: Self.runLength, threads: threads) { name in
      look(at: name, in: descriptor, of: parent, ancestors: ancestors)
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

  private func names(
    in stream: OpaquePointer, of parent: ScannedItem
  ) throws(StorageError) -> [String] {
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw StorageError(.scan, code: errno, path: fullPath(parent)) }
        return names
      }
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
        .assumingMemoryBound(to: CChar.self)
      guard let text = String(validatingCString: name) else {
        if passesOverTrouble { continue }
        throw StorageError(
          .share, path: fullPath(parent) + "/" + String(cString: name), .nameNotText)
      }
      if text != ".", text != ".." { names.append(text) }
    }
  }

  private func look(
    at name: String, in descriptor: Int32, of parent: ScannedItem, ancestors: [FileIdentity]
  ) -> Result<ScannedItem, StorageError> {
    let place = parent.place.isEmpty ? name : parent.place + "/" + name
    var status = stat()
    guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      return .failure(StorageError(.scan, code: errno, path: folder.fullPath(place)))
    }
    return .success(
      ScannedItem(path: parent.path + [name], place: place, status: status, ancestors: ancestors))
  }

  func fullPath(_ item: ScannedItem) -> String {
    item.place.isEmpty ? folder.path : folder.fullPath(item.place)
  }

  /// `d_name` is an array in C and a tuple of 256 here; its address will do.
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
}
