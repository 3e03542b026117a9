import Glibc
import Storage
import TorrentModel

/// Small whole files: read with a bound, written all or not at all.
enum FileContents {
  /// The contents of a `.torrent` file; `-` is standard input.
  static func read(_ path: String) throws(CommandError) -> [UInt8] {
    if path == "-" { return try readAll(STDIN_FILENO, of: "standard input") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("cannot open the file", on: path, errno) }
    defer { close(descriptor) }
    return try readAll(descriptor, of: path)
  }

  private static func readAll(_ descriptor: Int32, of path: String) throws(CommandError) -> [UInt8]
  {
    let limit = Metainfo.longestDocument
    let contents: [UInt8]?
    do {
      contents = try WholeFile.read(descriptor, atMost: limit, of: path)
    } catch {
      throw failure("cannot read the file", on: path, error)
    }
    guard let contents else {
      throw CommandError(
        .badMetainfo, "longer than the \(Format.size(UInt64(limit))) a .torrent file may have",
        on: path, remedy: "give a .torrent file, not the data")
    }
    return contents
  }

  /// The path with all links in it followed: a file is replaced where it is, not where a link is.
  static func resolve(_ path: String) throws(CommandError) -> String {
    guard let resolved = realpath(path, nil) else {
      throw failure("cannot open the file", on: path, errno)
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Puts a file with these contents at a path: see `WholeFile`.
  ///
  /// - Parameter model: a file whose readers may read this one, and nobody else: trackers' URLs
  ///   hold keys.
  static func write(
    _ contents: [UInt8], to path: String, like model: String? = nil
  ) throws(CommandError) {
    var status = stat()
    let hasModel = model.map { stat($0, &status) == 0 } ?? false
    do {
      try WholeFile.write(contents, to: path, mode: hasModel ? status.st_mode & 0o666 : 0o666)
    } catch {
      throw failure("cannot write the file", on: path, error)
    }
  }

  /// Refuses a path that `write` could not write to, before hours of work are lost.
  static func checkWritable(_ path: String) throws(CommandError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw failure("cannot write the file", on: path, EISDIR)
    }
    guard access(WholeFile.folder(of: path), W_OK) == 0 else {
      throw failure("cannot write the file", on: path, errno)
    }
  }

  private static func failure(
    _ message: String, on path: String, _ error: StorageError
  ) -> CommandError {
    guard case .system(let code) = error.cause else { return CommandError(error) }
    return failure(message, on: path, code)
  }

  /// A path that names nothing readable is the caller's mistake; anything else is the disk's.
  static func failure(_ message: String, on path: String, _ code: Int32) -> CommandError {
    let reason = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP:
      return .usage("\(message): \(reason)", on: path, remedy: "check the path")
    case EACCES, EPERM, EROFS:
      return CommandError(
        .disk, "\(message): \(reason)", on: path, remedy: "check its owner and permissions")
    case ENOSPC, EDQUOT:
      return CommandError(.disk, "\(message): \(reason)", on: path, remedy: "make room")
    default:
      return CommandError(.disk, "\(message): \(reason)", on: path, remedy: "check the disk")
    }
  }
}
