import Glibc
public import TorrentModel

extension FileStorage {
  /// The data of a torrent where a person says that it is.
  ///
  /// The path is the payload itself, whatever it is called, or the folder that holds it under the
  /// torrent's name: whichever of the two has more of the torrent's files, the latter when they are
  /// equal. A link given here is followed; those below are not.
  public static func payload(
    of layout: FileLayout, at path: String, access: Access = .readOnly,
    descriptors: DescriptorPool = DescriptorPool()
  ) throws(StorageError) -> FileStorage {
    let real = try ContentScan.resolve(path)
    var status = stat()
    guard stat(real, &status) == 0 else { throw StorageError(.open, code: errno, path: path) }
    if status.st_mode & S_IFMT == S_IFREG {
      guard layout.isSingleFile else {
        throw StorageError(
          .open, path: path, .unacceptable("the torrent is a folder, and this is a file"))
      }
      let (parent, name) = ContentScan.split(real)
      return try FileStorage(
        folder: parent, layout: layout, paths: [name], access: access, descriptors: descriptors)
    }
    let held = try FileStorage(
      folder: path, layout: layout, access: access, descriptors: descriptors)
    guard !layout.isSingleFile else { return held }
    let itself = try FileStorage(
      folder: path, layout: layout, paths: layout.files.map { $0.path.joined(separator: "/") },
      access: access, descriptors: descriptors)
    return itself.presentCount > held.presentCount ? itself : held
  }

  /// How many of the torrent's files are there, whatever is in them.
  private var presentCount: Int {
    layout.files.indices.count { folder.mark(of: paths[$0]) != nil }
  }

  /// Makes a file as long as the torrent says, as the first write to it does.
  public func settleLength(of file: Int) throws(StorageError) {
    try withDescriptor(of: file, writing: true) { _ throws(StorageError) in }
  }

  /// Bytes in a file as it is on the disk, none of a link; `nil` when it is missing.
  public func lengthOnDisk(of file: Int) throws(StorageError) -> UInt64? {
    if layout.files[file].linkTarget != nil { return folder.mark(of: paths[file]).map { _ in 0 } }
    do throws(StorageError) {
      let opened = try folder.openFile(paths[file], writing: false)
      close(opened.descriptor)
      return opened.length
    } catch {
      guard error.isMissing else { throw error }
      return nil
    }
  }
}
